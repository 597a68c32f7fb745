#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the kernel with each of some patches on top of the series; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
	cat <<-'END'
	usage: scripts/patched-kernels.sh PREFIX MODE:PATCH...
	       scripts/patched-kernels.sh --check PATCH...  only see whether they apply
	MODE is normal or debug. Leaves the kernel with NAME.patch in PREFIXNAME.bzImage, or why there is none in
	PREFIXNAME.build.log, and then PREFIXNAME.built. What kernel/build.sh built is taken over, so that a
	patch costs the compilation of what it changes; it finds its own files as it left them.
	EXTFUSE_JOBS: how many compilers run at a time.
	END
}

# shellcheck source=scripts/patches.sh
. "$root/scripts/patches.sh"
driver='the patched kernel tree'

case ${1:-} in
'' | -h | --help)
	usage
	[ $# -gt 0 ] || exit 2
	exit 0
	;;
--check)
	shift
	tree=$("$root/kernel/build.sh" --tree | tail -n 1)
	check "$tree" "$driver" "$@" || exit 1
	exit 0
	;;
esac
prefix=$(realpath -m "$1")
# Where the prefix is a folder.
[[ $1 != */ ]] || prefix+=/
shift
mkdir -p "$(dirname "${prefix}x")"
modes=
for row; do
	mode=${row%%:*}
	case " $modes " in *" $mode "*) ;; *) modes+=" $mode" ;; esac
done

declare -A image=()
for mode in $modes; do
	flags=()
	[ "$mode" = normal ] || flags=(--debug)
	image[$mode]=$("$root/kernel/build.sh" "${flags[@]}" | tail -n 1)
done
tree=$("$root/kernel/build.sh" --tree | tail -n 1)
work=$(dirname "$tree")
copy=$work/patched
mkdir -p "$copy"
exec {lock}>>"$copy/lock"
flock "$lock"
rm -rf "$copy/tree" "$copy"/obj-*
trap 'rm -rf "$copy/tree" "$copy"/obj-*' EXIT
exec {shared}>>"$work/tree.lock"
flock -s "$shared"
# Hard links, except for what will be changed.
cp -al "$tree" "$copy/tree"
rm -rf "$copy/tree/fs/fuse"
cp -a "$tree/fs/fuse" "$copy/tree/fs/"
for mode in $modes; do
	cp -a "$work/obj-$mode" "$copy/"
	# Other paths would be other commands, and all would be compiled again.
	find "$copy/obj-$mode" -name '*.cmd' -exec sed -i "s,$work/\(tree\|obj-$mode\),$copy/\1,g" {} +
	ln -sfn "$copy/tree" "$copy/obj-$mode/source"
	# Another checkout may have built there since, with another configuration.
	cmp -s "$(dirname "${image[$mode]}")/config" "$copy/obj-$mode/.config" ||
		cp "$(dirname "${image[$mode]}")/config" "$copy/obj-$mode/.config"
done
exec {shared}>&-

# build MODE: the same stamps as kernel/build.sh's, for the same reason.
build() {
	KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=extfuse KBUILD_BUILD_HOST=extfuse \
		KBUILD_BUILD_VERSION=1 LC_ALL=C MAKEFLAGS='' \
		make -C "$copy/tree" ARCH=x86 -j"${EXTFUSE_JOBS:-$(nproc)}" O="$copy/obj-$1" bzImage
}

bad=0
for row; do
	mode=${row%%:*}
	patch=${row#*:}
	out=$prefix$(basename "$patch" .patch)
	rm -f "$out.bzImage" "$out.built"
	if ! check "$copy/tree" "$driver" "$patch" 2>"$out.build.log"; then
		cat "$out.build.log" >&2
		bad=1
	else
		patch -d "$copy/tree" -p1 -s -F0 <"$patch"
		if build "$mode" >"$out.build.log" 2>&1; then
			cp "$copy/obj-$mode/arch/x86/boot/bzImage" "$out.bzImage"
			rm "$out.build.log"
		else
			say "$patch does not build (log $out.build.log)"
			bad=1
		fi
		patch -d "$copy/tree" -p1 -s -R -F0 <"$patch"
	fi
	touch "$out.built"
done
exit "$bad"
