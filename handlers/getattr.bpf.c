// SPDX-License-Identifier: GPL-2.0-only
/* getattr.bpf.c - GETATTR: attributes of an inode, from the cache; the daemon's replies fill it */
#include "handler.h"

EXT_HANDLER("answers GETATTR and stores the daemon's replies");
EXT_LICENSE;

EXT_REQUEST(GETATTR)
{
	struct fuse_attr_out out;
	int found;

	if (!ext_caching())
		return ext_miss(ctx, EXT_MISS_ABSENT);
	found = ext_get_attr(ctx->nodeid, &out);
	if (found >= 0)
		return ext_miss(ctx, found);
	if (bpf_extfuse_write_args(ctx, OUT_PARAM_0, &out, sizeof(out)) < 0)
		return ext_miss(ctx, EXT_MISS_ERROR);
	return ext_hit(ctx);
}

EXT_REPLY(GETATTR)
{
	struct fuse_attr_out out;

	if (!ext_telling())
		return 0;
	if (ctx->error || bpf_extfuse_read_args(ctx, OUT_PARAM_0, &out, sizeof(out)) < 0 ||
	    !ext_valid_attr(&out.attr))
		return ext_told();
	return ext_put_attr(ctx, &out);
}
