#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: docs/s3fifo.md says what the policies' programs measure on its traces.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

exec bench/hit-ratios.sh --check
