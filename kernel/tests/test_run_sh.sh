#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests kernel/run.sh: what it exits with for every way a run can end, and what it leaves on stdout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run=$here/../run.sh
logs=${1:-$here/../../build/test-logs/run_sh}
failed=0

mkdir -p "$logs"
image=$("$here/../build.sh" 2>"$logs/build.log" | tail -n 1)
debug_image=$("$here/../build.sh" --debug 2>"$logs/build-debug.log" | tail -n 1)

pass() { printf 'PASS kernel/%s\n' "$1"; }
fail() {
	printf 'FAIL kernel/%s (log %s)\n' "$1" "$2"
	failed=1
}

# expect NAME CODE STDOUT ARGUMENT...: the exit code of run.sh, and its stdout to the byte.
expect() {
	local name=$1 code=$2 text=$3 log=$logs/$1 got=0
	shift 3
	"$run" --out "$log" "$@" >"$log.out" 2>"$log.log" </dev/null || got=$?
	printf 'exit %s, expected %s\n' "$got" "$code" >>"$log.log"
	if [ "$got" = "$code" ] && [ "$(cat "$log.out")" = "$text" ]; then
		pass "$name"
	else
		cat "$log/kernel.log" >>"$log.log" 2>/dev/null || true
		fail "$name" "$log.log"
	fi
}

splat() { printf 'insmod %s/splat.ko kind=%s' "$(dirname "$1")" "$2"; }

expect run_sh_returns_the_commands_code 7 hello --timeout 120 -- sh -c 'echo hello; echo no >&2; exit 7'
# The VM's shell expands it.
# shellcheck disable=SC2016
EXTFUSE_TEST="d e" \
	expect run_sh_keeps_arguments_and_variables 0 "a 'b\" c|d e" --timeout 120 \
	-- sh -c 'printf "%s|%s\n" "$1" "$EXTFUSE_TEST"' sh "a 'b\" c"
expect run_sh_stdin_is_empty 0 0 --timeout 120 -- sh -c 'wc -c'
expect run_sh_works_in_the_same_directory 0 "$PWD" --timeout 120 -- pwd
expect run_sh_returns_124_on_timeout 124 '' --timeout 20 -- sleep 100
expect run_sh_returns_122_on_warn 122 '' --timeout 120 -- sh -c "$(splat "$image" warn)"
expect run_sh_returns_122_on_panic 122 '' --timeout 120 -- sh -c "$(splat "$image" oops)"
expect run_sh_gives_that_many_cpus 0 2 --timeout 120 --smp 2 -- nproc
expect run_sh_returns_122_on_kasan_report 122 '' --debug --timeout 240 -- \
	sh -c "$(splat "$debug_image" kasan)"
expect run_sh_returns_122_on_lockdep_report 122 '' --debug --timeout 240 -- \
	sh -c "$(splat "$debug_image" lockdep)"

# Where the guest measures its counter itself, it fails on a machine as busy as this and has jiffies.
hogs=()
for _ in 1 2 3 4 5 6 7 8; do
	setpriv --pdeathsig KILL sh -c 'while :; do :; done' &
	hogs+=($!)
done
expect run_sh_has_a_fine_clock_on_a_busy_machine 0 fine --timeout 240 -- \
	sh -c 'grep -q jiffies /sys/devices/system/clocksource/clocksource0/current_clocksource || echo fine'
kill -KILL "${hogs[@]}"
wait "${hogs[@]}" 2>/dev/null || true

# 4 MB through a pipe that is read at leisure: nothing may be lost at the VM's end.
expect run_sh_passes_on_all_of_stdout 0 "$(head -c 4000000 /dev/zero | tr '\0' x)" --timeout 120 -- \
	sh -c 'head -c 4000000 /dev/zero | tr "\0" x'

# A checkout below /tmp is seen by the VM; what it writes stays only below --out.
below_tmp=$(mktemp -d /tmp/extfuse-test.XXXXXX)
echo seen >"$below_tmp/file"
expect run_sh_sees_files_below_tmp 0 seen --timeout 120 -- \
	sh -c "cat $below_tmp/file; echo x >$below_tmp/lost; echo x >'$logs/run_sh_sees_files_below_tmp/kept'"
