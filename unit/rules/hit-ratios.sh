#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: docs/s3fifo.md says what the policies' programs measure on its traces.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# With sanitizers the traces take ten times as long.
[ -e build/CMakeCache.txt ] || cmake -S . -B build
cmake --build build --target hit_ratios_{writeinval,lru,s3fifo}
exec bench/hit-ratios.sh --check build/unit
