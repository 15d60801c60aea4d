#!/usr/bin/env bash
# Runs every benchmark and writes RESULTS.md. It takes about ten minutes and wants a quiet machine.
# ROUNDS is how often the contenders of a call take turns, STARTS how often each program is started.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-11}
starts=${STARTS:-31}
out=bench/RESULTS.md
new=$(mktemp)
trap 'rm -f "$new"' EXIT

# bench NAME ITERATIONS COLUMN... runs the benchmarks that NAME matches and prints one Markdown row for each
# line of results, with the metrics that have the columns' names.
bench() {
	local name=$1 iterations=$2
	shift 2
	local command="go test ./bench -run '^\$' -bench '^$name\$' -benchtime ${iterations}x -timeout 60m"
	printf '\n`%s`\n\n' "$command"
	eval "$command" | awk -v wanted="$*" '
		BEGIN {
			n = split(wanted, columns, " ")
			line = "| "; rule = "| ---"
			for (i = 1; i <= n; i++) { line = line " | " columns[i]; rule = rule " | ---:" }
			print line " |"; print rule " |"
		}
		/^(FAIL|---)/ { print > "/dev/stderr"; failed = 1 }
		/^Benchmark/ {
			row = $1
			sub(/-[0-9]+$/, "", row); sub(/^Benchmark[A-Za-z]*\/?/, "", row); gsub(/\//, " ", row); if (row == "") row = "look-alike"
			split("", value)
			for (i = 3; i < NF; i += 2) value[$(i + 1)] = $i
			line = "| " row
			for (i = 1; i <= n; i++) line = line " | " short(value[columns[i]])
			print line " |"
		}
		END { exit failed }
		function short(v) { return v == "" ? "" : v >= 100 ? sprintf("%.0f", v) : sprintf("%.3g", v) }'
}

{
	cat <<-'END'
		# Measured

		Written by `bench/run.sh`; each table by the command above it. `x` is a ratio to the floor,
		[bench/floor](floor/main.go): bare mcp-go with one tool that gives the same bytes and does nothing for
		them. Trust the ratios; times are this machine's. Contenders take turns in an order drawn anew each
		round, and every figure is the median of the rounds.
	END
	printf '\n%s, %s %s, %s processors (%s), load %s before the run.\n' "$(date -u +%F)" "$(uname -sm)" \
		"$(go env GOVERSION)" "$(nproc)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" \
		"$(cut -d' ' -f1 /proc/loadavg)"
	printf '\nmcp-go %s.\n' "$(go list -m -f '{{.Version}}' github.com/mark3labs/mcp-go)"

	cat <<-'END'

		## A tool call

		`list_accounts` with limit 5 and `get_account` by id, with 1 and 16 calls outstanding. `stub` is the
		product over canned upstream answers: what our own code costs. `sandbox` is the program as `--sandbox`
		runs it. PostHog itself takes tens or hundreds of milliseconds a request, a hundred times what is
		measured here.
	END
	bench BenchmarkCall "$rounds" stub-p50-x stub-p99-x stub-cpu-x sandbox-p50-x sandbox-p99-x sandbox-cpu-x floor-p50-µs floor-p99-µs floor-cpu-µs

	cat <<-'END'

		## Start and memory

		From exec to the first answer to `tools/list` on stdio, and the resident memory by then (goals: at most
		2 times the floor, 20 MB). About two thirds of it is the program file itself, mapped and shared.
	END
	bench BenchmarkStart "$starts" start-x start-ms floor-start-ms idle-MB own-MB floor-idle-MB
	cat <<-'END'

		Resident memory after 20,000 calls of `list_accounts`, PostHog's look-alike in another process:
	END
	bench BenchmarkServed 1 served-MB
	cat <<-'END'

		Size of the stripped program (goal: 20 MB):
	END
	bench BenchmarkBinary 1 binary-MB

	cat <<-'END'

		## The list of tools

		Bytes of the whole answer to `tools/list`; tokens (o200k) of what clients show a model: name,
		description and input schema (budgets: 5,000, read-only 3,500).
	END
	bench BenchmarkToolList 1 tools bytes o200k-tokens

	cat <<-'END'

		## Each tool on the seeded portfolio

		Requests to PostHog for the first call of a key, which includes finding its project unless one is
		pinned, and for the same call again; size of the result, text only, with default arguments (budget:
		2,500 tokens).
	END
	bench BenchmarkTool 1 requests-first requests-again bytes o200k-tokens

	cat <<-'END'

		## The sandbox

		From exec to listening, the first request for each kind of rows, which makes them, and the memory
		(goals: 100 ms, 60 MB).
	END
	bench BenchmarkSandboxStart "$starts" listens-ms first-accounts-ms first-account-ms first-notes-ms first-persons-ms idle-MB loaded-MB
	cat <<-'END'

		Requests on 16 connections, the driver on the same processors:
	END
	bench BenchmarkSandboxRate "$rounds" requests/s p50-ms after-MB
} >"$new"
mv "$new" "$out"
chmod 644 "$out"
