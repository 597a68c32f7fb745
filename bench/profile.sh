#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints which functions a stat() spends its instructions in; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
	cat <<-'END'
	usage: bench/profile.sh [--policy POLICY] [--relative] [--no-build]
	  --policy P  as in -o policy= (default writeinval)
	  --relative  the path begins in the folder of the mount: without it, it also leads through the
	              VM's own root, whose file system leaves RCU-walk
	  --no-build  measure what is in build/ already
	Counts the instructions of repeated stat() of a path two levels below the mount, by function, with
	a plugin for QEMU's TCG: natively on tmpfs, and on stackfs (timeouts 0) with the policy. A table in
	Markdown on stdout; counts and symbols in build/bench/profile/. Some 3 minutes.
	END
}

die() {
	printf 'bench/profile.sh: %s\n' "$*" >&2
	exit 1
}

policy=writeinval
path=absolute
build=yes
while [ $# -gt 0 ]; do
	case $1 in
	--policy)
		[ $# -ge 2 ] || die "--policy needs a value"
		policy=$2
		shift
		;;
	--relative) path=relative ;;
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

EXTFUSE_BUILD=$(realpath -m "${EXTFUSE_BUILD:-build}")
export EXTFUSE_BUILD EXTFUSE_ACCEL=tcg LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
out=$EXTFUSE_BUILD/bench/profile
# As for bench/run.sh.
if [ -n "${EXTFUSE_BENCH_TRIAL:-}" ]; then
	build=
	out=$EXTFUSE_BUILD/bench-trial/profile
fi
mkdir -p "$out"
build_products() {
	scripts/install-deps.sh build kernel bench &&
		cmake -S . -B "$EXTFUSE_BUILD" &&
		cmake --build "$EXTFUSE_BUILD" --parallel "$(nproc)"
}
if [ -n "$build" ] && ! build_products >"$out/log" 2>&1; then
	die "cannot build (log $out/log)"
fi
gcc -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -shared -fPIC -o "$out/insns.so" bench/insns.c
gcc -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$out/statloop" bench/statloop.c

# The plugin makes the VM slow to start.
export EXTFUSE_BOOT_TIMEOUT=${EXTFUSE_BOOT_TIMEOUT:-500}
for column in native "$policy"; do
	rm -rf "${out:?}/$column"
	mkdir -p "$out/$column"
	EXTFUSE_PLUGIN="$out/insns.so,out=$out/$column/counts" kernel/run.sh --icount --smp 1 --timeout 900 \
		--out "$out/$column" -- \
		python3 bench/profile.py run "$column" "$path" "$out/statloop" "$out/$column" >&2 ||
		die "measuring failed: $column (kernel log $out/$column/kernel.log)"
done
python3 bench/profile.py report "$path" "$out/native" "$out/$policy"
