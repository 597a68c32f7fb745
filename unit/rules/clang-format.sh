#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: C files have the format of .clang-format (kernel/ follows checkpatch instead).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ -f .clang-format ] || { echo 'there is no .clang-format'; exit 1; }
# Not the objects that tests break on purpose.
git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' ':!kernel/' ':!unit/loader/broken/' |
	xargs -0r clang-format --dry-run -Werror
