#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs what the tests need, builds everything and runs the tests; see usage().
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
cd "$root" || exit 1
logs=$root/build/test-logs
all_tiers=(unit kernel mount fs)

usage() {
	cat <<-'END'
	usage: ./test.sh [--tier unit|kernel|mount|fs]... [--filter GLOB] [--debug] [--full]
	       ./test.sh --mutants
	       ./test.sh --kernel-mutants
	  --tier T       only this tier (may be repeated)
	  --filter GLOB  only tests whose name, with or without "TIER/", matches
	  --debug        VM tests on the kernel with KASAN and lockdep alone, with repetitions divided by
	                 EXTFUSE_TEST_SCALE (default 20, with --full 1). Without --debug those of the
	                 driver, of mounts and of workloads run there too, on one kind of mount at least
	  --full         the long forms too: long workloads, thousands of random programs, larger
	                 bounds of the model; every removed handler, and every test on each kind of
	                 mount. With --debug on one kind at least, and all handlers are there
	  --mutants      only this: each planted bug of unit/stress/mutants has to be found
	  --kernel-mutants  only this: the same for the driver's, in unit/kernel/mutants; each costs
	                 part of a kernel build
	One line a test on stdout: PASS tier/name, FAIL tier/name (log PATH), SKIP tier/name: reason.
	The last line is "N passed, N failed, N skipped". Progress and times go to stderr, logs to
	build/test-logs. A skip is a failure unless unit/allowed-skips lists it with its reason.
	Environment: EXTFUSE_TEST_MINUTES=N, begin no more tests in VMs after N minutes, wait for the
	debug kernel until half an hour before, and say what was skipped (default: all run).
	END
}

say() { printf 'test.sh: %s\n' "$*" >&2; }
die() {
	say "$@"
	exit 2
}

tiers=()
filter='*'
debug=
full=
mutants=
kernel_mutants=
while [ $# -gt 0 ]; do
	case $1 in
	--tier | --filter)
		[ $# -ge 2 ] || die "$1 needs a value"
		if [ "$1" = --filter ]; then
			filter=$2
		else
			case " ${all_tiers[*]} " in
			*" $2 "*) tiers+=("$2") ;;
			*) die "--tier $2: one of ${all_tiers[*]} is expected" ;;
			esac
		fi
		shift
		;;
	--debug) debug=yes ;;
	--full) full=yes ;;
	--mutants)
		tiers+=(fs)
		filter='mutant_*'
		mutants=yes
		;;
	--kernel-mutants)
		tiers+=(kernel)
		kernel_mutants=yes
		;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		die "unknown argument: $1"
		;;
	esac
	shift
