// SPDX-License-Identifier: GPL-2.0-only
/* event_inval_attr.bpf.c - the driver holds attributes of an inode for stale */
#include "opcodes.h"

EXT_HANDLER("kills attributes that the driver holds for stale; atime alone counts if strict");
EXT_LICENSE;

/* linux/stat.h; the driver's mask */
#define STATX_ATIME 0x20U
#define STATX_BLOCKS 0x400U

/*
 * A row is what the daemon said. STATX_BLOCKS alone comes after a FLUSH with
 * write-back: the driver distrusts its own count, and FLUSH is judged as the request
 * that it is.
 */
EXT_EVENT(INVAL_ATTR)
{
	__u32 harmless = STATX_BLOCKS;
	__u32 mask;

	if (ext_atime_relaxed())
		harmless |= STATX_ATIME;
	if (!ext_inval_attr_mask(ctx, &mask) && !(mask & ~harmless))
		return ext_event_ignore();
	return ext_event_changed(ctx);
}
