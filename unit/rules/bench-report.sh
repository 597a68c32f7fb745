#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: bench/report.py makes tables of whatever cells there are, also of some columns alone or of cells
# that were cut short, and its ratios are those of the cells.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# cells CASE COLUMN=SECONDS:GETATTRS[:cut]...: what bench/cells.py leaves of the workload build.
cells() {
	local folder=$work/$1/full-clock column rest seconds getattrs cut
	shift
	mkdir -p "$folder"
	for one; do
		column=${one%%=*} rest=${one#*=}
		IFS=: read -r seconds getattrs cut <<<"$rest"
		cat >"$folder/build.${column//\//+}.json" <<-JSON
			{"workload": "build", "column": "$column", "options": null, ${cut:+"\"cut\": true,"}
			 "runs": [{"boot": "b", "seconds": $seconds, "cpu": $seconds, "switches": 1, "memory": {},
			           "requests": {"GETATTR": $getattrs}, "misses": {"GETATTR absent": $getattrs}}]}
		JSON
	done
}

# reports CASE LINE...: each line, blanks as they come, is in the report.
reports() {
	local case=$1 line
	shift
	python3 bench/report.py full "$work/$case" >"$work/$case.md"
	for line; do
		tr -s ' -' <"$work/$case.md" | grep -qF -- "$line" || {
			printf 'bench/report.py: no "%s" in the report of %s:\n' "$line" "$case" >&2
			cat "$work/$case.md" >&2
			exit 1
		}
	done
}

# more_runs CASE COLUMN SECONDS:GETATTRS...: and its other runs.
more_runs() {
	local file=$work/$1/full-clock/build.${2//\//+}.json one
	shift 2
	for one; do
		sed -i "s|]}\$|,{\"boot\": \"b\", \"seconds\": ${one%:*}, \"cpu\": ${one%:*}, \"switches\": 1, \"memory\": {}, \"requests\": {\"GETATTR\": ${one#*:}}, \"misses\": {}}]}|" "$file"
	done
}

cells one_kind native=1:0 fuse-default=2:200 fuse-default/writeinval=2:100 \
	fuse-default/writeinval,relaxed=2:50
reports one_kind '| fuse-default | 2.000 | 2.00 | 1.00 |' \
	'| build | GETATTR | 303K | 137 | -100.0 % | 200 | 100 | 50 | -50.0 % | -75.0 % |' \
	'| build | fuse-default/writeinval,relaxed | GETATTR | 50 | 50 | 0 |'

cells cut_short native=1:0 fuse-tuned=2:200 fuse-tuned/writeinval=300:9:cut \
	fuse-tuned/writeinval,relaxed=2:50
reports cut_short '| fuse-tuned/writeinval | over 300.000 |'
if grep -q '| build .*303K' "$work/cut_short.md"; then
	echo "bench/report.py: a cell that was cut short is in the table of figure 9" >&2
	exit 1
fi

cells leaps native=1:0 fuse-default=2:200 fuse-default/writeinval=7:700
more_runs leaps fuse-default/writeinval 7:690 3:205
reports leaps '1 runs; with a leap of the clock, and so left out: fuse-default/writeinval 2.' \
	'| fuse-default/writeinval | 3.000 | 3.00 | 1.50 | 133 % |'

cells all native=1:0 fuse=4:400 fuse-default=2:200 fuse-tuned=1:9 fuse/never=5:400 fuse/ttl=2:1 \
	fuse/lru=2:1 fuse/writeinval=2:1 fuse/ttl+lru=2:1
reports all '| fuse/never | 5.000 | 5.00 | 1.25 |'
grep -qx 'build 0.2500 1.0000 0.5000 0.2500 1.2500 0.5000 0.5000 0.5000 0.5000' \
	"$work/all/workloads-clock.dat"
grep -q '</svg>' "$work/all/workloads-clock.svg"
