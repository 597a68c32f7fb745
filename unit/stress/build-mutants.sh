#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the BPF objects of each mutant: build-mutants.sh FOLDER [NAME...], into FOLDER/objects/NAME;
# without a planted bug into FOLDER/objects/none.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
shift
mutants=$root/unit/stress/mutants
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(awk '/^[^#]/ { print $1 }' "$mutants/list")

patches=("${names[@]/#/$mutants/}")
exec "$root/scripts/patched-objects.sh" "$folder" "${patches[@]/%/.patch}"
