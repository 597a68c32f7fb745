#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures how fast cached answers are; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
	cat <<-'END'
	usage: bench/run.sh [--quick] [--no-build]
	  --quick     3 rounds of fewer repeats
	  --no-build  measure what is in build/ already
	Measures in a VM with one CPU, once with a clock that counts instructions (icount: figures
	repeat to 0.1 %, and cached and uncached are compared by the work they do) and once with the
	machine's clock. A table in Markdown on stdout, all figures in build/bench.json, progress on
	stderr. A limit that is not met is marked MISS; only a failure to measure is an error.
	Environment: EXTFUSE_BUILD, the folder of the build (default build).
	END
}

say() { printf 'bench: %s (%dm%02ds)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)) >&2; }
die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

rounds=5
repeats=10000
build=yes
while [ $# -gt 0 ]; do
	case $1 in
	--quick) rounds=3 repeats=3000 ;;
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

# The VM takes the folder from here.
EXTFUSE_BUILD=$(realpath -m "${EXTFUSE_BUILD:-build}")
export EXTFUSE_BUILD LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
mkdir -p "$EXTFUSE_BUILD"
work=$(mktemp -d "$EXTFUSE_BUILD/bench.XXXXXX")
keep=
# shellcheck disable=SC2317 # called by the trap
cleanup() { [ -n "$keep" ] || rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# quiet WHAT COMMAND...: its output is only wanted when it fails.
quiet() {
	local what=$1
	shift
	say "$what"
	"$@" >"$work/log" 2>&1 || {
		keep=yes
		tail -n 20 "$work/log" >&2
		die "$what failed (log $work/log)"
	}
}

if [ -n "$build" ]; then
	quiet "install what is needed" scripts/install-deps.sh build kernel
	quiet "configure" cmake -S . -B "$EXTFUSE_BUILD"
	quiet "build" cmake --build "$EXTFUSE_BUILD" --parallel "$(nproc)"
fi
[ -x "$EXTFUSE_BUILD/bin/stackfs" ] || die "$EXTFUSE_BUILD/bin/stackfs is missing; run: cmake -S . -B build && cmake --build build"
quiet "kernel" kernel/build.sh
EXTFUSE_KERNEL=${EXTFUSE_KERNEL:-$(tail -n 1 "$work/log")}
export EXTFUSE_KERNEL
gcc -O2 -Wall -o "$work/statloop" bench/statloop.c

# measure NAME VM_OPTION... -- OPTION...
measure() {
	local name=$1 vm=() code=0
	shift
	while [ "$1" != -- ]; do
		vm+=("$1")
		shift
	done
	shift
	say "VM: $name"
	mkdir "$work/$name"
	kernel/run.sh --smp 1 --timeout 1800 --out "$work/$name" "${vm[@]}" -- \
		python3 bench/vm.py --out "$work/$name/result.json" --statloop "$work/statloop" \
		--rounds "$rounds" --repeats "$repeats" "$@" || code=$?
	if [ "$code" -ne 0 ] || [ ! -s "$work/$name/result.json" ]; then
		keep=yes
		die "measuring failed: exit $code (kernel log $work/$name/kernel.log)"
	fi
}

# Without KVM both ways, so that figures of different machines mean the same.
export EXTFUSE_ACCEL=tcg
measure icount --icount -- --icount
measure clock --
python3 bench/report.py "$EXTFUSE_BUILD/bench.json" "$work/icount/result.json" "$work/clock/result.json"
say "all figures: $EXTFUSE_BUILD/bench.json"
