#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: every test source is built, every handler and policy has its test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bad=0
known=
[ ! -d build/asan ] || known=$(cd build/asan && ctest -N)
for file in unit/test_*.c; do
	[ -e "$file" ] || continue
	name=$(basename "$file" .c)
	if ! grep -qwF -- "$name" <<<"$known"; then
		echo "$file is run by nothing (CTest does not know $name)"
		bad=1
	fi
done
for file in handlers/*.bpf.c; do
	name=$(basename "$file" .bpf.c)
	case $name in
	dispatch | store | defaults | event_*) continue ;;
	esac
	[ -e "unit/test_handler_$name.c" ] || { echo "missing unit/test_handler_$name.c"; bad=1; }
done
for file in policies/*.bpf.c; do
	name=$(basename "$file" .bpf.c)
	[ -e "unit/test_policy_$name.c" ] || { echo "missing unit/test_policy_$name.c"; bad=1; }
done
# What the VM suites consist of has to be named by their runners, or be a runner.
for file in unit/mount/*.py unit/fs/*.py unit/kernel/*.py unit/kernel/*.c; do
	[ -e "$file" ] || continue
	name=$(basename "$file")
	case $name in run.py) continue ;; esac
	if ! grep -rqwF --exclude="$name" --include='*.py' --include='*.[ch]' -- "${name%%.*}" \
		unit/mount unit/fs unit/kernel; then
		echo "$file is used by nothing"
		bad=1
	fi
done
exit $bad
