// SPDX-License-Identifier: GPL-2.0-only
/* event_delete.bpf.c - the daemon says that a name and its inode are gone */
#include "events.h"

EXT_HANDLER("says which name the daemon's notification DELETE is about");
EXT_LICENSE;

EXT_EVENT(DELETE)
{
	struct ext_name name;

	return ext_entry_changed(ctx, ext_delete_name(ctx, &name), &name);
}
