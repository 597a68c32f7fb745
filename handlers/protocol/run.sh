#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the model: run.sh [--full] [PATTERN]: all lines of runs.list, or those whose name matches a pattern; with --full also
# those that are marked so. Exit 1 if a result is not as expected, or if fewer states were searched than the list says.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

full=
limit=300
if [ "${1:-}" = --full ]; then
	full=yes
	limit=7200
	shift
fi
pattern=${1:-*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# one NAME EXPECTED STATES FLAGS...
one() {
	local name=$1 want=$2 least=$3 start=$EPOCHREALTIME result=ok seconds states optimize=-O0
	local dir=$work/$name
	shift 3
	mkdir -p "$dir"
	# Where few states are searched the compiler takes longer than the search.
	[ "$want" = ok ] && [ "$least" -gt 200000 ] && optimize=-O1
	if ! (cd "$dir" && cp "$OLDPWD"/*.pml . && spin -a "$@" protocol.pml &&
		gcc "$optimize" -w -DSAFETY -DVECTORSZ=1024 -DMEMLIM=6000 -o pan pan.c) >"$dir/log" 2>&1; then
		printf '%-36s %-4s cannot be built\n' "$name" "$want"
		tail -n 5 "$dir/log"
		bad=1
		return
	fi
	(cd "$dir" && timeout "$limit" ./pan -m200000 -w24 -E) >"$dir/out" 2>&1
	if grep -q 'assertion violated' "$dir/out"; then
		result=bug
	elif ! grep -q 'errors: 0' "$dir/out" ||
		grep -qE 'not completed|max search depth too small' "$dir/out"; then
		result=incomplete
	fi
	seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
	states=$(awk '/states, stored/ { printf "%d", $1; exit }' "$dir/out")
	# A model that explores nothing proves nothing.
	if [ "$result" = ok ] && [ "${states:-0}" -lt "$least" ]; then
		result='too few'
	fi
	if [ "$result" != "$want" ]; then
		result="$result (!)"
		bad=1
	fi
	printf '%-36s %-4s %-10s %10s %6s  %s\n' "$name" "$want" "$result" "$states" "$seconds" "$*"
	rm -rf "$dir"
}

printf '%-36s %-4s %-10s %10s %6s  %s\n' name want result states s flags
ran=0
while read -r name want least flags; do
	case $name in
	'' | '#'*) continue ;;
	esac
	case $want in
	full-*)
		[ -n "$full" ] || continue
		want=${want#full-}
		;;
	esac
	# shellcheck disable=SC2053 # a pattern
	[[ $name == $pattern ]] || continue
	read -ra words <<<"$flags"
	one "$name" "$want" "$least" "${words[@]}"
	ran=$((ran + 1))
done <runs.list
if [ "$ran" = 0 ]; then
	echo "no run is called $pattern"
	exit 1
fi
[ "$bad" = 0 ] && echo 'all as expected'
exit "$bad"
