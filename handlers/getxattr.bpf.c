// SPDX-License-Identifier: GPL-2.0-only
/* getxattr.bpf.c - GETXATTR: an extended attribute's value, or that there is none, from the cache */
#include "xattrs.h"

EXT_HANDLER("answers GETXATTR, also that there is no such attribute, and stores the daemon's "
	    "replies");
EXT_LICENSE;

EXT_REQUEST(GETXATTR)
{
	struct fuse_getxattr_in in;
	struct ext_name name;

	if (!ext_caching())
		return ext_miss(ctx, EXT_MISS_ABSENT);
	if (ext_getxattr_in(ctx, &in) || ext_getxattr_name(ctx, &name))
		return ext_miss(ctx, EXT_MISS_ERROR);
	return ext_answers_xattr(ctx, &name, in.size);
}

EXT_REPLY(GETXATTR)
{
	struct fuse_getxattr_in in;
	struct ext_name name;

	if (!ext_telling())
		return 0;
	if (ext_getxattr_in(ctx, &in) || ext_getxattr_name(ctx, &name))
		return ext_told();
	return ext_puts_xattr(ctx, &name, in.size);
}
