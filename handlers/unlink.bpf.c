// SPDX-License-Identifier: GPL-2.0-only
/* unlink.bpf.c - UNLINK: a name goes, and its inode loses a link */
#include "names.h"

EXT_HANDLER("says which name UNLINK changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(UNLINK)
{
	struct ext_name name;

	return ext_changes_name(ctx, ext_unlink_name(ctx, &name), &name);
}
