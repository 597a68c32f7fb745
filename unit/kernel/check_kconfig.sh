#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# EXTFUSE needs FUSE in the kernel itself: FUSE_FS=m, or no BPF, leaves it off.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=unit/lib/kernel-tree.sh
. "$here/../lib/kernel-tree.sh"

tree=$("$root/kernel/build.sh" --tree | tail -n 1)
obj=$cache/test-kconfig

kernel_config "$tree" "$obj"
grep -qx 'CONFIG_EXTFUSE=y' "$obj/.config"
kernel_config "$tree" "$obj" CONFIG_FUSE_FS=m '# CONFIG_CUSE is not set'
grep -qx 'CONFIG_FUSE_FS=m' "$obj/.config"
! grep -q '^CONFIG_EXTFUSE=' "$obj/.config" || { echo 'FUSE_FS=m has EXTFUSE'; exit 1; }
kernel_config "$tree" "$obj" '# CONFIG_BPF_SYSCALL is not set' '# CONFIG_BPF_JIT_ALWAYS_ON is not set'
! grep -q '^CONFIG_EXTFUSE=' "$obj/.config" || { echo 'EXTFUSE without BPF_SYSCALL'; exit 1; }
