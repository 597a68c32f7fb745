#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Packs real trees for demo.sh and bench/run.sh, as they come from the package linux-source-6.12.
set -euo pipefail

usage() {
	cat <<-'END'
	usage: scripts/make-tree.sh work FILE [PART...]
	       scripts/make-tree.sh archive|kernel FILE
	  work     some 2,000 files of the kernel's source, or these directories of it, committed to a
	           git repository
	  archive  one directory of them
	  kernel   what `make tinyconfig` and making a few directories read, with the tools that they
	           run (scripts/, tools/objtool) compiled
	Writes a tar archive to FILE.
	END
}

if [ $# -lt 2 ] || { [ $# -gt 2 ] && [ "$1" != work ]; }; then
	usage >&2
	exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
file=$(realpath -m "$2")
base=$("$here/kernel/build.sh" --base-tree | tail -n 1)

# pack PART...
pack() { tar -C "$base" --sort=name -cf - "$@"; }

repository() {
	local work
	local -x GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	work=$(mktemp -d "$file.XXXXXX")
	# shellcheck disable=SC2064 # its name is known now
	trap "rm -rf '$work'" EXIT
	[ $# -gt 0 ] || set -- crypto include/uapi scripts tools/arch tools/build tools/include tools/lib \
		tools/scripts
	pack "$@" |
		tar -C "$work" -xf -
	git -C "$work" init -q --initial-branch=main --template= .
	git -C "$work" add --force .
	git -C "$work" -c user.name=demo -c user.email=demo@localhost -c commit.gpgsign=false \
		commit -q -m tree
	git -C "$work" repack -q -a -d
	tar -C "$work" -cf "$file" .
}

# All of the Kconfig files, and the directories that are compiled or included.
kernel() {
	local work
	local -a parts=(Makefile Kbuild arch/x86 include init kernel lib mm scripts tools/arch/x86
		tools/build tools/include tools/lib tools/objtool tools/scripts)
	work=$(mktemp -d "$file.XXXXXX")
	# shellcheck disable=SC2064 # its name is known now
	trap "rm -rf '$work'" EXIT
	(
		cd "$base"
		find . -type f \( -name 'Kconfig*' -o -name 'Makefile*' -o -name 'Kbuild*' \)
		printf './%s\n' "${parts[@]}"
	) | tar -C "$base" -cf - --files-from=- | tar -C "$work" -xf -
	make -s -C "$work" -j "$(nproc)" tinyconfig prepare >&2
	tar -C "$work" -cf "$file" .
}

case $1 in
work) repository "${@:3}" ;;
archive) pack crypto >"$file" ;;
kernel) kernel ;;
*)
	usage >&2
	exit 2
	;;
esac
