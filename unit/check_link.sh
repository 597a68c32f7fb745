#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Links all handlers with each legal combination of policies, as the library does, and each illegal one.
#   check_link.sh BUILD_DIR
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

say() {
	printf '%s\n' "$*"
	bad=1
}

handlers=()
for object in "$build"/handlers/*.bpf.o; do
	case $(basename "$object" .bpf.o) in
	dispatch | store | defaults) ;;
	*) handlers+=("$object") ;;
	esac
done

# link POLICIES: in the library's order; policies come first, so that they win over the defaults.
link() {
	local policies=() policy
	for policy in ${1//+/ }; do
		policies+=("$build/policies/$policy.bpf.o")
	done
	bpftool gen object "$work/$1.o" "${policies[@]}" "${handlers[@]}" \
		"$build/handlers/dispatch.bpf.o" "$build/handlers/store.bpf.o" \
		"$build/handlers/defaults.bpf.o" >"$work/log" 2>&1
}

legal() {
	local undefined
	if ! link "$1"; then
		say "$1 does not link: $(cat "$work/log")"
		return
	fi
	undefined=$(readelf -sW "$work/$1.o" 2>/dev/null |
		awk '$5 == "GLOBAL" && $7 == "UND" { print $8 }')
	[ -z "$undefined" ] || say "$1 leaves undefined: $undefined"
}

illegal() {
	if link "$1"; then
		say "$1 links, and should conflict"
	elif ! grep -q 'conflicting non-weak symbol' "$work/log"; then
		say "$1 fails otherwise than with a conflict: $(cat "$work/log")"
	fi
}

all=()
for object in "$build"/policies/*.bpf.o; do
	all+=("$(basename "$object" .bpf.o)")
done
for policy in "${all[@]}"; do
	legal "$policy"
done
for pair in ttl+lru ttl+writeinval writeinval+lru ttl+writeinval+lru lease+lru lease+writeinval \
	s3fifo+writeinval; do
	legal "$pair"
done
for policy in ttl lru writeinval; do
	illegal "never+$policy"
	illegal "$policy+never"
done
# Both have their own mark of each row, or shape.
for pair in lease+ttl ttl+lease s3fifo+ttl s3fifo+lru s3fifo+lease; do
	illegal "$pair"
done

# The library finds what it links through /proc, and says so when there is none. What the sanitizers
# say about that begins with ==.
mkdir "$work/src" "$work/mnt"
flags=(--mount)
[ "$(id -u)" -eq 0 ] || flags+=(--map-root-user)
code=0
# shellcheck disable=SC2016 # of the inner shell
said=$(EXTFUSE_OBJECT_PATH=$build ASAN_OPTIONS=detect_leaks=0 unshare "${flags[@]}" sh -c 'mount -t tmpfs none /proc && exec "$@"' sh \
	"$build/bin/stackfs" -f -o policy=ttl "$work/src" "$work/mnt" 2>&1) || code=$?
said=$(grep -v '^==' <<<"$said")
[ "$code" -eq 1 ] || say "stackfs without /proc: exit $code"
[ "$said" = 'stackfs: cannot link the objects: /proc is missing; mount it: mount -t proc proc /proc' ] ||
	say "stackfs without /proc says: $said"
exit "$bad"
