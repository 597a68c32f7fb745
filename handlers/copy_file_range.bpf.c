// SPDX-License-Identifier: GPL-2.0-only
/* copy_file_range.bpf.c - COPY_FILE_RANGE: the inode that is written is in the input */
#include "opcodes.h"

EXT_HANDLER("says which other inode COPY_FILE_RANGE changes");
EXT_LICENSE;

EXT_REQUEST(COPY_FILE_RANGE)
{
	struct fuse_copy_file_range_in in;

	if (ext_copy_file_range_in(ctx, &in))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_inode(ctx, in.nodeid_out);
	ext_narrow_all(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}
