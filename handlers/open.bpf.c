// SPDX-License-Identifier: GPL-2.0-only
/* open.bpf.c - OPEN: a change with O_TRUNC only */
#include "opcodes.h"

EXT_HANDLER("says that OPEN without O_TRUNC changes nothing");
EXT_LICENSE;

/* The value that the FUSE protocol carries: that of the requester's architecture. */
#define O_TRUNC 01000

EXT_REQUEST(OPEN)
{
	struct fuse_open_in in;

	if (ext_open_in(ctx, &in))
		return ext_miss(ctx, EXT_MISS_ERROR);
	if (!(in.flags & O_TRUNC))
		ext_harmless(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}
