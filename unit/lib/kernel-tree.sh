# SPDX-License-Identifier: GPL-2.0-only
# Builds parts of the kernel's trees for the checks of the kernel tier; to be sourced.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # for who sources this
cache=${EXTFUSE_CACHE:-$HOME/.cache/extfuse}

# kernel_make TREE OBJ ARGS...: make in a tree, with a folder for objects of its own.
kernel_make() {
	local tree=$1 obj=$2
	shift 2
	KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=extfuse KBUILD_BUILD_HOST=extfuse LC_ALL=C MAKEFLAGS='' \
		make -C "$tree" O="$obj" ARCH=x86 -j"${EXTFUSE_JOBS:-$(nproc)}" "$@"
}

# kernel_config TREE OBJ [LINE...]: the VM's configuration with other lines for some options.
kernel_config() {
	local tree=$1 obj=$2 line name
	shift 2
	mkdir -p "$obj"
	cp "$root/kernel/config/base.config" "$obj/fragment"
	for line; do
		name=${line#\# }
		name=${name%%[= ]*}
		sed -i "/^$name=/d; /^# $name is not set\$/d" "$obj/fragment"
		printf '%s\n' "$line" >>"$obj/fragment"
	done
	# An unchanged configuration must not make everything new.
	cp "$obj/.config" "$obj/config.old" 2>/dev/null || true
	KCONFIG_ALLCONFIG=$obj/fragment kernel_make "$tree" "$obj" allnoconfig
	if cmp -s "$obj/.config" "$obj/config.old"; then
		cp -p "$obj/config.old" "$obj/.config"
	fi
}
