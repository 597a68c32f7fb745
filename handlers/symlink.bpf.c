// SPDX-License-Identifier: GPL-2.0-only
/* symlink.bpf.c - SYMLINK: a new name, the inode is the reply's */
#include "names.h"

EXT_HANDLER("says which name SYMLINK changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(SYMLINK)
{
	struct ext_name name;

	return ext_changes_name(ctx, ext_symlink_name(ctx, &name), &name);
}
