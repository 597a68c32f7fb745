#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which lines of handlers, policies and examples unit tests run; fails below 95 %: coverage.sh [UAPI_DIR]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/coverage
uapi=()
[ $# -eq 0 ] || uapi=("-DEXTFUSE_UAPI_DIR=$(realpath "$1")")
generator=()
if [ ! -e "$build/CMakeCache.txt" ] && command -v ninja >/dev/null; then
	generator=(-G Ninja)
fi
cmake -S . -B "$build" "${generator[@]}" "${uapi[@]}" -DCMAKE_BUILD_TYPE=Coverage \
	-DCMAKE_C_FLAGS_COVERAGE='-O0 --coverage' >"$build.log" || {
	cat "$build.log"
	exit 1
}
find "$build" -name '*.gcda' -delete
cmake --build "$build" --parallel "$(nproc)" --target bpf_tests >"$build.log" || {
	cat "$build.log"
	exit 1
}
ctest --test-dir "$build" --parallel "$(nproc)" -L bpf --output-on-failure >"$build.log" || {
	cat "$build.log"
	exit 1
}
python3 unit/fakes/coverage.py "$build" handlers policies examples
