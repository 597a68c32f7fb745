# SPDX-License-Identifier: GPL-2.0-only
# What the commands that measure in a VM have in common: folders, the build, the kernel and the VM; to be
# sourced, in the checkout.
# shellcheck shell=bash

say() { printf 'bench: %s (%dm%02ds)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)) >&2; }
die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# The VM takes the folder from here.
EXTFUSE_BUILD=$(realpath -m "${EXTFUSE_BUILD:-build}")
# Without KVM, so that figures of different machines mean the same.
export EXTFUSE_BUILD EXTFUSE_ACCEL=tcg LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
results=$EXTFUSE_BUILD/bench
# shellcheck disable=SC2034 # icount is for who sources this
if [ -n "${EXTFUSE_BENCH_TRIAL:-}" ]; then
	results+=-trial
	icount=()
else
	icount=(--icount)
fi
work=
keep=
# shellcheck disable=SC2317 # called by the trap
cleanup() { [ -n "$keep" ] || rm -rf "${work:?}"; }

# Makes $results, and $work for as long as this process lives.
make_folders() {
	mkdir -p "$results"
	work=$(mktemp -d "$EXTFUSE_BUILD/bench.XXXXXX")
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

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

# prepare BUILD TOOL...: what is measured, if BUILD says so, the kernel, and the tools in $work.
prepare() {
	local build=$1 tool
	shift
	if [ -n "$build" ] && [ -z "${EXTFUSE_BENCH_TRIAL:-}" ]; then
		quiet "install what is needed" scripts/install-deps.sh build kernel demo bench
		quiet "configure" cmake -S . -B "$EXTFUSE_BUILD"
		quiet "build" cmake --build "$EXTFUSE_BUILD" --parallel "${EXTFUSE_JOBS:-$(nproc)}"
	fi
	[ -x "$EXTFUSE_BUILD/bin/stackfs" ] || die "$EXTFUSE_BUILD/bin/stackfs is missing; run: cmake -S . -B build && cmake --build build"
	quiet "kernel" kernel/build.sh
	EXTFUSE_KERNEL=${EXTFUSE_KERNEL:-$(tail -n 1 "$work/log")}
	export EXTFUSE_KERNEL
	for tool; do
		gcc -std=c17 -D_GNU_SOURCE -O2 -Wall -o "$work/$tool" "bench/$tool.c"
	done
}

cpus=1
# vm OUT VM_OPTION... -- COMMAND...
vm() {
	local out=$1 code=0
	shift
	mkdir -p "$out"
	kernel/run.sh --smp "$cpus" --out "$out" "$@" >&2 || code=$?
	if [ "$code" -ne 0 ]; then
		keep=yes
		say "measuring failed: exit $code (kernel log $out/kernel.log)"
		return 1
	fi
}
