#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the driver with each bug of mutants/list, and checks that the test named there finds it.
#
# mutants.sh LOGS [GLOB]: prints a result line for each bug whose name, or test's name, fits. The kernel
# tests (build/kernel-tests) and the products (build) have to be built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
logs=$(realpath -m "${1:?usage: mutants.sh LOGS [GLOB]}")
glob=${2:-*}
mkdir -p "$logs"
cd "$root"

say() { printf 'mutants.sh: %s\n' "$*" >&2; }

rows=()
modes=
while read -r name mode suite test; do
	case $name in '' | '#'*) continue ;; esac
	full=kernel/mutant_${name}_is_caught
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $full == $glob || ${full#*/} == $glob ]] || continue
	rows+=("$name $mode $suite $test")
	case " $modes " in *" $mode "*) ;; *) modes+=" $mode" ;; esac
done <"$here/mutants/list"
[ ${#rows[@]} -gt 0 ] || exit 0

declare -A image=()
for mode in $modes; do
	flags=()
	[ "$mode" = normal ] || flags=(--debug)
	image[$mode]=$(kernel/build.sh "${flags[@]}" | tail -n 1)
done

# run_tests IMAGE MODE SUITE OUT TEST...: prints the tests' result lines.
run_tests() {
	local kernel=$1 mode=$2 suite=${3%:*} cpus=1 out=$4 test
	local -a flags=() arguments=(--logs "$out")
	[ "$suite" = "$3" ] || cpus=${3#*:}
	shift 4
	[ "$mode" = normal ] || flags=(--debug)
	[ "$mode" = normal ] || export EXTFUSE_TEST_SCALE=${EXTFUSE_TEST_SCALE:-20}
	[ "$suite" != kernel ] || arguments+=(build/kernel-tests)
	mkdir -p "$out"
	# shellcheck disable=SC2016 # expanded in the VM
	EXTFUSE_KERNEL=$kernel kernel/run.sh "${flags[@]}" --smp "$cpus" --timeout 1200 --out "$out" -- bash -c '
		suite=$1 n=$2
		shift 2
		for test in "${@:1:n}"; do
			python3 "unit/$suite/run.py" --filter "$test" "${@:n+1}"
		done' mutants "$suite" $# "$@" "${arguments[@]}" 2>"$out/stderr" | tee "$out/stdout" |
		grep -E '^(PASS|FAIL) ' || true
}

patches=()
for row in "${rows[@]}"; do
	read -r name mode suite test <<<"$row"
	patches+=("$mode:$here/mutants/$name.patch")
done
rm -f "$logs"/mutant-*.built
# On one CPU, while the tests run on the other. Leaves the images, or a log; .built says that there will be
# no more of it.
scripts/patched-kernels.sh "$logs/mutant-" "${patches[@]}" &
builder=$!
trap 'kill "$builder" 2>/dev/null || true' EXIT

declare -A tests_of=()
for row in "${rows[@]}"; do
	read -r name mode suite test <<<"$row"
	case " ${tests_of[$mode $suite]:-} " in
	*" $test "*) ;;
	*) tests_of[$mode $suite]+=" $test" ;;
	esac
done

# Without a bug each test has to pass, or it would find any.
sound=
for key in "${!tests_of[@]}"; do
	read -r mode suite <<<"$key"
	read -ra tests <<<"${tests_of[$key]}"
	start=$SECONDS
	sound+=$'\n'$(run_tests "${image[$mode]}" "$mode" "$suite" "$logs/sound-$mode-$suite" "${tests[@]}")
	say "$key without a bug: $((SECONDS - start)) s"
done

failed=0
for row in "${rows[@]}"; do
	read -r name mode suite test <<<"$row"
	full=kernel/mutant_${name}_is_caught
	out=$logs/mutant-$name
	start=$SECONDS
	tier=${suite%:*}
	result=
	while [ ! -e "$out.built" ] && kill -0 "$builder" 2>/dev/null; do
		sleep 0.5
	done
	[ ! -e "$out.bzImage" ] ||
		result=$(run_tests "$out.bzImage" "$mode" "$suite" "$out" "$test")
	if grep -qxF "PASS $tier/$test" <<<"$sound" && grep -qF "FAIL $tier/$test" <<<"$result"; then
		printf 'PASS %s\n' "$full"
		rm -rf "$out" "$out.bzImage" "$out.built"
	else
		printf 'without a bug:%s\nwith it: %s\n' "$sound" "$result" >"$out.log"
		printf 'FAIL %s (log %s)\n' "$full" "$out.log"
		failed=1
	fi
	say "$name: $((SECONDS - start)) s"
done
exit "$failed"
