#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: what is a patch against the sources applies to them as they are: planted bugs, and steps taken out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bad=0
# Those of the driver are checked where its tree is: unit/kernel/check_mutants_apply.sh.
mapfile -t steps < <(grep -L '^--- a/fs/' bench/steps/*.patch)
scripts/patched-objects.sh --check unit/stress/mutants/*.patch "${steps[@]}" || bad=1
# What is not listed is never measured.
diff <(sed -nE 's/^([^# ]+) .+/\1/p' bench/steps/list | sort) \
	<(basename -a -s .patch bench/steps/*.patch | sort) || bad=1
exit $bad
