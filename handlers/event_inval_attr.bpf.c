// SPDX-License-Identifier: GPL-2.0-only
/* event_inval_attr.bpf.c - the driver holds attributes of an inode for stale */
#include "opcodes.h"

EXT_HANDLER("kills attributes that the driver holds for stale; atime alone counts if strict");
EXT_LICENSE;

/* linux/stat.h; the driver's mask */
#define STATX_ATIME 0x20U

EXT_EVENT(INVAL_ATTR)
{
	__u32 mask;

	if (!ext_inval_attr_mask(ctx, &mask) && mask == STATX_ATIME && ext_atime_relaxed())
		return ext_event_ignore();
	return ext_event_changed(ctx);
}
