#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the fuzz targets of the loader with libFuzzer and runs one; see usage().
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

usage() {
	cat <<-'END'
	usage: unit/fuzz/run.sh [--seconds N] [--seed N] [--libbpf DIR] TARGET [FILE...]
	  TARGET         expr (policy expressions and parameters), object (reading an object) or
	                 link (linking and opening an object that was read without complaint)
	  --seconds N    how long new inputs are tried (default 10; 0: the corpus alone)
	  --seed N       for other inputs than the last time (default 1)
	  --libbpf DIR   sources of libbpf (their src folder), to be built with ASan and counters
	                 too; the system's library has neither. Then link loads as well, into
	                 a kernel that takes everything
	  FILE...        only these inputs, once
	First every input of unit/fuzz/corpus is tried, then new ones. What is new stays in
	build/fuzz/work/TARGET; a crash in build/fuzz/crash/TARGET-*. Put a crash that was
	fixed into the corpus.
	END
}

seconds=10 seed=1 libbpf=
while [ $# -gt 0 ]; do
	case $1 in
	--seconds | --seed | --libbpf)
		[ $# -ge 2 ] || { usage >&2; exit 2; }
		case $1 in
		--seconds) seconds=$2 ;;
		--seed) seed=$2 ;;
		--libbpf) libbpf=$(cd "$2" && pwd) ;;
		esac
		shift
		;;
	-h | --help) usage; exit 0 ;;
	*) break ;;
	esac
	shift
done
target=${1:-}
case $target in
expr) corpus=$here/corpus/expr ;;
object | link) corpus=$here/corpus/object ;;
*) usage >&2; exit 2 ;;
esac
shift

out=$root/build/fuzz${libbpf:+-libbpf}
bin=$out/bin
mkdir -p "$out/obj" "$bin" "$out/crash" "$out/names"
sanitize=-fsanitize=address,undefined

if [ -n "$libbpf" ]; then
	mkdir -p "$out/libbpf/include/bpf"
	cp "$libbpf"/*.h "$out/libbpf/include/bpf/"
	for source in "$libbpf"/*.c; do
		object=$out/libbpf/$(basename "$source" .c).o
		# Its hashes overflow and its structures are packed on purpose: no UBSan.
		[ "$object" -nt "$source" ] ||
			clang -c -g -O1 -fsanitize=fuzzer-no-link,address \
				-D_LARGEFILE64_SOURCE -D_FILE_OFFSET_BITS=64 \
				-I "$libbpf" -I "$libbpf/../include" -I "$libbpf/../include/uapi" \
				"$source" -o "$object"
	done
	link=("$out"/libbpf/*.o -lelf -lz)
	[ "$target" != link ] || link+=(-DFUZZ_LOAD -Xlinker --wrap=syscall)
	include=(-I "$out/libbpf/include")
else
	link=(-lbpf)
	include=()
fi

uapi=$("$root/kernel/build.sh" --headers "$out/uapi")
while read -r file header enum prefix; do
	awk -v enum="$enum" -v prefix="$prefix" -f "$root/loader/gen-names.awk" \
		"$uapi/linux/$header" >"$out/names/$file"
done <<-'END'
	opcode_names.inc fuse.h fuse_opcode FUSE_
	event_names.inc extfuse.h extfuse_event EXTFUSE_EV_
END

# The search for objects finds none in the folders around a program here.
objects=()
for name in check check_btf compose expr find join log names object params source text vars; do
	source=$root/loader/$name.c object=$out/obj/$name.o
	objects+=("$object")
	newer=$(find "$root"/loader/*.[ch] "$here"/*.h -newer "$object" 2>/dev/null || echo missing)
	[ -e "$object" ] && [ -z "$newer" ] && continue
	clang -c -std=gnu17 -D_GNU_SOURCE -DEXT_BESIDE_BIN='"nonexistent"' \
		-DEXT_INSTALL_DIR='"/nonexistent"' -g -O1 \
		-fsanitize=fuzzer-no-link "$sanitize" -fno-sanitize-recover=all -Wall -Wextra -Werror \
		"${include[@]}" -isystem "$uapi" -I "$out/names" "$source" -o "$object"
done
clang -std=gnu17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer "$sanitize" -fno-sanitize-recover=all \
	-Wall -Wextra -Werror "${include[@]}" -isystem "$uapi" \
	"$here/fuzz_$target.c" "${objects[@]}" "${link[@]}" -o "$bin/fuzz_$target"

export FUZZ_PARTNER=$here/corpus/object/dispatch
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
flags=(-timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -seed="$seed" -print_final_stats=1
	-artifact_prefix="$out/crash/$target-")
if [ $# -gt 0 ]; then
	exec "$bin/fuzz_$target" "${flags[@]}" "$@"
fi
printf 'corpus: %d inputs\n' "$(find "$corpus" -type f | wc -l)"
"$bin/fuzz_$target" "${flags[@]}" "$corpus"/*
[ "$seconds" -gt 0 ] || exit 0
mkdir -p "$out/work/$target"
exec nice -n 5 "$bin/fuzz_$target" "${flags[@]}" -max_total_time="$seconds" -max_len=16384 \
	"$out/work/$target" "$corpus"
