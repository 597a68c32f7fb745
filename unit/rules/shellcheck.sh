#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: shellcheck has nothing to say about any shell script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scripts=()
while IFS= read -r -d '' file; do
	[ -f "$file" ] || continue
	IFS= read -r first <"$file" || true
	case $file:$first in
	*.sh:* | *:'#!/bin/bash'* | *:'#!/bin/sh'* | *:'#!/usr/bin/env bash'*) scripts+=("$file") ;;
	esac
done < <(git ls-files -z --cached --others --exclude-standard) 2>/dev/null
printf '%s\n' "${scripts[@]}"
shellcheck "${scripts[@]}"
