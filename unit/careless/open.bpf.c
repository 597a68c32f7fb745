// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* open.bpf.c - OPEN: a file handle that the daemon never gave */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: OPEN answered");
EXT_LICENSE;

EXT_REQUEST(OPEN)
{
	struct fuse_open_out open = { .fh = 77 };

	bpf_extfuse_write_args(ctx, OUT_PARAM_0, &open, sizeof(open));
	return 0;
}
