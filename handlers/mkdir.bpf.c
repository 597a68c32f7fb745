// SPDX-License-Identifier: GPL-2.0-only
/* mkdir.bpf.c - MKDIR: a new name, the inode is the reply's */
#include "names.h"

EXT_HANDLER("says which name MKDIR changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(MKDIR)
{
	struct ext_name name;

	return ext_changes_name(ctx, ext_mkdir_name(ctx, &name), &name);
}
