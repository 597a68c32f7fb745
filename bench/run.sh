#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures what cached answers bring and what they cost; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
	cat <<-'END'
	usage: bench/run.sh [--quick | --full | --pairs] [--only WORKLOAD[,WORKLOAD...]] [--column NAME]...
	                    [--no-build]
	  (nothing)   what a hit costs, and the limits for it; some 10 minutes
	  --quick     that with fewer repeats; and stat, find, git-status and untar: plain, default and
	              tuned FUSE, and each policy on plain FUSE; less than 20 minutes
	  --full      that; and all workloads, with each policy on each kind of FUSE mount; hours. It goes
	              on where an earlier run was interrupted, cell by cell, if nothing was changed
	  --pairs     only this: whether a hit writes memory that another CPU's hit needs; a VM with two
	              CPUs that run at the same time; some 5 minutes
	  --only W    of the workloads only these
	  --column C  of the columns only these, such as fuse-default/writeinval,relaxed, what they are
	              compared with, and native; may be repeated. With either, not the cost of a hit
	  --no-build  measure what is in build/ already
	Measures in a VM with one CPU, once with a clock that counts instructions (icount: figures
	repeat to 0.1 %, and cached and uncached are compared by the work they do) and once with the
	machine's clock. All runs of a workload on a column have 5 minutes, under icount 60 seconds of the
	VM's CPU, which takes the host several times as long: what takes more is repeated less often, or cut
	short and marked. Tables in Markdown on stdout; figures and plots in build/bench/; progress on
	stderr. A limit that is not met is marked MISS; only a failure to measure is an error,
	and what was measured before it is still reported.
	Environment: EXTFUSE_BUILD, the folder of the build (default build). EXTFUSE_BENCH_TRIAL=yes:
	with what is built, everything once, on small trees, by the machine's clock, under the policies
	never and writeinval, and without the workload build: it shows that a command works, and its
	figures, in build/bench-trial/, mean nothing.
	END
}

# shellcheck source=bench/lib.sh
. bench/lib.sh

mode=hits
rounds=5
cell_rounds=3
repeats=10000
build=yes
only=
columns=()
while [ $# -gt 0 ]; do
	case $1 in
	--quick) mode=quick rounds=3 repeats=3000 ;;
	--full) mode=full ;;
	--pairs) mode=pairs rounds=3 repeats=5000 ;;
	--only)
		[ $# -ge 2 ] || die "--only needs a value"
		only=$2
		shift
		;;
	--column)
		[ $# -ge 2 ] || die "--column needs a value"
		columns+=(--column "$2")
		shift
		;;
	--no-build) build= ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		die "unknown argument: $1"
		;;
	esac
	shift
done
[ -z "$only${columns[*]}" ] || [ "$mode" = quick ] || [ "$mode" = full ] ||
	die "--only and --column choose among what --quick or --full measure"

tree_parts=()
if [ -n "${EXTFUSE_BENCH_TRIAL:-}" ]; then
	rounds=1
	cell_rounds=1
	repeats=100
	tree_parts=(crypto)
fi
make_folders
prepare "$build" statloop mix counter

# Whether a VM ended before all cells were measured.
failed=

# hits CLOCK VM_OPTION...
hits() {
	local clock=$1 flags=()
	shift
	[ "$clock" != icount ] || flags=(--icount)
	say "VM: a hit, $clock"
	vm "$work/$clock" --timeout 1800 "$@" -- \
		python3 bench/hits.py --out "$work/$clock/result.json" --statloop "$work/statloop" \
		--rounds "$rounds" --repeats "$repeats" "${flags[@]}"
	cp "$work/$clock/result.json" "$results/hits-$clock.json"
}

# Cells of what is no longer measured would be another table's.
stamp() {
	{
		echo "$mode $cell_rounds $EXTFUSE_KERNEL"
		cat bench/{cells,columns,workloads,mounts}.py bench/*.c
		find "$EXTFUSE_BUILD/bin" "$EXTFUSE_BUILD/lib" -type f -name '*[a-z]' | sort | xargs cat
	} 2>/dev/null | sha256sum | cut -c1-16
}

# cells CLOCK VM_OPTION...
cells() {
	local clock=$1 out=$results/$mode-$1 flags=("${columns[@]}")
	shift
	[ "$clock" != icount ] || flags+=(--icount)
	[ "$mode" != full ] || flags+=(--full --kernel "$work/kernel.tar")
	[ -z "$only" ] || flags+=(--only "$only")
	if [ "$mode" = quick ] || [ "$(cat "$out/stamp" 2>/dev/null)" != "$(stamp)" ]; then
		rm -rf "$out"
		mkdir -p "$out"
		stamp >"$out/stamp"
	fi
	say "VM: workloads, $clock"
	vm "$out" --timeout 36000 --mem 6G "$@" -- \
		python3 bench/cells.py --out "$out" --statloop "$work/statloop" --mix "$work/mix" \
		--tree "$work/tree.tar" --tar "$work/archive.tar" --rounds "$cell_rounds" "${flags[@]}" ||
		failed=yes
}

if [ "$mode" = pairs ]; then
	say "VM: two CPUs"
	cpus=2
	EXTFUSE_TCG_THREAD=multi vm "$work/pairs" --timeout 1800 -- \
		python3 bench/pairs.py --out "$work/pairs/result.json" --statloop "$work/statloop" \
		--counter "$work/counter" \
		--rounds "$rounds" --repeats "$repeats"
	cp "$work/pairs/result.json" "$results/pairs.json"
	python3 bench/report.py pairs "$results"
	exit
fi
if [ -z "$only${columns[*]}" ]; then
	hits icount "${icount[@]}"
	hits clock
	python3 bench/report.py hits "$results"
fi
if [ "$mode" != hits ]; then
	quiet "trees" scripts/make-tree.sh work "$work/tree.tar" "${tree_parts[@]}"
	quiet "an archive" scripts/make-tree.sh archive "$work/archive.tar"
	[ "$mode" != full ] || [ -n "${EXTFUSE_BENCH_TRIAL:-}" ] ||
		quiet "a kernel" scripts/make-tree.sh kernel "$work/kernel.tar"
	cells icount "${icount[@]}"
	[ -n "${EXTFUSE_BENCH_TRIAL:-}" ] || cells clock
	python3 bench/report.py "$mode" "$results"
	[ -z "$failed" ] || die "not all cells were measured; the tables are of those that were"
fi
say "figures and plots: $results"