done
[ ${#tiers[@]} -gt 0 ] || tiers=("${all_tiers[@]}")

# Neither a terminal's input nor a user's settings may change a result.
exec </dev/null
export LC_ALL=C.UTF-8 CTEST_OUTPUT_ON_FAILURE=1 PYTHONDONTWRITEBYTECODE=1
unset EXTFUSE_OBJECT_PATH MAKEFLAGS EXTFUSE_TEST_DEADLINE
if [ -n "${EXTFUSE_TEST_MINUTES:-}" ]; then
	[[ $EXTFUSE_TEST_MINUTES =~ ^[0-9]+$ ]] || die "EXTFUSE_TEST_MINUTES=$EXTFUSE_TEST_MINUTES: a number of minutes is expected"
	EXTFUSE_TEST_DEADLINE=$(($(date +%s) + 60 * 10#$EXTFUSE_TEST_MINUTES))
	export EXTFUSE_TEST_DEADLINE
fi

wants() { [[ " ${tiers[*]} " == *" $1 "* ]]; }
# Both "rename*" and "mount/rename*" select mount/rename[ttl].
selected() {
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $1 == $filter || ${1#*/} == $filter || ${1%%\[*} == $filter ]]
}

# ---- Results ----

passed=0 failed=0 skipped=0
# "NAME LOG" of each failure.
failures=()

# The file lists "PATTERN: reason"; both have to fit.
skip_allowed() {
	local pattern reason
	while IFS= read -r line; do
		case $line in '' | '#'*) continue ;; esac
		pattern=${line%%: *} reason=${line#*: }
		# shellcheck disable=SC2053 # a pattern is meant
		[[ $1 == $pattern && $2 == $reason ]] && return
	done <unit/allowed-skips
	return 1
}

# report PASS|FAIL|SKIP TIER/NAME [LOG or REASON]
report() {
	local log
	case $1 in
	PASS)
		passed=$((passed + 1))
		printf 'PASS %s\n' "$2"
		;;
	FAIL)
		failed=$((failed + 1))
		failures+=("$2 $3")
		printf 'FAIL %s (log %s)\n' "$2" "$3"
		# Who has only this output wants the cause too.
		tail -n 25 "$3" 2>/dev/null | sed 's/^/    /' >&2
		say "alone: ./test.sh --tier ${2%%/*} --filter '${2//[\[\]]/?}'"
		;;
	SKIP)
		if skip_allowed "$2" "$3"; then
			skipped=$((skipped + 1))
			printf 'SKIP %s: %s\n' "$2" "$3"
		else
			log=$logs/${2//\//.}.skip.log
			printf 'skipped, and unit/allowed-skips does not list it: %s\n' "$3" >"$log"
			report FAIL "$2" "$log"
		fi
		;;
	esac
}

# slow NAME START: says how long it took, if that is worth a line.
slow() { [ $((SECONDS - $2)) -lt 20 ] || say "$1: $(clock $((SECONDS - $2)))"; }

# in_time TIER/NAME [COMMAND...]: may that part, which has a VM of its own, still begin? If so, the
# command is run.
in_time() {
	if [ -n "${EXTFUSE_TEST_DEADLINE:-}" ] && [ "$(date +%s)" -gt "$EXTFUSE_TEST_DEADLINE" ]; then
		report SKIP "$1" 'the time for tests is over'
		return 1
	fi
	shift
	"$@"
}

# with_time SECONDS COMMAND...: the command, for which time is over so much later; earlier if negative.
with_time() {
	local more=$1
	shift
	[ -z "${EXTFUSE_TEST_DEADLINE:-}" ] || local -x EXTFUSE_TEST_DEADLINE=$((EXTFUSE_TEST_DEADLINE + more))
	"$@"
}

# check TIER/NAME COMMAND...: one test; exit 77 is a skip whose reason is the last line printed.
check() {
	local name=$1 log code=0 start=$SECONDS
	shift
	selected "$name" || return 0
	log=$logs/${name//\//.}.log
	"$@" >"$log" 2>&1 || code=$?
	slow "$name" "$start"
	case $code in
	0)
		report PASS "$name"
		rm -f "$log"
		;;
	77) report SKIP "$name" "$(tail -n 1 "$log")" ;;
	*)
		echo "exit $code" >>"$log"
		report FAIL "$name" "$log"
		;;
	esac
}

# suite TIER/NAME COMMAND...: a command that prints result lines itself. Whatever else it prints is
# its log; when it fails without having named a failure, or says nothing, the suite has failed.
suite() {
	local name=$1 log before line rest code=0 status lines=0 start=$SECONDS
	shift
	log=$logs/${name//\//.}.log
	status=$logs/.status
	before=$failed
	: >"$log"
	while IFS= read -r line; do
		case $line in
		'PASS '*/* | 'FAIL '*/* | 'SKIP '*/*:*)
			rest=${line#* }
			lines=$((lines + 1))
			case $line in
			PASS*) report PASS "$rest" ;;
			FAIL*)
				case $rest in
				*' (log '*')')
					line=${rest##* (log }
					report FAIL "${rest%% (log *}" "${line%)}"
					;;
				*) report FAIL "${rest%% *}" "$log" ;;
				esac
				;;
			SKIP*) report SKIP "${rest%%: *}" "${rest#*: }" ;;
			esac
			;;
		'oracle: '* | 'races: '* | 'host only: '* | 'vm: '*) say "$line" ;;
		*) printf '%s\n' "$line" >>"$log" ;;
		esac
	done < <(
		"$@" 2>>"$log"
		echo $? >"$status"
	)
	code=$(cat "$status")
	slow "$name" "$start"
	if [ "$code" -ne 0 ] && [ "$failed" -eq "$before" ] || { [ "$code" -eq 122 ] || [ "$code" -eq 124 ]; }; then
		printf '%s: exit %s\n' "$*" "$code" >>"$log"
		report FAIL "$name" "$log"
	elif [ "$lines" -eq 0 ] && { [ "$filter" = '*' ] || [ -n "$mutants" ]; }; then
		echo 'no test was run' >>"$log"
		report FAIL "$name" "$log"
	elif [ "$failed" -eq "$before" ]; then
		rm -f "$log"
	fi
}

# ---- Preparation ----

clock() { printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); }

# must TIER/NAME COMMAND...: without it nothing else makes sense.
must() {
	local name=$1 log=$logs/${1//\//.}.log start=$SECONDS
	shift
	say "${name#*/} ..."
	if ! "$@" >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		report FAIL "$name" "$log"
		finish
	fi
	say "${name#*/}: $(clock $((SECONDS - start)))"
	rm -f "$log"
}

# Process groups that run in the background.
background=()
kernel_jobs=
# shellcheck disable=SC2317 # called by the trap
stop_jobs() {
	local group
	for group in "${background[@]}"; do
		kill -TERM -- "-$group" 2>/dev/null
	done
}
trap stop_jobs EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Once more at the end, where they are looked for, with what the log says about each.
list_failures() {
	local failure name log
	for failure in "${failures[@]}"; do
		name=${failure%% *} log=${failure#* }
		say "failed: $name"
		name=${name#*/} name=${name%%[\[:]*}
		{ grep -aF "$name" "$log" || tail -n 8 "$log"; } 2>/dev/null | head -n 8 | cut -c1-300 |
			sed 's/^/    /' >&2
	done
}

finish() {
	local tier
	list_failures
	for tier in "${!took[@]}"; do
		say "time $tier: $(clock "${took[$tier]}")"
	done
	say "time in all: $(clock "$SECONDS")"
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	if [ $((passed + failed + skipped)) -eq 0 ]; then
		say "no test of these tiers is called '$filter'; ./test.sh prints the names that there are"
		exit 1
	fi
	if [ $((passed + failed)) -eq 0 ]; then
		say "all were skipped, which shows nothing"
		exit 1
	fi
	[ "$failed" -eq 0 ]
	exit
}

# One after the other: the first is wanted first.
build_kernels() {
	[ -z "${EXTFUSE_TEST_DEADLINE:-}" ] || end_builds &
	kernel/build.sh >"$logs/kernel-normal.path" 2>"$logs/kernel-normal.log"
	echo $? >"$logs/kernel-normal.code"
	[ -z "$1" ] || [ -e "$logs/kernel-debug.code" ] || {
		kernel/build.sh --debug >"$logs/kernel-debug.path" 2>"$logs/kernel-debug.log"
		echo $? >"$logs/kernel-debug.code"
	}
}

sleep_until_over() {
	local left=$((EXTFUSE_TEST_DEADLINE - $(date +%s)))
	sleep $((left > 0 ? left : 0))
}

# Ends what is still compiled when time is over; half an hour before, the debug kernel, so that tests
# that do without it have the rest. In the process group of the builds.
end_builds() {
	local more=-1800
	[ -z "$debug" ] || more=0
	with_time "$more" sleep_until_over
	if [ ! -e "$logs/kernel-debug.code" ]; then
		echo late >"$logs/kernel-debug.code"
		[ ! -e "$logs/kernel-normal.code" ] || kill 0
	fi
	sleep_until_over
	if [ ! -e "$logs/kernel-normal.code" ]; then
		echo late >"$logs/kernel-normal.code"
		kill 0
	fi
}

start_kernels() {
	rm -f "$logs"/kernel-*.code
	# Own process group, so that it can be ended with all that it started.
	set -m
	build_kernels "$1" &
	kernel_jobs=$!
	set +m
	background+=("$kernel_jobs")
}

# wait_kernel normal|debug: is it there? If not, that is reported, once in a tier if time ended it.
declare -A said_late=()
wait_kernel() {
	local start=$SECONDS said=$SECONDS line
	while [ ! -e "$logs/kernel-$1.code" ]; do
		kill -0 "$kernel_jobs" 2>/dev/null || break
		if [ $((SECONDS - said)) -ge 30 ]; then
			said=$SECONDS
			line=$(tail -n 1 "$logs/kernel-$1.log" 2>/dev/null)
			say "${line:-waiting for the $1 kernel}"
		fi
		sleep 0.2
	done
	case $(cat "$logs/kernel-$1.code" 2>/dev/null) in
	0) ;;
	late)
		[ -n "${said_late[$tier $1]:-}" ] || report SKIP "$tier/on-the-$1-kernel" 'the time to compile it is over'
		said_late[$tier $1]=yes
		return 1
		;;
	*)
		report FAIL "kernel/build-$1" "$logs/kernel-$1.log"
		return 1
		;;
	esac
	[ $((SECONDS - start)) -lt 5 ] || say "waited $(clock $((SECONDS - start))) for the $1 kernel"
}

