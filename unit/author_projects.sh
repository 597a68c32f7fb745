#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds, against an installed copy, projects that 'extfuse new' writes: what tests mount and run.
#   author_projects.sh BUILD_DIR
# BUILD_DIR/author/installed is the copy, BUILD_DIR/author/NAME/build/NAME.bpf.o a project's object.
set -euo pipefail

build=$(cd "$1" && pwd)
author=$build/author
mkdir -p "$author"

cmake --install "$build" --prefix "$author/installed" >"$author/log"
# Nothing of the checkout may be found, only what was installed.
unset EXTFUSE_OBJECT_PATH
export CMAKE_PREFIX_PATH=$author/installed
CMAKE_BUILD_PARALLEL_LEVEL=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL

for project in 'mine policy' 'deny handler CREATE' 'look handler LOOKUP'; do
	read -r name kind opcode <<<"$project"
	rm -rf "$author/new"
	"$author/installed/bin/extfuse" new "$kind" "$name" ${opcode:+"$opcode"} "$author/new" >"$author/log"
	# What has not changed keeps its time, and what was made of it.
	rsync -r --checksum "$author/new/" "$author/$name/"
	(cd "$author/$name" && cmake -S . -B build && cmake --build build) >"$author/log" 2>&1 || {
		printf 'the project of extfuse new %s %s %s:\n' "$kind" "$name" "$opcode"
		cat "$author/log"
		exit 1
	}
done
rm -rf "$author/new"
