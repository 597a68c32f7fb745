#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures what each step that made a hit cheaper gained, by taking it out; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
	cat <<-'END'
	usage: bench/steps.sh [--only STEP[,STEP...]] [--no-build]
	  --only S    of the steps of bench/steps/list only these
	  --no-build  measure with what is in build/ already
	For each step bench/steps/STEP.patch is applied to a copy of the sources or of the kernel's, what it
	changes is built, and stat() measured as by bench/run.sh, under writeinval, with a clock that counts
	instructions (icount): with all steps, and with all but this one. What several steps save together
	is not the sum of what each saves. A table in Markdown on stdout; figures in build/bench/steps/;
	progress on stderr. Some 5 minutes once kernel and products are built.
	Environment: EXTFUSE_BUILD, the folder of the build (default build); EXTFUSE_JOBS, how many compilers
	run at a time. EXTFUSE_BENCH_TRIAL=yes: the first step that needs no kernel, if no other is chosen,
	with few repeats, by the machine's clock: it shows that the command works.
	END
}

# shellcheck source=bench/lib.sh
. bench/lib.sh

list=bench/steps/list
build=yes
only=
rounds=5
repeats=10000
while [ $# -gt 0 ]; do
	case $1 in
	--only)
		[ $# -ge 2 ] || die "--only needs a value"
		only=$2
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

is_kernels() { grep -q '^--- a/fs/' "bench/steps/$1.patch"; }

mapfile -t steps < <(sed -nE 's/^([^# ]+) .+/\1/p' "$list")
for step in "${steps[@]}"; do
	[ -f "bench/steps/$step.patch" ] || die "bench/steps/$step.patch is missing"
done
if [ -n "$only" ]; then
	IFS=, read -ra chosen <<<"$only"
	for step in "${chosen[@]}"; do
		[[ " ${steps[*]} " == *" $step "* ]] || die "no step '$step'; there are ${steps[*]}"
	done
	steps=("${chosen[@]}")
elif [ -n "${EXTFUSE_BENCH_TRIAL:-}" ]; then
	for step in "${steps[@]}"; do
		is_kernels "$step" || break
	done
	steps=("$step")
fi
if [ -n "${EXTFUSE_BENCH_TRIAL:-}" ]; then
	rounds=1
	repeats=100
fi
of_handlers=()
of_kernel=()
for step in "${steps[@]}"; do
	if is_kernels "$step"; then
		of_kernel+=("$step")
	else
		of_handlers+=("$step")
	fi
done

# A step is taken out of this kernel.
unset EXTFUSE_KERNEL
make_folders
say "whether the patches apply"
patches=("${of_handlers[@]/#/bench/steps/}")
patches=("${patches[@]/%/.patch}")
kernel_patches=("${of_kernel[@]/#/bench/steps/}")
kernel_patches=("${kernel_patches[@]/%/.patch}")
scripts/patched-objects.sh --check "${patches[@]}" || exit 1
[ ${#of_kernel[@]} -eq 0 ] || scripts/patched-kernels.sh --check "${kernel_patches[@]}" || exit 1
prepare "$build" statloop
quiet "programs" scripts/patched-objects.sh "$work/programs" "${patches[@]}"
[ ${#of_kernel[@]} -eq 0 ] ||
	quiet "kernels" scripts/patched-kernels.sh "$work/" "${kernel_patches[@]/#/normal:}"

out=$results/steps
rm -rf "$out"
mkdir -p "$out"
flags=()
[ ${#icount[@]} -eq 0 ] || flags=(--icount)

# measure NAME COLUMN=OBJECTS...
measure() {
	local name=$1
	shift
	say "VM: $name"
	vm "$work/vm-$name" --timeout 1800 "${icount[@]}" -- \
		python3 bench/steps.py --out "$work/vm-$name/result.json" --statloop "$work/statloop" \
		--rounds "$rounds" --repeats "$repeats" "${flags[@]}" "$@"
	cp "$work/vm-$name/result.json" "$out/$name.json"
}

columns=("all=$work/programs/objects/none")
for step in "${of_handlers[@]}"; do
	columns+=("$step=$work/programs/objects/$step")
done
measure all "${columns[@]}"
for step in "${of_kernel[@]}"; do
	EXTFUSE_KERNEL=$work/$step.bzImage measure "$step" "$step=$work/programs/objects/none"
done
python3 bench/report.py steps "$results"
say "figures: $out"
