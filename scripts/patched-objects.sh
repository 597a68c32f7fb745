#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the BPF objects of the sources as they are and with each of some patches; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
	cat <<-'END'
	usage: scripts/patched-objects.sh FOLDER PATCH...   the objects with NAME.patch: FOLDER/objects/NAME;
	                                                    without any: FOLDER/objects/none
	       scripts/patched-objects.sh --check PATCH...  only see whether they apply
	Each patch alone is applied to a copy of the sources. EXTFUSE_JOBS: how many compilers run at a time.
	END
}

# shellcheck source=scripts/patches.sh
. "$root/scripts/patches.sh"
sources='the sources as they are'

case ${1:-} in
'' | -h | --help)
	usage
	[ $# -gt 0 ] || exit 2
	exit 0
	;;
--check)
	shift
	check "$root" "$sources" "$@" || exit 1
	exit 0
	;;
esac
folder=$(realpath -m "$1")
shift
check "$root" "$sources" "$@" || exit 1

# A copy, so that nobody ever finds a patch in the tree.
rm -rf "$folder"
mkdir -p "$folder/source" "$folder/objects"
(cd "$root" && git ls-files -z --cached --others --exclude-standard |
	tar --null --ignore-failed-read -cf - -T - 2>/dev/null) | tar -C "$folder/source" -xf -
cmake -S "$folder/source" -B "$folder/build" -DBUILD_TESTING=OFF >"$folder/configure.log"
mapfile -t targets < <(cmake --build "$folder/build" --target help |
	grep -oE '\bbpf_(handlers|policies)_[a-z0-9_]+' | sort -u)

# build NAME: leaves the objects.
build() {
	local kind log=$folder/$1.log
	cmake --build "$folder/build" --parallel "${EXTFUSE_JOBS:-$(nproc)}" --target "${targets[@]}" \
		>"$log" 2>&1 || die "$1 does not build (log $log)"
	for kind in handlers policies; do
		mkdir -p "$folder/objects/$1/$kind"
		cp "$folder/build/$kind"/*.bpf.o "$folder/objects/$1/$kind/"
	done
}

build none
for patch; do
	patch -d "$folder/source" -p1 -s -F0 <"$patch"
	build "$(basename "$patch" .patch)"
	patch -d "$folder/source" -p1 -s -R -F0 <"$patch"
done
