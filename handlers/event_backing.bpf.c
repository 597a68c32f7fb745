// SPDX-License-Identifier: GPL-2.0-only
/* event_backing.bpf.c - an inode lost its backing file, through which it may have changed */
#include "handler.h"

EXT_HANDLER("kills the attributes of the inode that the event BACKING is about");
EXT_LICENSE;

EXT_EVENT(BACKING)
{
	return ext_event_changed(ctx);
}
