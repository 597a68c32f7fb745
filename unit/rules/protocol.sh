#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: the model of the coherence protocol holds, and each of its mutants breaks; --full: in larger bounds, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

exec handlers/protocol/run.sh "$@"
