// SPDX-License-Identifier: GPL-2.0-only
/* tmpfile.bpf.c - TMPFILE: an inode without a name */
#include "handler.h"

EXT_HANDLER("says that TMPFILE changes no name");
EXT_LICENSE;

EXT_REQUEST(TMPFILE)
{
	ext_narrow_names(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}
