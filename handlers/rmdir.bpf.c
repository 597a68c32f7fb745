// SPDX-License-Identifier: GPL-2.0-only
/* rmdir.bpf.c - RMDIR: a name goes, and its directory with it */
#include "names.h"

EXT_HANDLER("says which name RMDIR changes, so that others stay answered");
EXT_LICENSE;

EXT_REQUEST(RMDIR)
{
	struct ext_name name;

	return ext_changes_name(ctx, ext_rmdir_name(ctx, &name), &name);
}
