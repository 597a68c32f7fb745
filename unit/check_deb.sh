#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The Debian package installs in a minimal Debian 12, and what it brings runs there.
#   check_deb.sh UAPI_DIR
# The minimal system is made once, by debootstrap, and kept in ${EXTFUSE_CACHE:-~/.cache/extfuse}.
set -euo pipefail
# Pipes into grep have no -q: the other side would end of SIGPIPE.

root=$(cd "$(dirname "$0")/.." && pwd)
uapi=$1
mirror=http://deb.debian.org/debian
suite=bookworm
cache=${EXTFUSE_CACHE:-$HOME/.cache/extfuse}
base=$cache/minbase-$suite-$(dpkg --print-architecture).tar

if [ "$(id -u)" -ne 0 ]; then
	echo 'needs root for chroot'
	exit 77
fi
work=$(mktemp -d)
system=$work/system
trap 'rm -rf --one-file-system "$work"' EXIT
bad=0

say() {
	printf '%s\n' "$*"
	bad=1
}

# Whatever this machine needs to reach the mirror.
use_hosts_apt() {
	cp /etc/apt/apt.conf.d/* "$1/etc/apt/apt.conf.d/" 2>/dev/null || true
	cp /etc/resolv.conf "$1/etc/" 2>/dev/null || true
}

if [ ! -s "$base" ]; then
	debootstrap --variant=minbase "$suite" "$work/new" "$mirror"
	rm -rf "$work"/new/var/cache/apt/archives/*.deb
	mkdir -p "$cache"
	tar -C "$work/new" -cf "$base.$$" .
	mv "$base.$$" "$base"
	rm -rf --one-file-system "$work/new"
fi

# As a packager does it: the prefix is /usr, nothing is tested, nothing sanitized.
cmake -S "$root" -B "$work/build" -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=Release \
	-DBUILD_TESTING=OFF -DEXTFUSE_UAPI_DIR="$uapi"
cmake --build "$work/build" --parallel "$(nproc)"
(cd "$work/build" && cpack)
packages=("$work"/build/extfuse_*.deb)
if [ ${#packages[@]} -ne 1 ] || [ ! -s "${packages[0]}" ]; then
	say 'cpack made no package'
	exit 1
fi

mkdir "$system"
tar -C "$system" -xf "$base"
use_hosts_apt "$system"
cp "${packages[0]}" "$system/extfuse.deb"

# in_system COMMAND...: with no more than the package's own environment.
in_system() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		chroot "$system" "$@" </dev/null
}
in_system apt-get update -q
in_system apt-get install -y -q --no-install-recommends /extfuse.deb
in_system dpkg -s extfuse
in_system dpkg --audit

# Each binary runs, and finds what it was installed with.
in_system extfuse --version || say 'extfuse --version fails'
in_system stackfs --version || say 'stackfs --version fails'
in_system extfuse policies >"$work/policies" || say 'extfuse policies fails'
for policy in "$root"/policies/*.bpf.c; do
	policy=$(basename "$policy" .bpf.c)
	grep -qx "$policy" "$work/policies" || say "extfuse policies does not list $policy"
done
in_system extfuse handlers | grep '^LOOKUP ' >/dev/null || say 'extfuse handlers does not list LOOKUP'
in_system extfuse new policy mine /root/mine || say 'extfuse new fails'
[ -s "$system/root/mine/mine.bpf.c" ] || say 'extfuse new writes nothing'
in_system ldconfig -p | grep 'libextfuse.so.0 ' >/dev/null || say 'ldconfig does not know libextfuse'
in_system test -x /sbin/mount.fuse3 || say 'mount.fuse3 did not come along'
# The policy is found and fits; the mount itself is another matter in a chroot.
mkdir "$system/root/src" "$system/root/mnt"
in_system stackfs -o policy=nosuch /root/src /root/mnt 2>"$work/refusal" && say 'policy=nosuch is taken'
grep -q 'nosuch.*ttl' "$work/refusal" || say "refused otherwise: $(cat "$work/refusal")"
# So are the objects, linked by a program of their own: what comes next is the kernel's affair.
linker=$(find "$system/usr/lib" -name extfuse-link)
in_system test -x "${linker#"$system"}" || say 'extfuse-link cannot be run'
# It needs /proc, which goes with the mount namespace: nothing is mounted here.
tries() {
	# shellcheck disable=SC2016 # expanded by the other shell
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 unshare --mount --propagation private \
		sh -c 'mount -t proc proc "$1/proc" && chroot "$1" \
			stackfs -o policy=ttl,extfuse=require /root/src /root/mnt && umount "$1/root/mnt"' \
		sh "$system" \
		</dev/null 2>"$work/refusal"
}
if ! tries; then
	grep -q '^stackfs: extfuse=require: ' "$work/refusal" || say "did not link: $(cat "$work/refusal")"
fi
mv "$linker" "$linker.away"
if tries || grep -q '^stackfs: extfuse=require: ' "$work/refusal"; then
	say "does without extfuse-link: $(cat "$work/refusal")"
fi
mv "$linker.away" "$linker"

in_system apt-get remove -y -q extfuse
left=$(find "$system/usr" -path '*extfuse*' ! -path '*/share/doc/*' | head)
[ -z "$left" ] || say "left behind: $left"
exit "$bad"
