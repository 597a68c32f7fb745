// SPDX-License-Identifier: GPL-2.0-only
/* listxattr.bpf.c - LISTXATTR: the names of an inode's extended attributes, from the cache */
#include "xattrs.h"

EXT_HANDLER("answers LISTXATTR and stores the daemon's replies");
EXT_LICENSE;

EXT_REQUEST(LISTXATTR)
{
	struct fuse_getxattr_in in;
	struct ext_name name;

	if (!ext_caching())
		return ext_miss(ctx, EXT_MISS_ABSENT);
	if (ext_listxattr_in(ctx, &in))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_name_of_list(ctx->nodeid, &name);
	return ext_answers_xattr(ctx, &name, in.size);
}

EXT_REPLY(LISTXATTR)
{
	struct fuse_getxattr_in in;
	struct ext_name name;

	if (!ext_telling())
		return 0;
	if (ext_listxattr_in(ctx, &in))
		return ext_told();
	ext_name_of_list(ctx->nodeid, &name);
	return ext_puts_xattr(ctx, &name, in.size);
}
