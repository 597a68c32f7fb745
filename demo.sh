#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shows what ExtFUSE does: builds it, boots its kernel and runs workloads on a real tree; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"

usage() {
	cat <<-'END'
	usage: ./demo.sh
	Installs the Debian packages it needs, builds everything in build/, boots the patched kernel
	in a VM, and there mounts stackfs over a part of the kernel's source in several ways:
	  native      no FUSE            fuse        plain FUSE, nothing cached
	  fuse-tuned  FUSE at its best   never       a program that answers nothing
	  ttl, lru, writeinval, ttl+lru  cached answers under this policy
	On each it walks the tree, asks git for its status, searches and compiles, again and again.
	stdout is a table of the time each repeat took and of the requests that reached the daemon,
	the same with tabs in build/demo.tsv. Its last line says where the cache does not help.
	Progress goes to stderr. On 2 cores less than 45 minutes, or 10 when all is built.
	END
}

case ${1:-} in
'') ;;
-h | --help)
	usage
	exit 0
	;;
*)
	usage >&2
	printf 'demo.sh: unknown argument: %s\n' "$1" >&2
	exit 2
	;;
esac

export EXTFUSE_BUILD=${EXTFUSE_BUILD:-$root/build} LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
unset MAKEFLAGS EXTFUSE_OBJECT_PATH
exec </dev/null
mkdir -p "$EXTFUSE_BUILD"
work=$(mktemp -d "$EXTFUSE_BUILD/demo.XXXXXX")
log=$EXTFUSE_BUILD/demo.log
rm -f "$log"

job=
cleanup() {
	local code=$?
	trap - EXIT INT TERM HUP
	if [ -n "$job" ]; then
		kill -TERM -- "-$job" 2>/dev/null || true
		wait "$job" 2>/dev/null || true
	fi
	rm -rf "$work"
	# Of a run that was interrupted nobody wants the log.
	[ "$code" -le 128 ] || rm -f "$log"
	[ ! -t 2 ] || printf '\r\033[K' >&2
	exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# show PERCENT TEXT: on a terminal one line that changes.
shown=
show() {
	local line
	printf -v line 'demo: %3d %% %3dm%02ds  %s' "$1" $((SECONDS / 60)) $((SECONDS % 60)) "$2"
	if [ -t 2 ]; then
		printf '\r\033[K%s' "${line:0:$((${COLUMNS:-80} - 1))}" >&2
	elif [ "$1 $2" != "$shown" ]; then
		shown="$1 $2"
		printf '%s\n' "$line" >&2
	fi
}

# stage FROM TO TEXT COMMAND...: what the command says is a log, whose latest "N %" is the progress
# from FROM to TO, and what follows it the detail.
stage() {
	local from=$1 to=$2 text=$3 code=0 line share detail
	shift 3
	show "$from" "$text"
	# Here, since they are read before the job may have opened them.
	: >"$work/out"
	: >"$log"
	# A process group of its own, so that it can be ended with all that it started.
	set -m
	"$@" >"$work/out" 2>"$log" &
	job=$!
	set +m
	while kill -0 "$job" 2>/dev/null; do
		line=$(grep -aoE '[0-9]+ ?%.*' "$work/out" "$log" -h | tail -n 1) || true
		share=${line%%[ %]*} detail=${line#*% }
		case $line in
		*'% '*) show "$((from + (to - from) * share / 100))" "$text: ${detail#, }" ;;
		*) show "$from" "$text" ;;
		esac
		sleep 0.5
	done
	wait "$job" || code=$?
	job=
	if [ "$code" -ne 0 ]; then
		[ ! -t 2 ] || printf '\r\033[K' >&2
		cat "$work/out" >>"$log"
		line=$(grep -avE '^[[:space:]]*$' "$log" | tail -n 1) || true
		printf 'demo.sh: failed (exit %d): %s: %s (log %s)\n' "$code" "$text" "$line" "$log" >&2
		exit 1
	fi
	rm -f "$log"
}

configure() {
	cmake -S . -B "$EXTFUSE_BUILD"
}

build() {
	cmake --build "$EXTFUSE_BUILD" --parallel "$(nproc)"
}

run_vm() {
	mkdir "$work/vm"
	kernel/run.sh --timeout 10800 --out "$work/vm" -- \
		python3 demo/vm.py --tree "$work/tree.tar" --out "$work/vm/result.json"
}

# In the foreground for those who have to type a password for sudo, which asks for it on the terminal.
if [ "$(id -u)" -eq 0 ]; then
	stage 0 6 'install packages' scripts/install-deps.sh build kernel demo
else
	show 0 'install packages'
	scripts/install-deps.sh build kernel demo >"$log" 2>&1 || {
		printf 'demo.sh: failed: install packages: %s (log %s)\n' "$(tail -n 1 "$log")" "$log" >&2
		exit 1
	}
fi
stage 6 9 'configure' configure
stage 9 14 'build handlers, policies, library and stackfs' build
stage 14 60 'build the kernel' kernel/build.sh
stage 60 62 'prepare the tree' scripts/make-tree.sh work "$work/tree.tar"
stage 62 99 'run' run_vm
show 100 'done'
[ ! -t 2 ] || printf '\n' >&2
python3 demo/report.py "$work/vm/result.json" "$EXTFUSE_BUILD/demo.tsv"
