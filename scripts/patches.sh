# SPDX-License-Identifier: GPL-2.0-only
# What the builders of patched programs and patched kernels have in common; to be sourced.
# shellcheck shell=bash

say() { printf 'scripts/%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() {
	say "$@"
	exit 1
}

# check FOLDER WHAT PATCH...: whether they apply to the folder, which is called so. No fuzz: a patch that
# applies elsewhere is another one.
check() {
	local folder=$1 what=$2 patch bad=0
	shift 2
	for patch; do
		[ -f "$patch" ] || die "there is no $patch"
		patch -d "$folder" -p1 --dry-run --batch --forward -s -F0 <"$patch" >/dev/null 2>&1 || {
			say "$patch does not apply to $what"
			bad=1
		}
	done
	return "$bad"
}
