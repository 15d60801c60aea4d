#!/usr/bin/env bash
# Runs every benchmark and writes RESULTS.md. It takes about ten minutes and wants a quiet machine.
# ROUNDS is how often the contenders of a call take turns, STARTS how often each program is started.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-11}
starts=${STARTS:-31}
out=bench/RESULTS.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
new=$scratch/results

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

# initialisation prints what Go packages take before main, the fastest of several starts: the floor under
# every start, paid by whoever imports them.
initialisation() {
	printf '\n`%s`\n\n' "go build -o product . && GODEBUG=inittrace=1 ./product </dev/null"
	go build -ldflags "-s -w" -o "$scratch/product" .
	for _ in $(seq "$starts"); do GODEBUG=inittrace=1 "$scratch/product" </dev/null 2>&1; done | awk '
		/^init / {
			if (!($2 in ms) || $5 < ms[$2]) ms[$2] = $5
			kilobytes[$2] = $8 / 1000
		}
		END {
			print "| package | ms | kB allocated |"; print "| --- | ---: | ---: |"
			for (p in ms) {
				all += ms[p]; allKB += kilobytes[p]
				if (p ~ /^posthog-accounts-mcp/) { ours += ms[p]; oursKB += kilobytes[p] }
				if (ms[p] >= 0.1) printf "| %s | %.2f | %.0f |\n", p, ms[p], kilobytes[p] | "sort"
			}
			close("sort")
			printf "| all of this project together | %.2f | %.0f |\n", ours, oursKB
			printf "| everything | %.2f | %.0f |\n", all, allKB
		}'
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
		2 times the floor, 20 MB). `own` is what the program allocated; the rest is its file, mapped.
	END
	bench BenchmarkStart "$starts" start-x start-ms floor-start-ms idle-MB own-MB floor-idle-MB
	cat <<-'END'

		What packages take before `main`, those of 0.1 ms and more:
	END
	initialisation
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
		description and input schema (budgets: 8,000, read-only 3,500).
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

		## What safety costs

		A write with the tool, which looks, records, sends, and reads back, beside the one request that a thin
		client sends. Requests to PostHog once what a key may do is known; milliseconds over an upstream that
		answers at once, without a journal and with one on this disk; and with a round trip of 50 ms in front of
		each request, where `far-x` is what a caller waits instead of once.
	END
	bench BenchmarkSafety 1 plain-requests our-requests plain-ms unrecorded-ms recorded-ms plain-far-ms recorded-far-ms far-x

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
	cat <<-'END'

		## The jobs people give an agent

		Each job as a script of tool calls for two sides, each in a PostHog of its own: this server, and PostHog's API as
		tools made one to one ([jobs/thin](jobs/thin/thin.go)). That side's careful script is the cheapest one that is safe:
		values are merged before they are sent, and read back where PostHog answers before it has done anything. The careless
		one leaves that out, on a day on which PostHog loses events. Answers, and everything stored before and after, are
		compared with what should be; on this server every answer is right and no job changes anything else, or the test fails.

		Tokens (o200k) are those of arguments and results, once. Plans were asked for with 600 tokens, which shows what is the
		same in all rows, and the first of them. Requests are those to PostHog: this server makes more of them where it writes,
		as it looks before and after. They take no time here, as PostHog is in the same process. On the newer PostHog roles are
		kept apart from accounts, so that the API has to be asked account by account.

		`go test ./bench/jobs -run TestJobs -update`

		<!-- jobs begin -->
		<!-- jobs end -->
	END
} >"$new"
mv "$new" "$out"
chmod 644 "$out"
go test ./bench/jobs -run 'TestJobs$' -count 1 -update # fills in the jobs