# shellcheck disable=SC2317 # called by what must calls
configure() {
	local dir=$1
	shift
	local generator=()
	if [ ! -e "$dir/CMakeCache.txt" ] && command -v ninja >/dev/null; then
		generator=(-G Ninja)
	fi
	cmake -S . -B "$dir" "${generator[@]}" "$@"
}

# shellcheck disable=SC2317 # called by must
build_products() {
	configure build && cmake --build build --parallel "$(nproc)" && unit/author_projects.sh build
}

# shellcheck disable=SC2317 # called by must
build_unit() {
	# Debug: with ASan and UBSan
	configure build/asan -DCMAKE_BUILD_TYPE=Debug && cmake --build build/asan --parallel "$(nproc)"
}

# ---- Tiers ----

tier_unit() {
	local rule
	for rule in unit/rules/*.sh; do
		check "unit/rule-$(basename "$rule" .sh)" bash "$rule" "${suite_flags[@]}"
	done
	check unit/coverage unit/coverage.sh build/asan/uapi/include
	suite unit/docs python3 unit/docs/run.py --where host --filter "$filter" --logs "$logs" build/asan
	suite unit/ctest python3 unit/lib/ctest.py --filter "$filter" --logs "$logs" build/asan
}

# vm_start OUT ARGS... -- COMMAND...: begins a VM whose command prints result lines, once the one with the
# folder $vm_after has ended; OUT keeps what it writes.
declare -A vm_pids=()
vm_after=
vm_start() {
	local out=$1 after=$vm_after
	shift
	rm -rf "$out"
	mkdir -p "$out"
	: >"$out/lines"
	set -m
	{
		[ -z "$after" ] || tail --pid="${vm_pids[$after]}" -f /dev/null
		TIMEFORMAT='%0R %0U %0S'
		{ time kernel/run.sh --out "$out" "$@" >"$out/lines" 2>"$out/stderr"; } 2>"$out/time"
		echo $? >"$out/code"
	} &
	vm_pids[$out]=$!
	set +m
	background+=("${vm_pids[$out]}")
}

# Prints its lines as they come; returns the VM's exit code.
# shellcheck disable=SC2317 # called by suite
vm_lines() {
	tail -n +1 -s 0.2 --pid="${vm_pids[$1]}" -f "$1/lines"
	cat "$1/stderr" >&2
	awk -v name="${1##*/}" '{ printf "vm: %s: %d s, %d s of a CPU\n", name, $1, $2 + $3 }' "$1/time"
	return "$(cat "$1/code")"
}

