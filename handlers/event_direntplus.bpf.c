// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_direntplus.bpf.c - an entry of a READDIRPLUS reply: the daemon's word on
 * a name and its inode, which the driver takes over and so do the rows
 */
#include "handler.h"

EXT_HANDLER("stores the names and attributes in READDIRPLUS replies");
EXT_LICENSE;

EXT_EVENT(DIRENTPLUS)
{
	struct ext_name name;

	if (!ext_telling())
		return 0;
	if (ext_name_read(ctx, ctx->nodeid, 1, &name))
		return ext_told();
	return ext_put_entry(ctx, &name, ext_told_entry());
}