name=run_sh_keeps_writes_below_out_only
if [ ! -e "$below_tmp/lost" ] && [ -e "$logs/run_sh_sees_files_below_tmp/kept" ]; then
	pass "$name"
else
	fail "$name" "$logs/run_sh_sees_files_below_tmp.log"
fi
rm -rf "$below_tmp"

# Two VMs make the same folders at the same time: each folder is made by one of them, and both make some.
run_sh_shares_a_folder() {
	local name=$1 log=$logs/$1 vm made
	rm -rf "$log"
	for vm in 1 2; do
		# The VM's shell expands it.
		# shellcheck disable=SC2016
		"$run" --out "$log/$vm" --share "$log/shared" --timeout 120 -- sh -c '
			cd "$1" && touch "here-$2"
			until [ -e "here-$3" ]; do sleep 0.1; done
			for n in $(seq 100); do mkdir "made-$n" 2>/dev/null && echo "$n" && sleep 0.1; done; true' \
			sh "$log/shared" "$vm" $((3 - vm)) >"$log.$vm.out" 2>"$log.$vm.log" </dev/null &
	done
	wait
	made=$(cat "$log".[12].out | sort -n | tr '\n' ' ')
	cat "$log.1.log" "$log.2.log" "$log.1.out" "$log.2.out" >"$log.log"
	if [ "$made" = "$(seq -s ' ' 100) " ] && [ -e "$log/shared/made-100" ] &&
		[ -s "$log.1.out" ] && [ -s "$log.2.out" ]; then
		pass "$name"
	else
		fail "$name" "$log.log"
	fi
}
run_sh_shares_a_folder run_sh_shares_a_folder_among_vms

# run_sh_killed NAME SIGNAL: qemu must be gone shortly after.
run_sh_killed() {
	local name=$1 log=$logs/$1 runner vm=
	"$run" --out "$log" --timeout 120 -- sleep 100 >"$log.log" 2>&1 </dev/null &
	runner=$!
	for _ in {1..100}; do
		vm=$(pgrep -P "$runner" -f qemu-system) && break
		sleep 0.1
	done
	sleep 1
	kill "-$2" "$runner"
	wait "$runner" 2>/dev/null || true
	for _ in {1..100}; do
		# A zombie is gone, too: whether it is reaped is not up to run.sh.
		if [ -n "$vm" ] && ! grep -q '^State:[^Z]*$' "/proc/$vm/status" 2>/dev/null; then
			pass "$name"
			return
		fi
		sleep 0.1
	done
	fail "$name" "$log.log"
}
run_sh_killed run_sh_leaves_no_vm_when_terminated TERM
run_sh_killed run_sh_leaves_no_vm_when_killed KILL

# Keys are typed once the prompt is there: what comes earlier nobody reads.
run_sh_interactive() {
	local name=$1 log=$logs/$1 keys got=0 terminal
	rm -f "$log.keys"
	mkfifo "$log.keys"
	exec {keys}<>"$log.keys"
	timeout 240 script -qefc "$(printf '%q ' "$run" --out "$log" --interactive)" "$log.log" \
		<"$log.keys" >/dev/null 2>&1 &
	terminal=$!
	until grep -qa '# $' "$log.log" 2>/dev/null || ! kill -0 "$terminal" 2>/dev/null; do
		sleep 0.2
	done
	# That shell is to expand it.
	# shellcheck disable=SC2016
	printf 'echo "sum $((40 + 2)) on $(tty)"; exit 3\n' >&"$keys"
	wait "$terminal" || got=$?
	exec {keys}>&-
	printf 'exit %s, expected 3\n' "$got" >>"$log.log"
	if [ "$got" = 3 ] && grep -qa 'sum 42 on /dev/tty' "$log.log"; then
		pass "$name"
	else
		fail "$name" "$log.log"
	fi
}
run_sh_interactive run_sh_has_an_interactive_shell

no_kernel=$logs/no-kernel
printf 'not a kernel\n' >"$no_kernel"
EXTFUSE_KERNEL=$no_kernel EXTFUSE_BOOT_TIMEOUT=15 \
	expect run_sh_returns_125_without_a_kernel 125 '' --timeout 60 -- true

exit "$failed"
