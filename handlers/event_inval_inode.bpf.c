// SPDX-License-Identifier: GPL-2.0-only
/* event_inval_inode.bpf.c - the daemon says that an inode changed */
#include "handler.h"

EXT_HANDLER("kills the attributes of the inode that the event INVAL_INODE is about");
EXT_LICENSE;

EXT_EVENT(INVAL_INODE)
{
	return ext_event_changed(ctx);
}
