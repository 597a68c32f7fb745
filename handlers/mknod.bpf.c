// SPDX-License-Identifier: GPL-2.0-only
/* mknod.bpf.c - MKNOD: a new name, the inode is the reply's */
#include "names.h"

EXT_HANDLER("says which name MKNOD changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(MKNOD)
{
	struct ext_name name;

	return ext_changes_name(ctx, ext_mknod_name(ctx, &name), &name);
}
