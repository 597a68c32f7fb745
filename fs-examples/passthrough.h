/* SPDX-License-Identifier: GPL-2.0-only */
/* passthrough.h - replies to OPEN and CREATE, which may hand the file over to the kernel */
#ifndef STACKFS_PASSTHROUGH_H
#define STACKFS_PASSTHROUGH_H

#include "stackfs.h"

/* As fuse_reply_open() and fuse_reply_create(), with passthrough if it was agreed on. */
int reply_open(fuse_req_t req, struct inode *inode, struct fuse_file_info *fi);
int reply_create(fuse_req_t req, struct inode *inode, const struct fuse_entry_param *entry,
		 struct fuse_file_info *fi);

/* A file handle of @inode was released. */
void passthrough_release(struct stackfs *fs, struct inode *inode);

#endif
