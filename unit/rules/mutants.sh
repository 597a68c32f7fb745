#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: each planted bug can be planted: its patch applies to the sources as they are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bad=0
for patch in unit/stress/mutants/*.patch; do
	# No fuzz: a patch that applies elsewhere plants another bug.
	if ! out=$(patch -p1 --dry-run -s -F0 <"$patch" 2>&1); then
		printf '%s does not apply:\n%s\n' "$patch" "$out"
		bad=1
	fi
done
exit $bad
