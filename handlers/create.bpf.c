// SPDX-License-Identifier: GPL-2.0-only
/* create.bpf.c - CREATE: a name that did not exist, or did: the inode is the reply's */
#include "names.h"

EXT_HANDLER("says which name CREATE changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(CREATE)
{
	struct ext_name name;

	return ext_changes_name(ctx, ext_create_name(ctx, &name), &name);
}
