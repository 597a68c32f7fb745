#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The helpers' comments in linux/bpf.h are what scripts/bpf_doc.py can read.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=$(kernel/build.sh --tree | tail -n 1)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
python3 "$tree/scripts/bpf_doc.py" --filename "$tree/include/uapi/linux/bpf.h" --header helpers >"$out/header"
python3 "$tree/scripts/bpf_doc.py" --filename "$tree/include/uapi/linux/bpf.h" helpers >"$out/page"
for helper in bpf_extfuse_read_args bpf_extfuse_write_args; do
	grep -q "$helper" "$out/header"
	grep -q "$helper" "$out/page"
done
grep -qF 'struct extfuse_req;' "$out/header"
# Each has its number: the header is what programs are compiled with.
grep -qE 'bpf_extfuse_read_args\).*212;' "$out/header"
grep -qE 'bpf_extfuse_write_args\).*213;' "$out/header"
