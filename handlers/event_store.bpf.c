// SPDX-License-Identifier: GPL-2.0-only
/* event_store.bpf.c - the daemon stored data into the driver's page cache */
#include "handler.h"

EXT_HANDLER("kills the attributes of the inode that the event STORE is about");
EXT_LICENSE;

EXT_EVENT(STORE)
{
	return ext_event_changed(ctx);
}
