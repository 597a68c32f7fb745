#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots the kernel in QEMU and runs one command there, over a throw-away overlay of this machine's files.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${EXTFUSE_CACHE:-$HOME/.cache/extfuse}

usage() {
	cat <<-'END'
	usage: kernel/run.sh [OPTION...] -- COMMAND...
	       kernel/run.sh [OPTION...] --interactive
	  --debug        the kernel of build.sh --debug (KASAN, lockdep)
	  --smp N        CPUs (default 1)
	  --mem M        memory, as qemu takes it (default 2G; --debug 3G)
	  --timeout S    seconds until the VM is ended (default 900; --debug 1800)
	  --icount       one CPU whose clock counts instructions: times repeat exactly
	  --out DIR      the folder whose changes stay (default build/vm-out)
	  --share DIR    another one, which several VMs may write at the same time
	  --append ARGS  more kernel parameters
	  --interactive  a root shell on this terminal
	COMMAND runs as root in the same working directory; everything it writes outside
	these folders vanishes. The kernel log is OUT/kernel.log. EXTFUSE_* variables are passed in.
	Exit: COMMAND's; 122 the kernel reported a WARN, BUG, KASAN, lockdep or RCU splat,
	an oops, a panic or a hung task (whatever else happened); 124 timeout; 125 the VM
	itself failed.
	Environment: EXTFUSE_KERNEL=bzImage (instead of build.sh's), EXTFUSE_ACCEL=tcg|kvm
	(default: kvm where this kernel boots with it), EXTFUSE_TCG_THREAD=single|multi,
	EXTFUSE_BOOT_TIMEOUT=S, EXTFUSE_PLUGIN=FILE[,ARG=VALUE...] (a plugin for QEMU's TCG).
	END
}

say() { printf 'kernel/run.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 125; }

mode=normal
smp=1
mem=
timeout=
icount=
out=$here/../build/vm-out
share=
append=
job_mode='command'
while [ $# -gt 0 ]; do
	case $1 in
	--smp | --mem | --timeout | --out | --share | --append)
		[ $# -ge 2 ] || die "$1 needs a value"
		case $1 in
		--smp) smp=$2 ;;
		--mem) mem=$2 ;;
		--timeout) timeout=$2 ;;
		--out) out=$2 ;;
		--share) share=$2 ;;
		--append) append=$2 ;;
		esac
		shift
		;;
	--debug) mode=debug ;;
	--icount) icount=yes ;;
	--interactive) job_mode=interactive ;;
	-h | --help) usage; exit 0 ;;
	--) shift; break ;;
	*) usage >&2; die "unknown option: $1" ;;
	esac
	shift
