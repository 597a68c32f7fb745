// SPDX-License-Identifier: GPL-2.0-only
/* open.bpf.c - OPEN: a change with O_TRUNC only */
#include "handler.h"

EXT_HANDLER("says that OPEN without O_TRUNC changes nothing");
EXT_LICENSE;

/* The value that the FUSE protocol carries: that of the requester's architecture. */
#define O_TRUNC 01000

EXT_REQUEST(OPEN)
{
	struct fuse_open_in in;

	if (bpf_extfuse_read_args(ctx, IN_PARAM_0_VALUE, &in, sizeof(in)) < 0)
		return ext_miss(ctx, EXT_MISS_ERROR);
	if (!(in.flags & O_TRUNC))
		ext_harmless(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}
