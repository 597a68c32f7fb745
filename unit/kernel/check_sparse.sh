#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# sparse has nothing to say about fs/fuse/extfuse.c, and nothing new about the files that call it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=unit/lib/kernel-tree.sh
. "$here/../lib/kernel-tree.sh"

tree=$("$root/kernel/build.sh" --tree | tail -n 1)
obj=$cache/test-sparse
command -v sparse >/dev/null
kernel_config "$tree" "$obj"
rm -f "$obj/fs/fuse/extfuse.o"
kernel_make "$tree" "$obj" C=2 CF=-Wsparse-error fs/fuse/extfuse.o 2>&1 | tee "$obj/sparse.log"
grep -q '  CHECK ' "$obj/sparse.log" || { echo 'sparse did not run'; exit 1; }
! grep -E 'extfuse\.[ch]:.*(warning|error)' "$obj/sparse.log"
