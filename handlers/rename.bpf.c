// SPDX-License-Identifier: GPL-2.0-only
/* rename.bpf.c - RENAME: the old name goes, the new one becomes another inode */
#include "names.h"

EXT_HANDLER("says which two names RENAME changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(RENAME)
{
	return ext_changes_two_names(ctx);
}
