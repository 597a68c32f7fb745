#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Projects that 'extfuse new' writes build, and pass their tests, against an installed copy.
#   check_author.sh BUILD_DIR
# Those of author_projects.sh stay in BUILD_DIR/author, for the tests of mounts.
set -euo pipefail
# Pipes into grep have no -q: the other side would end of SIGPIPE.

here=$(cd "$(dirname "$0")" && pwd)
author=$1/author
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

say() {
	printf '%s\n' "$*"
	bad=1
}

"$here/author_projects.sh" "$1"
installed=$author/installed
extfuse=$installed/bin/extfuse
# Nothing of the checkout may be found, only what was installed.
unset EXTFUSE_OBJECT_PATH
export CMAKE_PREFIX_PATH=$installed
CMAKE_BUILD_PARALLEL_LEVEL=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL
export CTEST_OUTPUT_ON_FAILURE=1

run() { (cd "$1" && cmake -S . -B build && cmake --build build && ctest --test-dir build) >"$work/log" 2>&1; }

# marks DIR: nothing of the templates' language is left.
marks() {
	if grep -rlE '@(NAME|opcode|OPCODE|REQUEST|IF|END)' "$1" --include='*' --exclude-dir=build; then
		say "$1 has marks of the template"
	fi
}

for name in mine deny look; do
	run "$author/$name" || say "the project $name: $(cat "$work/log")"
	grep '100% tests passed, 0 tests failed out of 1' "$work/log" >/dev/null || say "$name has no test: $(cat "$work/log")"
	[ -s "$author/$name/build/$name.bpf.o" ] || say "$name has no object"
	[ -x "$author/$name/build/test_${name}_bytecode" ] || say "$name has no test with the bytecode"
	marks "$author/$name"
	# What follows breaks them.
	mkdir "$work/$name"
	cp "$author/$name/"* "$work/$name/" 2>/dev/null || true
done
(
	cd "$work/mine"
	cmake -S . -B coverage -DCMAKE_C_FLAGS=--coverage && cmake --build coverage &&
		cmake --build coverage --target coverage
) >"$work/log" 2>&1 || say "coverage: $(cat "$work/log")"
grep -q '100.0 %.*mine.bpf.c' "$work/log" || say "no coverage of mine: $(cat "$work/log")"

# A handler of each opcode that there is, all of them in one project, so that the kit is built once;
# the name of the opcode in any case, and as linux/fuse.h has it.
mkdir "$work/all"
cat >"$work/all/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(all LANGUAGES C)
enable_testing()
find_package(extfuse REQUIRED)
# The tests with the bytecode are what the other projects have.
set(extfuse_library_FOUND FALSE)
END
count=0
unseen=
while read -r opcode; do
	for spelling in "$opcode" "FUSE_$opcode" "${opcode,,}"; do
		[ $((count++ % 3)) -ne 0 ] || break
	done
	name=on_${opcode,,}
	if "$extfuse" new handler "$name" "$spelling" "$work/new" >"$work/log" 2>&1; then
		marks "$work/new"
		mv "$work/new/$name.bpf.c" "$work/new/test_$name.c" "$work/all/"
		printf 'extfuse_add_handler(%s)\nextfuse_add_unit_test(test_%s HANDLERS %s)\n' \
			"$name" "$name" "$name" >>"$work/all/CMakeLists.txt"
		rm -r "$work/new"
	elif grep -q 'no program sees' "$work/log"; then
		unseen+=" $opcode"
	else
		say "extfuse new handler $name $spelling: $(cat "$work/log")"
	fi
done < <(sed -n 's/^\t\[[0-9]*\] = "\([A-Z0-9_]*\)",$/\1/p' "$installed/share/extfuse/testkit/names/opcode_names.inc")
[ "$unseen" = ' FORGET INIT INTERRUPT NOTIFY_REPLY BATCH_FORGET' ] || say "not to be handled are:$unseen"
run "$work/all" || say "handlers of each opcode: $(cat "$work/log")"
tests=$(find "$work/all" -maxdepth 1 -name 'test_on_*.c' | wc -l)
[ "$tests" -ge 40 ] || say "there are opcodes of which 'extfuse new' knew $tests"
grep "100% tests passed, 0 tests failed out of $tests" "$work/log" >/dev/null ||
	say "handlers of each opcode: $(tail -n 30 "$work/log")"
for opcode in getxattr read setlk statfs; do
	grep -q "req_$opcode(" "$work/all/test_on_$opcode.c" || say "the test of on_$opcode makes another request"
done

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
