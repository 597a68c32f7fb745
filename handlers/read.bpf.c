// SPDX-License-Identifier: GPL-2.0-only
/*
 * read.bpf.c - READ: a change of atime, unless that does not count; and the
 * daemon's word on the size
 *
 * The driver believes a short read: the file ends there. A row with another size
 * would contradict it.
 */
#include "opcodes.h"

EXT_HANDLER("with atime=relaxed READ is no change, but what it tells of the size counts");
EXT_LICENSE;

EXT_REQUEST(READ)
{
	if (ext_atime_relaxed())
		ext_harmless(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}

EXT_REPLY(READ)
{
	struct fuse_read_in in;
	__u64 got = ctx->out_size[0];

	/* Otherwise the dispatcher has ended a change of the whole inode. */
	if (!ext_atime_relaxed() || ctx->error)
		return 0;
	if (ext_read_in(ctx, &in)) {
		ext_count_error(ctx);
		/* No size is both: whatever the row says. */
		ext_told_size(ctx->nodeid, ~0ULL, 0);
	} else if (!got) {
		ext_told_size(ctx->nodeid, 0, in.offset);
	} else {
		ext_told_size(ctx->nodeid, in.offset + got,
			      got < in.size ? in.offset + got : ~0ULL);
	}
	return 0;
}
