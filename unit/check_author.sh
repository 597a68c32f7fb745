#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Projects that 'extfuse new' writes build, and pass their tests, against an installed copy.
#   check_author.sh BUILD_DIR
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

say() {
	printf '%s\n' "$*"
	bad=1
}

cmake --install "$build" --prefix "$work/installed" >"$work/log"
extfuse=$work/installed/bin/extfuse
# Nothing of the checkout may be found, only what was installed.
unset EXTFUSE_OBJECT_PATH
export CMAKE_PREFIX_PATH=$work/installed
CMAKE_BUILD_PARALLEL_LEVEL=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL
export CTEST_OUTPUT_ON_FAILURE=1

run() { (cd "$1" && cmake -S . -B build && cmake --build build && ctest --test-dir build) >"$work/log" 2>&1; }

# project NAME WORDS...: written, built and tested as its README says.
project() {
	local name=$1
	shift
	"$extfuse" new "$@" "$work/$name" >"$work/log" || { say "extfuse new $*: exit $?"; return; }
	run "$work/$name" || say "the project of 'extfuse new $*': $(cat "$work/log")"
	grep -q '100% tests passed, 0 tests failed out of 1' "$work/log" || say "$name has no test: $(cat "$work/log")"
	[ -s "$work/$name/build/$name.bpf.o" ] || say "$name has no object"
	if grep -rlE '@(NAME|opcode|OPCODE|IF|END)' "$work/$name" --include='*' --exclude-dir=build; then
		say "$name has marks of the template"
	fi
}

project mine policy mine
[ -x "$work/mine/build/test_mine_bytecode" ] || say 'no test with the bytecode'
(
	cd "$work/mine"
	cmake -S . -B coverage -DCMAKE_C_FLAGS=--coverage && cmake --build coverage &&
		cmake --build coverage --target coverage
) >"$work/log" 2>&1 || say "coverage: $(cat "$work/log")"
grep -q '100.0 %.*mine.bpf.c' "$work/log" || say "no coverage of mine: $(cat "$work/log")"
# Each kind of request that templates treat in a way of its own, and a name in lower case.
project look handler look lookup
project deny handler deny CREATE
project moves handler moves FUSE_RENAME2
project writes handler writes WRITE

# A test that fails fails, and an answer that the kernel would not take is said to be one.
sed -i 's/-EACCES/-EPERM/' "$work/deny/deny.bpf.c"
if run "$work/deny"; then say 'a handler that breaks its promise passes its test'; fi
sed -i 's/-EPERM/-EACCES/; s/return ext_miss(ctx, EXT_MISS_ABSENT)/return ext_hit(ctx)/' "$work/deny/deny.bpf.c"
if run "$work/deny"; then say 'a handler that answers CREATE passes its test'; fi
grep -q 'the kernel refuses what a program answered to CREATE: 0, with 0 of 2 outputs' "$work/log" ||
	say "not said why: $(cat "$work/log")"

# A handler and policies, the user's and a built-in one, in one test.
cp "$work/mine/mine.bpf.c" "$work/look/"
sed -i 's/HANDLERS look/HANDLERS look POLICIES mine lru/' "$work/look/CMakeLists.txt"
run "$work/look" || say "a handler with two policies: $(cat "$work/log")"

# What is wrong with a project is said where it is.
printf 'int broken\n' >>"$work/mine/mine.bpf.c"
if run "$work/mine"; then say 'a broken policy builds'; fi
grep -q 'mine.bpf.c:[0-9]*:[0-9]*: error' "$work/log" || say "no line of the source: $(cat "$work/log")"
exit "$bad"
