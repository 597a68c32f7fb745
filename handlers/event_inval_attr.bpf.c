// SPDX-License-Identifier: GPL-2.0-only
/* event_inval_attr.bpf.c - the driver holds attributes of an inode for stale */
#include "opcodes.h"

EXT_HANDLER("kills attributes that the driver holds for stale, if no request has told");
EXT_LICENSE;

EXT_EVENT(INVAL_ATTR)
{
	return ext_event_changed(ctx);
}
