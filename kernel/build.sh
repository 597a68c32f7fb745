#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the patched kernel, or finds it in the cache; the last line on stdout is the image's path.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tarball=/usr/src/linux-source-6.12.tar.xz
package=linux-source-6.12
cache=${EXTFUSE_CACHE:-$HOME/.cache/extfuse}
jobs=${EXTFUSE_JOBS:-$(nproc)}
# Images kept per mode; an image is 5 to 30 MB.
keep=4
# Part of every key: raise it when a change to this script changes what it builds.
recipe=2

usage() {
	cat <<-'END'
	usage: kernel/build.sh [--debug]             build the kernel, print the image's path
	       kernel/build.sh --headers DIR         export the UAPI headers to DIR/include
	       kernel/build.sh --tree                prepare the patched source tree, print its path
	       kernel/build.sh --base-tree           print the path of the unpatched tree (never write to it)
	Beside the image lie config, System.map and splat.ko. Environment: EXTFUSE_CACHE
	(default ~/.cache/extfuse), EXTFUSE_JOBS (default: the number of CPUs).
	END
}

say() { printf 'kernel/build.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
elapsed() { printf '%dm%02ds' $((SECONDS / 60)) $((SECONDS % 60)); }

mode=normal
action=image
headers=
while [ $# -gt 0 ]; do
	case $1 in
	--debug) mode=debug ;;
	--headers) [ $# -ge 2 ] || die "--headers needs a directory"; action=headers headers=$2; shift ;;
	--tree) action=tree ;;
	--base-tree) action=base ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $1" ;;
	esac
	shift
done

