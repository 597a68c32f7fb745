#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What 'cmake --install' puts below a prefix can be used there, by pkg-config, CMake, man and bash.
#   check_install.sh BUILD_DIR [CFLAGS...]
set -euo pipefail
# Pipes into grep have no -q: the other side would end of SIGPIPE.

build=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
bad=0

say() {
	printf '%s\n' "$*"
	bad=1
}

cmake --install "$build" --prefix "$prefix" >"$work/log"
unset EXTFUSE_OBJECT_PATH
lib=$(dirname "$(find "$prefix" -name 'libextfuse.so')")

for file in bin/extfuse bin/stackfs include/extfuse.h include/extfuse/handlers/handler.h \
	include/extfuse/handlers/opcodes.h include/extfuse/policies/policy.h \
	share/man/man1/extfuse.1 share/man/man1/stackfs.1 share/man/man3/libextfuse.3 \
	share/man/man7/extfuse-handlers.7 share/man/man7/extfuse-policies.7 \
	share/bash-completion/completions/extfuse share/bash-completion/completions/stackfs; do
	[ -s "$prefix/$file" ] || say "missing $file"
done
if grep -rIlF -e "$(cd "$(dirname "$0")/.." && pwd)" -e "$build" "$prefix"/lib* "$prefix/share" "$prefix/include"; then
	say 'these name the folder that they were built in'
fi

# What authors include and link with may be used under either licence, but for the built-in sources.
for file in "$prefix"/include/extfuse/{handlers,policies}/*.h "$prefix"/share/extfuse/testkit/fakes/*.[ch] \
	"$prefix"/include/extfuse/testkit/{.,fakes,fakes/bpf}/*.h; do
	head -n 2 "$file" | grep 'BSD-2-Clause OR GPL-2.0-only' >/dev/null || say "$file is for GPL programs alone"
done

# The installed copy finds its own objects.
"$prefix/bin/extfuse" policies >"$work/log" || say "extfuse policies: $(cat "$work/log")"
policies=$(sed -n 's/^\([a-z0-9_]\+\)$/\1/p' "$work/log")
for policy in "$(dirname "$0")"/../policies/*.bpf.c; do
	policy=$(basename "$policy" .bpf.c)
	grep -qx "$policy" "$work/log" || say "extfuse policies does not list $policy"
done
"$prefix/bin/stackfs" --version >/dev/null || say 'stackfs --version fails'

# Versioned symbols, all of them.
readelf -W --dyn-syms "$lib/libextfuse.so" | grep 'extfuse_open@@EXTFUSE_0.1' >/dev/null || say 'no versioned symbol'

# A daemon's author: shared by pkg-config, static by CMake; also from C++.
cat >"$work/daemon.c" <<'END'
#include <extfuse.h>
#include <stdio.h>

static void line(void *data, enum extfuse_log_level level, const char *text)
{
	if (level == EXTFUSE_LOG_ERROR)
		puts(text);
	(void)data;
}

int main(void)
{
	struct extfuse *ext = 0;
	struct extfuse_opts opts = { .size = sizeof(opts), .policy = "ttl+lru", .log = line };
	int err = extfuse_open(&opts, &ext);

	extfuse_close(ext);
	return err ? 1 : 0;
}
END
export PKG_CONFIG_PATH=$lib/pkgconfig
# shellcheck disable=SC2046 # words are meant
cc "$@" -o "$work/shared" "$work/daemon.c" $(pkg-config --cflags --libs libextfuse)
LD_LIBRARY_PATH=$lib "$work/shared" || say 'the program with the shared library fails'
LD_LIBRARY_PATH=$lib ldd "$work/shared" | grep "libextfuse.so.0 => $lib/" >/dev/null || say 'it has another library'
mkdir "$work/daemon"
mv "$work/daemon.c" "$work/daemon/"
cat >"$work/daemon/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(daemon LANGUAGES C)
find_package(extfuse 0.1 REQUIRED COMPONENTS library)
add_executable(daemon daemon.c)
target_compile_options(daemon PRIVATE $*)
target_link_options(daemon PRIVATE $*)
target_link_libraries(daemon PRIVATE extfuse::libextfuse_static)
END
if (cmake -S "$work/daemon" -B "$work/daemon/build" -DCMAKE_PREFIX_PATH="$prefix" &&
	cmake --build "$work/daemon/build") >"$work/log" 2>&1; then
	# Linked statically it is told where the objects are.
	EXTFUSE_OBJECT_PATH=$lib/extfuse "$work/daemon/build/daemon" || say 'the program with the static library fails'
else
	say "the program with the static library: $(cat "$work/log")"
fi

# Pages without a warning.
for page in "$prefix"/share/man/man*/*; do
	groff -man -Tutf8 -ww "$page" >/dev/null 2>"$work/log"
	[ ! -s "$work/log" ] || say "$page: $(cat "$work/log")"
