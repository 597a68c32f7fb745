// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_direntplus.bpf.c - an entry of a READDIRPLUS reply: the daemon's word on
 * a name and its inode, which the driver takes over and so do the rows
 */
#include "opcodes.h"

EXT_HANDLER("stores the names and attributes in READDIRPLUS replies");
EXT_LICENSE;

EXT_EVENT(DIRENTPLUS)
{
	const struct fuse_entry_out *entry;
	struct ext_name name;

	if (!ext_telling())
		return 0;
	if (ext_direntplus_name(ctx, &name))
		return ext_told();
	entry = ext_told_entry();
	if (entry && !ext_valid_entry(entry))
		return ext_told();
	return ext_put_entry(ctx, &name, entry);
}