vm() {
	local name=$1 out=$2
	shift 2
	vm_start "$out" "$@"
	suite "$name" vm_lines "$out"
}

vm_flags=()
[ -z "$debug" ] || vm_flags=(--debug)
# Limits on time that a test or a VM has are this many times as wide.
patience=1
if [ -n "$debug" ]; then
	patience=${full:+20}
	patience=${patience:-1}
	export EXTFUSE_TEST_SCALE=${EXTFUSE_TEST_SCALE:-$([ -n "$full" ] && echo 1 || echo 20)}
	export EXTFUSE_TEST_SLOW=yes
fi
suite_flags=()
[ -z "$full" ] || suite_flags=(--full)
# What differs in handlers alone is no matter of the debug kernel: there no handler is removed, no bug is
# planted, and with --full each test is undivided, on one kind of mount at least.
mount_flags=("${suite_flags[@]}") fs_flags=("${suite_flags[@]}") stress_flags=()
if [ -n "$debug" ]; then
	mount_flags=()
	[ -z "$full" ] || mount_flags=(--reduced) fs_flags+=(--reduced) stress_flags=(--reduced)
fi

# Plain runs look at everything once more on the debug kernel, with fewer repetitions.
on_debug_kernel() {
	EXTFUSE_TEST_SCALE=${EXTFUSE_TEST_SCALE:-20} EXTFUSE_TEST_SLOW=yes "$@"
}

