#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the model: all lines of runs.list, or those whose name matches a pattern. Exit 1 if a result is not as expected.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

pattern=${1:-*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# one NAME EXPECTED FLAGS...
one() {
	local name=$1 want=$2 start=$EPOCHREALTIME result=ok seconds states
	local dir=$work/$name
	shift 2
	mkdir -p "$dir"
	if ! (cd "$dir" && cp "$OLDPWD/protocol.pml" . && spin -a "$@" protocol.pml &&
		gcc -O2 -w -DSAFETY -DVECTORSZ=1024 -DMEMLIM=6000 -o pan pan.c) >"$dir/log" 2>&1; then
		printf '%-36s %-4s cannot be built\n' "$name" "$want"
		tail -n 5 "$dir/log"
		bad=1
		return
	fi
	(cd "$dir" && timeout 300 ./pan -m200000 -w26 -E) >"$dir/out" 2>&1
	if grep -q 'assertion violated' "$dir/out"; then
		result=bug
	elif ! grep -q 'errors: 0' "$dir/out" ||
		grep -qE 'not completed|max search depth too small' "$dir/out"; then
		result=incomplete
	fi
	seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
	states=$(awk '/states, stored/ { print $1; exit }' "$dir/out")
	if [ "$result" != "$want" ]; then
		result="$result (!)"
		bad=1
	fi
	printf '%-36s %-4s %-10s %10s %6s  %s\n' "$name" "$want" "$result" "$states" "$seconds" "$*"
	rm -rf "$dir"
}

printf '%-36s %-4s %-10s %10s %6s  %s\n' name want result states s flags
while read -r name want flags; do
	case $name in
	'' | '#'*) continue ;;
	esac
	# shellcheck disable=SC2053 # a pattern
	[[ $name == $pattern ]] || continue
	read -ra words <<<"$flags"
	one "$name" "$want" "${words[@]}"
done <runs.list
[ "$bad" = 0 ] && echo 'all as expected'
exit "$bad"
