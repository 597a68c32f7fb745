// SPDX-License-Identifier: GPL-2.0-only
/* rename2.bpf.c - RENAME2: the old name goes, the new one becomes another inode */
#include "names.h"

EXT_HANDLER("says which two names RENAME2 changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(RENAME2)
{
	return ext_changes_two_names(ctx);
}