tier_kernel() {
	local test test_name
	if [ -n "$kernel_mutants" ]; then
		wait_kernel normal && wait_kernel debug || return
		suite kernel/mutants unit/kernel/mutants.sh "$logs/kernel-mutants" "$filter"
		return
	fi
	for test in unit/kernel/check_*.sh; do
		test_name=$(basename "$test" .sh)
		check "kernel/${test_name#check_}" bash "$test"
	done
	wait_kernel "$([ -z "$debug" ] && echo normal || echo debug)" || return
	# The unit tests of handlers and policies once more, on the other CPU. What they try is the
	# bytecode, not the driver: the debug kernel would find nothing more.
	wait_kernel normal || return
	local command=(--timeout $((3000 * patience)) -- python3 unit/kernel/run.py --filter "$filter")
	local bytecode='' debug_too=''
	if in_time kernel/bytecode; then
		bytecode=yes
		vm_start "$logs/bytecode" --timeout 3000 -- \
			python3 unit/bytecode/run.py --filter "$filter" --logs "$logs/bytecode" build
	fi
	in_time kernel/vm vm kernel/vm "$logs/kernel-vm" "${vm_flags[@]}" "${command[@]}" "${suite_flags[@]}" \
		--logs "$logs/kernel-vm" build/kernel-tests
	in_time kernel/vm-2 vm kernel/vm-2 "$logs/kernel-vm-2" "${vm_flags[@]}" --smp 2 "${command[@]}" \
		--logs "$logs/kernel-vm-2" build/kernel-tests
	in_time kernel/docs vm kernel/docs "$logs/docs-vm" "${vm_flags[@]}" --timeout $((600 * patience)) -- \
		python3 unit/docs/run.py --where vm --filter "$filter" --logs "$logs/docs-vm" build
	[ -z "$bytecode" ] || suite kernel/bytecode vm_lines "$logs/bytecode"
	# Last: what wants the debug kernel, which may still be compiled.
	wait_kernel debug || return
	if [ -z "$debug" ] && in_time kernel/debug-vm; then
		debug_too=yes
		on_debug_kernel vm_start "$logs/kernel-debug-vm" --debug "${command[@]}" \
			--suffix :debug --logs "$logs/kernel-debug-vm" build/kernel-tests
		vm_after=$logs/kernel-debug-vm on_debug_kernel vm_start "$logs/kernel-debug-vm-2" --debug --smp 2 \
			"${command[@]}" --suffix :debug --logs "$logs/kernel-debug-vm-2" build/kernel-tests
	fi
	# On the other CPU.
	! selected kernel/run-sh || in_time kernel/run-sh suite kernel/run-sh kernel/tests/test_run_sh.sh
	if [ -n "$debug_too" ]; then
		suite kernel/debug-vm vm_lines "$logs/kernel-debug-vm"
		suite kernel/debug-vm-2 vm_lines "$logs/kernel-debug-vm-2"
	fi
}

