// SPDX-License-Identifier: GPL-2.0-only
/* event_expire.bpf.c - the daemon wants to be asked for a name again */
#include "events.h"

EXT_HANDLER("says which name the daemon's notification EXPIRE is about");
EXT_LICENSE;

EXT_EVENT(EXPIRE)
{
	struct ext_name name;

	return ext_entry_changed(ctx, ext_expire_name(ctx, &name), &name);
}
