#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints which functions a stat() or a workload spends its instructions in; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
	cat <<-'END'
	usage: bench/profile.sh [--policy POLICY] [--relative] [--no-build]
	       bench/profile.sh --workload NAME --column COLUMN [--no-build]
	  --policy P    as in -o policy= (default writeinval)
	  --relative    the path begins in the folder of the mount: without it, it also leads through the
	                VM's own root, whose file system leaves RCU-walk
	  --workload W  a workload of bench/run.sh, such as find, instead of stat()
	  --column C    where: a policy on a kind of mount, such as fuse-default/writeinval,relaxed
	  --no-build    measure what is in build/ already
	Counts the instructions of repeated stat() of a path two levels below the mount, by function, with
	a plugin for QEMU's TCG: natively on tmpfs, and on stackfs (timeouts 0) with the policy. Or those of
	one run of a workload, of its processes and the daemon, on the kind of mount alone and with the
	policy. A table in Markdown on stdout; counts and symbols in build/bench/profile/. Some 3 minutes.
	END
}

die() {
	printf 'bench/profile.sh: %s\n' "$*" >&2
	exit 1
}

policy=writeinval
path=absolute
build=yes
workload=
column=
while [ $# -gt 0 ]; do
	case $1 in
	--policy)
		[ $# -ge 2 ] || die "--policy needs a value"
		policy=$2
		shift
		;;
	--workload | --column)
		[ $# -ge 2 ] || die "$1 needs a value"
		if [ "$1" = --workload ]; then workload=$2; else column=$2; fi
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

case ${workload:+w}${column:+c} in
w) die "--workload needs --column, such as fuse-default/writeinval" ;;
c) die "--column needs --workload, such as find" ;;
wc) [[ $column == */* ]] || die "--column $column: a policy on a kind of mount is expected, such as fuse/never" ;;
esac

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
for tool in statloop mix; do
	gcc -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$out/$tool" "bench/$tool.c"
done

# count COLUMN PART ARGUMENT...: what bench/profile.py does in the VM; leaves its folder in $folder.
count() {
	local what=$1 part=$2
	shift 2
	folder=$out/${what/\//+}
	rm -rf "${folder:?}"
	mkdir -p "$folder"
	EXTFUSE_PLUGIN="$out/insns.so,out=$folder/counts" kernel/run.sh --icount --smp 1 --timeout 2400 \
		--mem 6G --out "$folder" -- \
		python3 bench/profile.py "$part" "$folder" "$what" "$@" >&2 ||
		die "measuring failed: $what (kernel log $folder/kernel.log)"
}

# The plugin makes the VM slow to start.
export EXTFUSE_BOOT_TIMEOUT=${EXTFUSE_BOOT_TIMEOUT:-500}
folders=()
if [ -z "$workload" ]; then
	for each in native "$policy"; do
		count "$each" stat "$path" "$out/statloop"
		folders+=("$folder")
	done
	python3 bench/profile.py report "one stat(), $path path" "${folders[@]}"
	exit
fi
parts=()
[ -z "${EXTFUSE_BENCH_TRIAL:-}" ] || parts=(crypto)
make_trees() {
	scripts/make-tree.sh work "$out/tree.tar" "${parts[@]}" && scripts/make-tree.sh archive "$out/archive.tar"
}
make_trees >"$out/log" 2>&1 || die "cannot make the trees (log $out/log)"
for each in "${column%%/*}" "$column"; do
	count "$each" workload "$workload" "$out/statloop" "$out/mix" "$out/tree.tar" "$out/archive.tar"
	folders+=("$folder")
done
python3 bench/profile.py report "one run of $workload" "${folders[@]}"
