#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The series applies to the base in order, each hunk where it says, and adds no file that src/ has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

base=$(kernel/build.sh --base-tree | tail -n 1)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0
for patch in kernel/patches/000[1-9]*.patch; do
	while IFS= read -r file; do
		[ ! -e "$base/$file" ] || [ -e "$scratch/$file" ] ||
			{ mkdir -p "$scratch/$(dirname "$file")" && cp "$base/$file" "$scratch/$file"; }
		if [ -e "kernel/src/$file" ]; then
			echo "$patch changes $file, which kernel/src has"
			bad=1
		fi
	done < <(sed -nE 's,^(---|\+\+\+) [ab]/([^\t]*).*,\2,p' "$patch" | sort -u)
	out=$(LC_ALL=C patch -d "$scratch" -p1 --fuzz=0 --batch --forward --no-backup-if-mismatch <"$patch") || bad=1
	printf '%s\n' "$out"
	if grep -qE 'offset|fuzz|FAILED|Reversed' <<<"$out"; then
		echo "$patch does not apply as it is"
		bad=1
	fi
	for line in '^From: ExtFUSE project <extfuse@localhost>$' \
		'^Signed-off-by: ExtFUSE project <extfuse@localhost>$' '^Subject: \[PATCH'; do
		grep -qE "$line" "$patch" || { echo "$patch has no line $line"; bad=1; }
	done
done
ls kernel/patches/0000-*.patch >/dev/null || bad=1
exit $bad