# The documents' commands that measure, with small inputs: what can be missed most easily when time is short.
measuring_commands() {
	local start=$SECONDS tier=kernel
	[ -z "$debug$kernel_mutants" ] && wait_kernel normal || return
	# They take ten minutes on a slow machine.
	with_time -600 in_time kernel/bench suite kernel/bench python3 unit/docs/run.py --where bench \
		"${suite_flags[@]}" --filter "$filter" --logs "$logs" build
	took[kernel]=$((took[kernel] + SECONDS - start))
}

# One VM for each of two CPUs, which take tests from one queue until there are no more; for a few
# chosen tests one is enough.
shards=2
[ "$filter" = '*' ] || shards=1

# shard_start NAME I ARGS... -- COMMAND...: begins the I-th of the VMs that share the tests.
shard_start() {
	local name=$1 i=$2
	shift 2
	vm_start "$logs/$name-$i" --share "$logs/$tier-shared" "$@" --queue "$logs/$tier-shared/$name" \
		--filter "$filter" --logs "$logs/$name-$i"
}

# shards_lines TIER NAME COUNT
shards_lines() {
	local i
	for ((i = 1; i <= $3; i++)); do
		suite "$1/$2-$i" vm_lines "$logs/$2-$i"
	done
}

tier_mount() {
	local i command=(--timeout $((4000 * patience)) -- python3 unit/mount/run.py) debug_too=
	wait_kernel "$([ -z "$debug" ] && echo normal || echo debug)" || return
	# Races run half as often without --full: there are many kinds of mounts, and the oracle's runs.
	for ((i = 1; i <= shards; i++)); do
		EXTFUSE_TEST_SCALE=${EXTFUSE_TEST_SCALE:-$([ -n "$full" ] && echo 1 || echo 2)} \
			shard_start vm "$i" "${vm_flags[@]}" "${command[@]}" "${mount_flags[@]}"
	done
	if [ -z "$debug" ] && wait_kernel debug; then
		debug_too=yes
		for ((i = 1; i <= shards; i++)); do
			vm_after=$logs/vm-$i on_debug_kernel shard_start debug-vm "$i" --debug "${command[@]}" \
				--reduced --suffix :debug
		done
	fi
	shards_lines mount vm "$shards"
	[ -z "$debug_too" ] || shards_lines mount debug-vm "$shards"
}

# The oracle and the hammer on 1, 2 and 4 CPUs, one VM after the other, and some of it on the debug
# kernel.
stress_vms() {
	local cpus command=(--timeout $((4000 * patience)) -- python3 unit/stress/run.py --filter "$filter")
	for cpus in 2 1 4; do
		[[ $filter != *_on_[0-9]* || $filter == *_on_${cpus}* ]] || continue
		# On a slow machine two CPUs are what has to be checked at least.
		with_time $((cpus == 2 ? 300 : 0)) in_time "fs/stress-$cpus" \
			vm "fs/stress-$cpus" "$logs/stress-$cpus" "${vm_flags[@]}" --smp "$cpus" "${command[@]}" \
			"${stress_flags[@]}" --logs "$logs/stress-$cpus"
		if [ -n "$debug" ] || ! in_time "fs/debug-stress-$cpus"; then
			continue
		fi
		wait_kernel debug || continue
		on_debug_kernel vm_start "$logs/debug-stress-$cpus" --debug --smp "$cpus" "${command[@]}" \
			--reduced --suffix :debug --logs "$logs/debug-stress-$cpus"
		suite "fs/debug-stress-$cpus" vm_lines "$logs/debug-stress-$cpus"
	done
}