done
# Every command and option of the completion's commands has its place in a page.
for command in $("$prefix/bin/extfuse" --help | sed -n 's/^  \([a-z]\+\).*/\1/p' | sort -u); do
	grep -q "$command" "$prefix/share/man/man1/extfuse.1" || say "extfuse.1 has no $command"
done
for option in $("$prefix/bin/stackfs" --help | sed -n 's/^    \([a-z_]\+\)[=| ].*/\1/p' | grep -v '^debug_'); do
	grep -q "$option" "$prefix/share/man/man1/stackfs.1" || say "stackfs.1 has no $option"
done

# Every policy and, with its arguments or without, every hook and way to declare a parameter has its
# place too.
for policy in $policies; do
	grep -q "^\.B $policy\$" "$prefix/share/man/man7/extfuse-policies.7" || say "extfuse-policies.7 has no $policy"
done
hooks=$(sed -n 's/^__hidden .*\b\(ext_policy_[a-z]\+\)(.*/\1/p' "$prefix/include/extfuse/policies/policy.h")
[ -n "$hooks" ] || say 'policy.h has no hook'
for hook in $hooks; do
	grep -q "\b$hook\b" "$prefix/share/man/man7/extfuse-policies.7" || say "extfuse-policies.7 has no $hook"
done
shapes=$(sed -n 's/^#define EXT_SHAPE_OF_\([a-z]\+\) .*/\1/p' "$prefix/include/extfuse/policies/policy.h")
for shape in $shapes; do
	grep -q "EXT_SHAPE($shape)" "$prefix/share/man/man7/extfuse-policies.7" ||
		say "extfuse-policies.7 has no EXT_SHAPE($shape)"
done
params=$(sed -n 's/^#define \(EXT_PARAM[A-Z_]*\)(.*/\1/p' "$prefix/include/extfuse/handlers/handler.h")
[ -n "$params" ] || say 'handler.h has no parameter'
for page in extfuse-policies.7 extfuse-handlers.7; do
	for param in $params; do
		grep -q "$param\b" "$prefix/share/man/man7/$page" || say "$page has no $param"
	done
done

# complete WORDS...: what the shell would offer for the last word.
complete_words() {
	# shellcheck disable=SC2016 # expanded by the other shell
	PATH=$prefix/bin:$PATH bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		"_$1"; printf "%s\n" "${COMPREPLY[@]}"' bash "$prefix/share/bash-completion/completions/$1" "$@"
}
offers() {
	local expected=$1
	shift
	complete_words "$@" | grep -x -- "$expected" >/dev/null || say "'$*' does not complete to $expected"
}
offers policies extfuse po
offers handler extfuse new ha
offers RENAME2 extfuse new handler x REN
offers policy=ttl stackfs -o policy=t
offers policy=ttl+lru stackfs -o policy=ttl+l
offers ro,policy=ttl stackfs -o ro,policy=tt
offers allow_other stackfs -o allow_o
# As bash splits them where '=' is a word of its own.
offers ttl stackfs -o policy = t
offers ttl+lru stackfs -o policy = ttl+l
offers lru stackfs -o policy =
exit "$bad"
