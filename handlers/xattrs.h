/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* xattrs.h - what GETXATTR and LISTXATTR have in common: the value and its size */
#ifndef EXT_XATTRS_H
#define EXT_XATTRS_H

#include "opcodes.h"

/*
 * Answer with what is cached for name. The caller's buffer has size bytes; with
 * 0 it asks for the size alone (getxattr(2), listxattr(2)).
 */
static __always_inline int ext_answers_xattr(struct extfuse_req *ctx, const struct ext_name *name,
					     __u32 size)
{
	struct ext_xattr xattr;
	int found;

	if (!name->size)
		return ext_miss(ctx, EXT_MISS_ABSENT);
	found = ext_get_xattr(name, &xattr);
	if (found >= 0)
		return ext_miss(ctx, found);
	if (found == EXT_NEGATIVE)
		return ext_negative_hit(ctx, -ENODATA);

	if (!size) {
		if (ext_xattr_size_answer(ctx, xattr.size))
			return ext_miss(ctx, EXT_MISS_ERROR);
		return ext_hit(ctx);
	}
	if (xattr.size > size)
		return ext_negative_hit(ctx, -ERANGE);
	if (ext_xattr_answer(ctx, &xattr))
		return ext_miss(ctx, EXT_MISS_ERROR);
	return ext_hit(ctx);
}

/* Store what the daemon said of name to a caller whose buffer has size bytes. */
static __always_inline int ext_puts_xattr(struct extfuse_req *ctx, const struct ext_name *name,
					  __u32 size)
{
	struct fuse_getxattr_out query;
	struct ext_xattr xattr;

	if (ctx->error == -ENODATA)
		return ext_put_xattr(ctx, name, NULL);
	if (ctx->error)
		return ext_told_xattr(name, EXT_XATTR_UNKNOWN);
	if (!size) {
		if (ext_xattr_size_out(ctx, &query))
			return ext_told_xattr(name, EXT_XATTR_UNKNOWN);
		return ext_told_xattr(name, query.size);
	}
	if (ctx->out_size[0] > EXT_XATTR_MAX)
		return ext_told_xattr(name, ctx->out_size[0]);
	if (ext_xattr_out(ctx, &xattr))
		return ext_told_xattr(name, EXT_XATTR_UNKNOWN);
	return ext_put_xattr(ctx, name, &xattr);
}

#endif /* EXT_XATTRS_H */
