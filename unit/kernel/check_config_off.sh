#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without CONFIG_EXTFUSE every object of fs/fuse has the text of the unpatched tree's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=unit/lib/kernel-tree.sh
. "$here/../lib/kernel-tree.sh"

tree=$("$root/kernel/build.sh" --tree | tail -n 1)
base=$("$root/kernel/build.sh" --base-tree | tail -n 1)
build_side() {
	kernel_config "$1" "$2" '# CONFIG_EXTFUSE is not set'
	if grep -q '^CONFIG_EXTFUSE=' "$2/.config"; then
		echo 'EXTFUSE is on'
		exit 1
	fi
	kernel_make "$1" "$2" fs/fuse/
}
build_side "$base" "$cache/test-base"
build_side "$tree" "$cache/test-tree"

# All that is executed, section by section, with the places where addresses will go.
text_of() {
	objdump -h "$1" | awk '$2 ~ /^\.(text|init\.text|exit\.text|noinstr\.text)/ { print $2 }' | sort |
		while IFS= read -r section; do
			echo "== $section"
			objdump -s -j "$section" "$1" | tail -n +4
			objdump -r -j "$section" "$1" | awk '$2 ~ /^R_/ { print $1, $2, $3 }'
		done
}

bad=0 compared=0
for object in "$cache/test-base"/fs/fuse/*.o; do
	name=$(basename "$object")
	case $name in built-in.o | *.mod.o) continue ;; esac
	other=$cache/test-tree/fs/fuse/$name
	[ -e "$other" ] || { echo "$name is missing in the patched tree"; bad=1; continue; }
	if ! diff <(text_of "$object") <(text_of "$other") >/dev/null; then
		echo "$name differs:"
		diff <(text_of "$object") <(text_of "$other") | head -n 20 || true
		bad=1
	fi
	compared=$((compared + 1))
done
for object in "$cache/test-tree"/fs/fuse/*.o; do
	[ -e "$cache/test-base/fs/fuse/$(basename "$object")" ] || { echo "$(basename "$object") is new"; bad=1; }
done
echo "$compared objects compared"
[ "$compared" -ge 8 ] || bad=1
exit $bad