done
[ "$job_mode" = interactive ] || [ $# -gt 0 ] || { usage >&2; die "no command"; }

if [ "$mode" = debug ]; then
	: "${mem:=3G}" "${timeout:=1800}"
else
	: "${mem:=2G}" "${timeout:=900}"
fi
# Many times what an idle machine takes: what does not boot never will.
boot_timeout=${EXTFUSE_BOOT_TIMEOUT:-300}
[ "$boot_timeout" -le "$timeout" ] || boot_timeout=$timeout

case $PWD/ in
/proc/* | /sys/* | /dev/* | /run/*) die "the VM has its own ${PWD%%/*}/${PWD:1:3}...; start from another folder" ;;
esac
command -v qemu-system-x86_64 >/dev/null || die "qemu-system-x86_64 is missing; run: scripts/install-deps.sh kernel"

if [ -n "${EXTFUSE_KERNEL:-}" ]; then
	image=$EXTFUSE_KERNEL
	[ -f "$image" ] || die "EXTFUSE_KERNEL=$image: no such file"
else
	flags=()
	[ "$mode" = normal ] || flags=(--debug)
	image=$("$here/build.sh" "${flags[@]}" | tail -n 1) || die "no kernel"
fi

mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -n "$share" ]; then
	mkdir -p "$share"
	share=$(cd "$share" && pwd)
fi

qemu=
saved_tty=
ctl=$(mktemp -d "${TMPDIR:-/tmp}/extfuse-vm.XXXXXX")
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	if [ -n "$qemu" ]; then
		kill -KILL "$qemu" 2>/dev/null || true
		wait "$qemu" 2>/dev/null || true
	fi
	if [ -n "$saved_tty" ]; then
		stty "$saved_tty" || true
	fi
	rm -rf "$ctl"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Whether a kernel boots with KVM here is found out once: a /dev/kvm that exists may still hang.
kvm_works() {
	[ -w /dev/kvm ] || return 1
	local answer
	answer=$cache/kvm-$(uname -r)
	if [ ! -e "$answer" ]; then
		[ -z "${EXTFUSE_KERNEL:-}" ] || return 1
		say "trying KVM once (10 s at most)"
		if EXTFUSE_ACCEL=kvm EXTFUSE_KERNEL=$image EXTFUSE_BOOT_TIMEOUT=10 \
			"$here/run.sh" --timeout 20 --out "$ctl/kvm" -- true </dev/null >/dev/null 2>&1; then
			echo yes >"$answer"
		else
			echo no >"$answer"
		fi
	fi
	[ "$(cat "$answer")" = yes ]
}

accel=${EXTFUSE_ACCEL:-}
if [ -n "$icount" ]; then
	accel=tcg
elif [ -z "$accel" ]; then
	accel=tcg
	if kvm_works; then
		accel=kvm
	fi
fi
case $accel in
kvm) machine=(-accel kvm -cpu host -smp "$smp,sockets=$smp,cores=1,threads=1") ;;
tcg)
	# One thread by default: with several, a CPU that runs kernel text while another patches
	# it (static keys, kprobes, tail call maps) can oops inside TCG.
	machine=(-accel "tcg,thread=${EXTFUSE_TCG_THREAD:-single}" -cpu max -smp "$smp,sockets=$smp,cores=1,threads=1")
	[ -z "$icount" ] || machine=(-accel 'tcg,thread=single' -cpu max -smp 1
		-icount 'shift=1,sleep=off,align=off')
	;;
*) die "EXTFUSE_ACCEL=$accel: tcg or kvm" ;;
esac

# An emulated CPU shows this machine's time stamp counter. On a busy machine the guest fails to
# measure its frequency and is left with a clock of 4 ms, so it is told: measured once in a boot.
tsc_khz() {
	local known
	known=$cache/tsc-$(cat /proc/sys/kernel/random/boot_id) || return 0
	if [ ! -s "$known" ]; then
		gcc -O2 -o "$ctl/tsckhz" "$here/tsckhz.c" 2>/dev/null || return 0
		mkdir -p "$cache"
		rm -f "$cache"/tsc-*
		"$ctl/tsckhz" >"$ctl/tsc" && mv "$ctl/tsc" "$known" || return 0
	fi
	cat "$known"
}

# The job, read by init before anything is mounted over.
cp "$here/init" "$ctl/init"
chmod 755 "$ctl/init"
{
	job_command=("$@")
	job_dir=$PWD
	job_out=$out
	job_share=$share
	job_env=
	for name in $(compgen -e); do
		case $name in
		EXTFUSE_* | LANG | LC_ALL) job_env+="export $name=${!name@Q}"$'\n' ;;
		esac
	done
	if [ "$job_mode" = interactive ]; then
		size=$(stty size 2>/dev/null) || size='24 80'
		job_env+="export TERM=${TERM@Q} LINES=${size% *} COLUMNS=${size#* }"$'\n'
	fi
	declare -p job_command job_dir job_out job_share job_env job_mode
} >"$ctl/job"

# A new file for every run, and qemu gets it by descriptor: a concurrent run with the
# same DIR replaces the name but never mixes its log into ours.
rm -f "$out/kernel.log"
exec {log_fd}<>"$out/kernel.log"
log=/proc/$$/fd/$log_fd
for stream in stdout stderr status; do
	: >"$ctl/$stream"
done

# Limits on time are wide: an emulated CPU may stand still for long.
params="root=root rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=512000,cache=loose ro"
params+=" init=\"$ctl/init\" panic=-1 oops=panic hung_task_panic=1 tsc=reliable no_timer_check"
params+=" rcupdate.rcu_cpu_stall_timeout=120 printk.devkmsg=on sysctl.kernel.printk_ratelimit=0"
if [ "$job_mode" = interactive ]; then
	params+=" console=ttyS1"
	serial=(-chardev 'stdio,id=tty,signal=off' -serial chardev:tty -serial chardev:log)
else
	params+=" console=ttyS0"
	serial=(-serial chardev:log)
fi
if [ "$accel" = tcg ] && [ -z "$icount" ]; then
	# TCG translates a program again for each address that it is loaded at. With icount time is not
	# this machine's, and one layout for all runs of a command would hide how much a layout matters.
	params+=" norandmaps"
	khz=$(tsc_khz)
	[ -z "$khz" ] || params+=" tsc_early_khz=$khz"
fi
# With sleep=off an idle guest's clock leaps ahead, past any limit, while it waits for its disk.
[ -z "$icount" ] || params+=" sysctl.kernel.hung_task_timeout_secs=0"
params+=" $append"

# A comma ends an option's value unless it is doubled.
comma() { printf '%s' "${1//,/,,}"; }
args=(
	-nodefaults -no-user-config -display none -no-reboot
	"${machine[@]}" -m "$mem"
	-kernel "$image" -append "$params"
	-virtfs 'local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap'
	-virtfs "local,path=$(comma "$out"),mount_tag=out,security_model=none,multidevs=remap"
	-chardev "file,id=log,path=$log"
	"${serial[@]}"
	# Without ioeventfd the guest's write has reached the file when its kick returns,
	# so nothing is lost when the VM ends.
	-device 'virtio-serial-pci,ioeventfd=off'
)
nr=0
for stream in stdout stderr status; do
	nr=$((nr + 1))
	args+=(-chardev "file,id=$stream,path=$(comma "$ctl/$stream")"
		-device "virtserialport,nr=$nr,chardev=$stream,name=extfuse.$stream")
done

[ -z "$share" ] ||
	args+=(-virtfs "local,path=$(comma "$share"),mount_tag=share,security_model=none,multidevs=remap")
[ -z "${EXTFUSE_PLUGIN:-}" ] || args+=(-plugin "$EXTFUSE_PLUGIN")

ulimit -n "$(ulimit -Hn)"
start=$SECONDS
# pdeathsig: not even a killed run.sh leaves a qemu behind.
if [ "$job_mode" = interactive ]; then
	saved_tty=$(stty -g 2>/dev/null) || saved_tty=
	setpriv --pdeathsig KILL qemu-system-x86_64 "${args[@]}" <&0 2>"$ctl/qemu.err" &
	qemu=$!
else
	setpriv --pdeathsig KILL qemu-system-x86_64 "${args[@]}" </dev/null >"$ctl/qemu.err" 2>&1 &
	qemu=$!
	# From a file, not a pipe: a slow reader of ours cannot stop the VM or lose its last words.
	tail -c +1 -s 0.05 --pid="$qemu" -f "$ctl/stdout" &
	tail_out=$!
	tail -c +1 -s 0.05 --pid="$qemu" -f "$ctl/stderr" >&2 &
	tail_err=$!
fi

running() { kill -0 "$qemu" 2>/dev/null; }
booted() { grep -qx booted "$ctl/status"; }

timed_out=
until booted || ! running; do
	if [ $((SECONDS - start)) -ge "$boot_timeout" ]; then
		timed_out=boot
		kill -KILL "$qemu"
		break
	fi
	sleep 0.1
done
if [ -z "$timed_out" ] && [ "$job_mode" != interactive ] && running; then
	left=$((timeout - (SECONDS - start)))
	setpriv --pdeathsig KILL sleep "$((left > 0 ? left : 0))" </dev/null >/dev/null 2>&1 &
	timer=$!
	wait -n "$qemu" "$timer" 2>/dev/null || true
	if running; then
		timed_out='command'
		kill -KILL "$qemu"
	fi
	# KILL: a fresh child of ours still has our traps, and TERM would run them.
	kill -KILL "$timer" 2>/dev/null || true
	# Reaped here, where the shell's word about it goes nowhere.
	wait "$timer" 2>/dev/null || true
fi
wait "$qemu" 2>/dev/null || true
qemu=
[ "$job_mode" = interactive ] || wait "$tail_out" "$tail_err" 2>/dev/null || true

code=$(sed -n 's/^exit //p' "$ctl/status")
# Right behind the time stamp, so that a line which merely quotes such words does not count.
splat='^(<[0-9]+>)?\[ *[0-9]+\.[0-9]+\] (WARNING: |BUG: |BUG [^ ]+ \(|kernel BUG at |Oops|UBSAN: |INFO: task .* blocked for more than|INFO: trying to register non-static key|rcu: INFO: .*(stall|self-detected)|INFO: rcu.*stall|DEBUG_LOCKS_WARN_ON|refcount_t: |watchdog: BUG: )'
panic='^(<[0-9]+>)?\[ *[0-9]+\.[0-9]+\] Kernel panic '
report=$(grep -aEm1 "$splat" "$log" || true)
if [ -z "$report" ] && booted; then
	report=$(grep -aEm1 "$panic" "$log" || true)
fi
if [ -n "$report" ]; then
	say "the kernel reported: ${report#*] } (log $out/kernel.log)"
	exit 122
elif [ "$timed_out" = command ]; then
	say "timeout after $timeout s (log $out/kernel.log)"
	exit 124
elif [ -n "$code" ]; then
	exit "$code"
fi
tail -n 5 "$ctl/qemu.err" >&2
tail -n 5 "$log" | tr -d '\r' >&2
die "the VM failed${timed_out:+ to boot within $boot_timeout s} (log $out/kernel.log)"
