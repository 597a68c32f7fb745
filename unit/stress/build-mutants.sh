#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the BPF objects of each mutant: build-mutants.sh FOLDER [NAME...], into FOLDER/objects/NAME;
# without a planted bug into FOLDER/objects/none.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath -m "$1")
shift
mutants=$root/unit/stress/mutants
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(awk '/^[^#]/ { print $1 }' "$mutants/list")

# A copy, so that nobody ever finds a planted bug in the tree.
rm -rf "$folder"
mkdir -p "$folder/source" "$folder/objects"
(cd "$root" && git ls-files -z --cached --others --exclude-standard |
	tar --null --ignore-failed-read -cf - -T - 2>/dev/null) | tar -C "$folder/source" -xf -
cmake -S "$folder/source" -B "$folder/build" >"$folder/configure.log"
mapfile -t targets < <(cmake --build "$folder/build" --target help |
	grep -oE '\bbpf_(handlers|policies)_[a-z0-9_]+' | sort -u)

build() { cmake --build "$folder/build" --parallel "$(nproc)" --target "${targets[@]}"; }

keep() {
	local kind
	for kind in handlers policies; do
		mkdir -p "$folder/objects/$1/$kind"
		cp "$folder/build/$kind"/*.bpf.o "$folder/objects/$1/$kind/"
	done
}

build >"$folder/build.log"
keep none
for name in "${names[@]}"; do
	# No fuzz: a patch that applies elsewhere plants another bug.
	patch -d "$folder/source" -p1 -s -F0 <"$mutants/$name.patch"
	build >"$folder/$name.log" 2>&1 || {
		printf 'build-mutants.sh: %s does not build (log %s)\n' "$name" "$folder/$name.log" >&2
		exit 1
	}
	keep "$name"
	patch -d "$folder/source" -p1 -s -R -F0 <"$mutants/$name.patch"
done