mutants_vm() {
	in_time fs/mutants || return 0
	must fs/build-mutants unit/stress/build-mutants.sh build/mutants
	[ "$filter" = '*' ] || export EXTFUSE_MUTANTS_RARE=yes
	EXTFUSE_MUTANTS=$root/build/mutants/objects vm fs/mutants "$logs/mutants" "${vm_flags[@]}" \
		--smp 2 --timeout $((4000 * patience)) -- \
		python3 unit/stress/mutants.py --filter "$filter" --logs "$logs/mutants"
}

# The workloads on one CPU, then those on the debug kernel; on the other what takes two CPUs or four, which
# QEMU emulates one after the other, then the planted bugs, and then whatever is left of the workloads.
tier_fs() {
	local others='' timeout workloads=0 debug_workloads=0
	[[ $filter != *oracle_* && $filter != *no_answer* && $filter != *mutant_* ]] || others=yes
	wait_kernel "$([ -z "$debug" ] && echo normal || echo debug)" || return
	timeout=$(($([ -z "$full" ] && echo 5000 || echo 20000) * patience))
	local command=("${vm_flags[@]}" --timeout "$timeout" -- python3 unit/fs/run.py "${fs_flags[@]}")
	local debug_command=(--debug --timeout $((4000 * patience)) -- python3 unit/fs/run.py --reduced
		--suffix :debug)
	if [ -z "$others" ] && in_time fs/workloads; then
		workloads=1
		shard_start fs-vm 1 "${command[@]}"
		if [ -z "$debug" ] && in_time fs/debug-workloads && wait_kernel debug; then
			debug_workloads=1
			vm_after=$logs/fs-vm-1 on_debug_kernel shard_start debug-fs-vm 1 "${debug_command[@]}"
		fi
	fi
	[[ $filter != '*' && $filter != *oracle_* && $filter != *no_answer* ]] || stress_vms
	[[ $filter$debug != '*' && $filter != *mutant_* ]] || mutants_vm
	if [ "$shards" -gt 1 ] && [ "$workloads" -gt 0 ] && [ ! -e "$logs/fs-vm-1/code" ]; then
		workloads=2
		shard_start fs-vm 2 "${command[@]}"
		vm_after=$logs/fs-vm-2
	fi
	if [ "$shards" -gt 1 ] && [ "$debug_workloads" -gt 0 ]; then
		debug_workloads=2
		on_debug_kernel shard_start debug-fs-vm 2 "${debug_command[@]}"
	fi
	vm_after=
	shards_lines fs fs-vm "$workloads"
	shards_lines fs debug-fs-vm "$debug_workloads"
}

mkdir -p "$logs"
# Two runs at once would take each other's logs and build folders away.
exec {lock}>"$root/build/.test-lock"
if ! flock -n "$lock"; then
	say "waiting for another ./test.sh of this checkout"
	flock "$lock"
fi
find "$logs" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
declare -A took=()

wants_debug=yes
if [ -z "$debug" ] && ! wants kernel && ! wants mount; then
	{ wants fs && [[ $filter != mutant_* ]]; } || wants_debug=
fi

must "${tiers[0]}/install-deps" scripts/install-deps.sh build kernel test bench
if wants kernel || wants mount || wants fs; then
	start_kernels "$wants_debug"
fi
if wants unit; then
	must unit/build build_unit
fi
if wants kernel || wants mount || wants fs; then
	must "${tiers[0]}/build-products" build_products
fi
if wants kernel; then
	must kernel/build-tests unit/kernel/build.sh build/kernel-tests
fi

for tier in "${all_tiers[@]}"; do
	wants "$tier" || continue
	say "tier $tier"
	start=$SECONDS
	case $tier in
	unit) tier_unit ;;
	kernel) tier_kernel ;;
	mount) tier_mount ;;
	fs) tier_fs ;;
	esac
	took[$tier]=$((SECONDS - start))
	say "tier $tier: $(clock "${took[$tier]}")"
done
! wants kernel || measuring_commands
finish
