// SPDX-License-Identifier: GPL-2.0-only
/* event_inval_entry.bpf.c - the daemon says that a name changed */
#include "events.h"

EXT_HANDLER("says which name the daemon's notification INVAL_ENTRY is about");
EXT_LICENSE;

EXT_EVENT(INVAL_ENTRY)
{
	struct ext_name name;

	return ext_entry_changed(ctx, ext_inval_entry_name(ctx, &name), &name);
}
