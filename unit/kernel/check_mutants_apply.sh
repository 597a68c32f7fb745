#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Each planted bug of the driver, and each step of its that bench/steps.sh takes out, applies to its tree.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -t steps < <(grep -l '^--- a/fs/' bench/steps/*.patch)
scripts/patched-kernels.sh --check unit/kernel/mutants/*.patch "${steps[@]}"
