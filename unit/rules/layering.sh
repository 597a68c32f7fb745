#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: who may know what, folder by folder (includes point the way the data flows).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bad=0
# never FOLDER WHY PATTERN [FILES...]: no line of the folder's sources may match.
never() {
	local folder=$1 why=$2 pattern=$3 found
	shift 3
	[ $# -gt 0 ] || set -- "$folder/*.c" "$folder/*.h"
	found=$(git grep -nE --untracked -e "$pattern" -- "$@" || true)
	if [ -n "$found" ]; then
		printf '%s: %s\n%s\n' "$folder" "$why" "$found"
		bad=1
	fi
}

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'
# The store and the dispatcher own the maps and the protocol; a handler of an opcode does not.
handlers=('handlers/*.bpf.c' ':!handlers/store.bpf.c' ':!handlers/dispatch.bpf.c' ':!handlers/defaults.bpf.c')
never handlers 'a handler never names a map' 'BPF_MAP_TYPE_|bpf_map_(lookup|update|delete)_elem' "${handlers[@]}"
never handlers 'a handler never names a clock' 'bpf_ktime_get|bpf_jiffies' "${handlers[@]}"
never handlers 'a handler never names a policy' "${include}\"(\.\./)?policies/|ext_param_(ttl|negative_ttl)" "${handlers[@]}"
never policies 'a policy never sees a FUSE request' \
	'struct extfuse_req|bpf_extfuse_(read|write)_args|FUSE_[A-Z]+|linux/fuse\.h' 'policies/*.bpf.c'
never examples 'an example includes only what authors have' \
	"${include}\"(\.\./|coherence|names|events|xattrs)|bpf_ktime_get" 'examples/*.bpf.c'
never loader 'the library includes nothing of handlers or policies but the shared types' \
	"${include}[\"<](\.\./)*(handlers/|policies/)?(handler|policy|coherence|names|events)\.h"
never fs-examples 'a file system uses only the installed interface and libfuse' \
	"${include}[\"<](\.\./|handlers/|policies/|loader/|kernel/|internal\.h|ext_types\.h|linux/extfuse\.h)"
never kernel 'the kernel part knows nothing of the rest' \
	"${include}[\"<].*(handlers|policies|loader|fs-examples)/" 'kernel/*.c' 'kernel/*.h'
# Nothing includes unit/.
found=$(git grep -nE --untracked -e "${include}[\"<](\.\./)*unit/" -- '*.c' '*.h' ':!unit/' || true)
if [ -n "$found" ]; then
	printf 'unit/ is included by nothing\n%s\n' "$found"
	bad=1
fi
exit $bad
