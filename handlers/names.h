/* SPDX-License-Identifier: GPL-2.0-only */
/* names.h - what the handlers of opcodes that change names have in common */
#ifndef EXT_NAMES_H
#define EXT_NAMES_H

#include "handler.h"

/*
 * The request changes the name in input number which (a constant), in its
 * nodeid. When the name cannot be read, all names of the directory stay closed
 * until the reply.
 */
static __always_inline int ext_changes_name(struct extfuse_req *ctx, const int which)
{
	struct ext_name name;

	if (ext_name_read(ctx, ctx->nodeid, which, &name))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_name(ctx, &name);
	ext_narrow_names(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}

/*
 * RENAME and RENAME2: the second input in the nodeid, the third in newdir, the
 * beginning of the first. An exchange or a whiteout changes these two names, too.
 */
static __always_inline int ext_changes_two_names(struct extfuse_req *ctx)
{
	struct fuse_rename2_in in;
	struct ext_name name;

	if (bpf_extfuse_read_args(ctx, IN_PARAM_0_VALUE, &in, sizeof(in)) < 0 ||
	    ext_name_read(ctx, ctx->nodeid, 1, &name))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_name(ctx, &name);
	if (ext_name_read(ctx, in.newdir, 2, &name))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_name(ctx, &name);
	ext_narrow_names(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}

#endif /* EXT_NAMES_H */