[ -f "$tarball" ] || die "$tarball is missing; run: scripts/install-deps.sh kernel"
version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) || version=$(stat -c '%s-%Y' "$tarball")
# A tilde or colon in a path upsets make.
version=${version//[^A-Za-z0-9.+-]/-}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
work=$cache/linux-$version

# Prints one hash over the names and contents of the given files and folders.
hash_of() {
	local path
	for path; do
		[ -e "$path" ] || continue
		(cd "$(dirname "$path")" && find "$(basename "$path")" -type f -print0 | sort -z |
			xargs -0r sha256sum)
	done | sha256sum | cut -c1-16
}

shopt -s nullglob
# 0000 is the cover letter.
patches=("$here"/patches/000[1-9]*.patch)
fragments=("$here/config/base.config")
[ "$mode" = normal ] || fragments+=("$here/config/$mode.config")
# Only what ends up in the tree may count, not a README beside it.
source_hash() { printf '%s-%s' "$(hash_of "${patches[@]}" "$here/src")" "$recipe"; }
source_key=$(source_hash)
image_key=$(printf '%s\n' "$source_key" "$(hash_of "${fragments[@]}" "$here/tests/splat")" |
	sha256sum | cut -c1-16)
image_dir=$cache/image-$mode-$version-$image_key
headers_dir=$cache/headers-$version-$source_key

# lock FILE [shared]: takes a lock that ends with this process and what it started
# (a make that outlives a killed build.sh still owns its output).
lock() {
	local fd
	mkdir -p "$(dirname "$1")"
	exec {fd}>>"$1"
	if ! flock -n ${2:+-s} "$fd"; then
		say "waiting for another build ($1)"
		flock ${2:+-s} "$fd"
	fi
	lock_fd=$fd
}

unpack() {
	[ -e "$work/unpacked" ] && return
	lock "$work/unpack.lock"
	if [ ! -e "$work/unpacked" ]; then
		say "unpack $tarball"
		rm -rf "$work/base" "$work/tree" "$work/tree.key" "$work/tree.files"
		mkdir -p "$work/base"
		tar -xf "$tarball" -C "$work/base" --strip-components=1
		# Hard links: the second tree costs no space, and its files keep their times.
		cp -al "$work/base" "$work/tree"
		touch "$work/unpacked"
	fi
	exec {lock_fd}>&-
}

# Puts the patched form of every file that the series or src/ touches into $1.
patch_into() {
	local scratch=$1 patch file
	for patch in "${patches[@]}"; do
		# Both sides: a patch may create, change or delete a file.
		sed -nE 's,^(---|\+\+\+) [ab]/([^\t]*).*,\2,p' "$patch"
	done | sort -u >"$scratch.files"
	while IFS= read -r file; do
		[ -e "$work/base/$file" ] || continue
		mkdir -p "$scratch/$(dirname "$file")"
		cp "$work/base/$file" "$scratch/$file"
	done <"$scratch.files"
	for patch in "${patches[@]}"; do
		patch -d "$scratch" -p1 --fuzz=0 --batch --forward --no-backup-if-mismatch --silent \
			<"$patch" >&2 || die "does not apply: ${patch#"$here"/}"
	done
	if [ -d "$here/src" ]; then
		cp -r "$here/src/." "$scratch/"
	fi
}

# Brings $work/tree to base + patches + src, touching only files whose content changes,
# so that make rebuilds only what depends on them.
update_tree() {
	local scratch file
	scratch=$(mktemp -d "$work/scratch.XXXXXX")
	# shellcheck disable=SC2064 # the path of now
	trap "rm -rf '$scratch' '$scratch.files'" EXIT
	patch_into "$scratch"
	# Otherwise the cache would hold something else than its key says.
	[ "$(source_hash)" = "$source_key" ] ||
		die "kernel/patches or kernel/src changed meanwhile; run it again"
	rm -f "$work/tree.key"
	touch "$work/tree.files"
	(cd "$scratch" && find . -type f -printf '%P\n') | sort -u - "$scratch.files" "$work/tree.files" \
		>"$work/tree.files.new"
	mv "$work/tree.files.new" "$work/tree.files"
	while IFS= read -r file; do
		local from=$scratch/$file to=$work/tree/$file
		# What the series no longer touches goes back to the base's text.
		if [ ! -e "$from" ] && ! grep -qxF -- "$file" "$scratch.files"; then
			from=$work/base/$file
		fi
		if [ ! -e "$from" ]; then
			rm -f "$to"
		elif ! cmp -s "$from" "$to"; then
			mkdir -p "$(dirname "$to")"
			# By rename: writing in place would write into base as well.
			cp --preserve=mode "$from" "$to.new"
			mv "$to.new" "$to"
		fi
	done <"$work/tree.files"
	rm -rf "$scratch" "$scratch.files"
	trap - EXIT
	printf '%s\n' "$source_key" >"$work/tree.key"
}

tree_is_current() { [ "$(cat "$work/tree.key" 2>/dev/null)" = "$source_key" ]; }

# Prepares the tree and leaves it locked against changes (other builds may read it).
prepare_tree() {
	unpack
	while lock "$work/tree.lock" shared && ! tree_is_current; do
		exec {lock_fd}>&-
		lock "$work/tree.lock"
		tree_is_current || { say "patch the tree (${#patches[@]} patches)"; update_tree; }
		exec {lock_fd}>&-
	done
}

# Later fragments override earlier ones; one line per option is left.
merge_fragments() {
	awk '
		/^CONFIG_[A-Za-z0-9_]+=/ { name = $0; sub(/=.*/, "", name) }
		/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { name = $2 }
		name != "" { if (!(name in line)) order[n++] = name; line[name] = $0; name = "" }
		END { for (i = 0; i < n; i++) print line[order[i]] }
	' "${fragments[@]}"
}

check_config() {
	local config=$1 fragment=$2 line name missing=()
	while IFS= read -r line; do
		case $line in
		'# '*)
			name=${line#\# } name=${name%% *}
			! grep -q "^$name=" "$config" || missing+=("$line")
			;;
		CONFIG_EXTFUSE=*)
			[ ${#patches[@]} -eq 0 ] || grep -qxF "$line" "$config" || missing+=("$line")
			;;
		*) grep -qxF "$line" "$config" || missing+=("$line") ;;
		esac
	done <"$fragment"
	[ ${#missing[@]} -eq 0 ] ||
		die "options that did not take effect (a dependency is missing): $(printf '%s; ' "${missing[@]}")"
}

# Reads make's output; prints the share of objects done every ten seconds.
progress() {
	awk -v total="$1" -v every=10 '
		/^  (CC|AS|LDS|HOSTCC)/ { done++ }
		{ now = systime(); if (!start) start = last = now }
		now - last >= every {
			last = now
			if (total > 0) {
				share = int(100 * done / total)
				printf "kernel/build.sh: compile %d %%, %d objects, %d s\n", (share > 99 ? 99 : share), done, now - start
			} else
				printf "kernel/build.sh: compile %d objects, %d s\n", done, now - start
			fflush()
		}' >&2
}

run_make() {
	# Constant stamps: the same input gives the same image, and init/ is not relinked for a date.
	KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=extfuse KBUILD_BUILD_HOST=extfuse \
		KBUILD_BUILD_VERSION=1 LC_ALL=C MAKEFLAGS='' \
		make -C "$work/tree" ARCH=x86 -j"$jobs" "$@"
}

build_image() {
	local obj=$work/obj-$mode log=$work/$mode.log total=0 new
	prepare_tree
	lock "$work/obj-$mode.lock"
	# Another call may have built it while this one waited.
	[ ! -e "$image_dir/bzImage" ] || return 0
	mkdir -p "$obj"
	[ -e "$obj/vmlinux" ] || total=1640

	say "configure ($mode)"
	merge_fragments >"$obj/fragment"
	KCONFIG_ALLCONFIG=$obj/fragment run_make O="$obj" allnoconfig >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "configuration failed; log: $log"; }
	check_config "$obj/.config" "$obj/fragment"

	say "compile ($mode, $jobs jobs, log $log)"
	run_make O="$obj" bzImage modules 2>&1 | tee -a "$log" | progress "$total" ||
		{ grep -aE -A8 '(error|Error|undefined reference)' "$log" | tail -n 40 >&2 || true; die "compile failed after $(elapsed); log: $log"; }
	rm -rf "$work/splat-$mode"
	cp -r "$here/tests/splat" "$work/splat-$mode"
	run_make O="$obj" M="$work/splat-$mode" modules >>"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "tests/splat does not compile; log: $log"; }

	new=$(mktemp -d "$cache/new.XXXXXX")
	chmod 755 "$new"
	cp "$obj/arch/x86/boot/bzImage" "$obj/System.map" "$work/splat-$mode/splat.ko" "$new/"
	cp "$obj/.config" "$new/config"
	rm -rf "$image_dir"
	mv -T "$new" "$image_dir"
	say "built $mode kernel in $(elapsed)"
	prune "$cache/image-$mode-"
}

prune() {
	local dir
	# shellcheck disable=SC2012 # names are ours: no newlines
	ls -dt "$1"* | tail -n +$((keep + 1)) | while IFS= read -r dir; do
		rm -rf "$dir"
	done
}

export_headers() {
	local new
	if [ ! -e "$headers_dir/include" ]; then
		prepare_tree
		lock "$work/obj-headers.lock"
		if [ ! -e "$headers_dir/include" ]; then
			say "export headers"
			new=$(mktemp -d "$cache/new.XXXXXX")
			chmod 755 "$new"
			run_make O="$work/obj-headers" INSTALL_HDR_PATH="$new" headers_install \
				>"$work/headers.log" 2>&1 ||
				{ tail -n 20 "$work/headers.log" >&2; die "headers_install failed"; }
			rm -rf "$headers_dir"
			mv -T "$new" "$headers_dir"
			prune "$cache/headers-"
		fi
	fi
	touch "$headers_dir"
	mkdir -p "$headers"
	# By content: an unchanged header must not rebuild what includes it.
	rsync -r --checksum "$headers_dir/include" "$headers/"
	printf '%s\n' "$(cd "$headers/include" && pwd)"
}

case $action in
image)
	[ -e "$image_dir/bzImage" ] || build_image
	touch "$image_dir"
	printf '%s\n' "$image_dir/bzImage"
	;;
headers) export_headers ;;
tree)
	prepare_tree
	printf '%s\n' "$work/tree"
	;;
base)
	unpack
	printf '%s\n' "$work/base"
	;;
esac
