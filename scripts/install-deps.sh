#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian 12 packages that the named groups need: build, kernel, test, demo, bench
# (default: all).
set -euo pipefail

declare -A groups=(
	[build]="gcc libc6-dev make cmake pkg-config clang llvm libbpf-dev libelf-dev zlib1g-dev
		libfuse3-dev fuse3 libcmocka-dev bpftool git ca-certificates gawk
		linux-source-6.12 xz-utils patch rsync dpkg-dev file"
	[kernel]="linux-source-6.12 build-essential flex bison bc libelf-dev libssl-dev cpio kmod
		xz-utils rsync python3 perl qemu-system-x86 seabios util-linux mount iproute2 patch
		procps sparse file"
	[test]="clang-format clang-tidy shellcheck libclang-rt-14-dev attr acl libcap2-bin
		e2fsprogs strace sqlite3 stress-ng spin bc python3 libpython3.11-testsuite git tar rsync
		groff-base debootstrap dpkg-dev file"
	[demo]="git python3 findutils grep gcc make"
	[bench]="gnuplot-nox fio rsync"
)

say() { printf 'scripts/install-deps.sh: %s\n' "$*" >&2; }

wanted=()
[ $# -gt 0 ] || set -- build kernel test demo bench
for group; do
	if [ -z "${groups[$group]:-}" ]; then
		say "unknown group '$group'; known: build kernel test demo bench"
		exit 2
	fi
	read -r -d '' -a names <<<"${groups[$group]}" || true
	wanted+=("${names[@]}")
done

missing=()
for package in "${wanted[@]}"; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
	[ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		say "needs root to install: ${missing[*]}"
		exit 1
	fi
	root=(sudo)
fi

say "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update -q >&2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 || {
		say "failed; linux-source-6.12 comes from bookworm-security, which must be among apt's sources"
		exit 1
	}
