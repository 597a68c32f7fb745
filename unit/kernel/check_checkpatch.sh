#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# checkpatch --strict has nothing to say about the patches and the new files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=$(kernel/build.sh --tree | tail -n 1)
here=$PWD
cd "$tree"
bad=0
judge() {
	local out
	out=$(perl scripts/checkpatch.pl --strict --no-color "$@" 2>&1) || true
	if ! grep -q '^total: 0 errors, 0 warnings, 0 checks' <<<"$out"; then
		printf '%s\n' "$out"
		bad=1
	fi
}
for patch in "$here"/kernel/patches/*.patch; do
	case $patch in
	*/0000-*) continue ;;
	esac
	judge "$patch"
done
while IFS= read -r -d '' file; do
	judge -f "$here/$file"
done < <(cd "$here" && find kernel/src -type f -print0)
exit $bad
