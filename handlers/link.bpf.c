// SPDX-License-Identifier: GPL-2.0-only
/* link.bpf.c - LINK: a new name for an inode that gains a link */
#include "names.h"

EXT_HANDLER("says which name LINK changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(LINK)
{
	struct ext_name name;

	return ext_changes_name(ctx, ext_link_name(ctx, &name), &name);
}
