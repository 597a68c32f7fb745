#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the programs that the kernel tier runs in the VM: build.sh DIR
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
out=${1:?usage: build.sh DIR}
mkdir -p "$out"
uapi=$("$root/kernel/build.sh" --headers "$out/uapi")

for source in "$here"/*.bpf.c "$root/unit/seed_example.bpf.c"; do
	clang -target bpf -mcpu=v3 -O2 -g -ffreestanding -Wall -Wextra -Werror -Wno-unused-parameter \
		-isystem "$uapi" -I "$here" -c "$source" -o "$out/$(basename "$source" .c).o"
done
# The library of the build beside, for tests that want a real cache.
library=$root/build/lib/libextfuse.a
for source in "$here"/test_*.c; do
	libraries=(-lbpf -pthread)
	! grep -q '/loader/internal.h"' "$source" || libraries=("$library" -lfuse3 "${libraries[@]}")
	cc -std=gnu17 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -isystem "$uapi" -I "$here" "$source" \
		-o "$out/$(basename "$source" .c)" "${libraries[@]}"
done
