/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fill.h - with fill=daemon, put what the daemon found into the kernel's cache
 *
 * Take a token before looking at the file, and apply the fill before the reply that tells the
 * kernel the nodeids. Without fill=daemon these do nothing.
 */
#ifndef STACKFS_FILL_H
#define STACKFS_FILL_H

#include "stackfs.h"

uint64_t fill_begin(const struct stackfs *fs);
void fill_entry(const struct stackfs *fs, uint64_t token, fuse_ino_t parent, const char *name,
		const struct fuse_entry_param *entry);
void fill_negative(const struct stackfs *fs, uint64_t token, fuse_ino_t parent, const char *name);
void fill_attr(const struct stackfs *fs, uint64_t token, fuse_ino_t nodeid, const struct stat *st);

#endif
