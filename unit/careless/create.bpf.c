// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* create.bpf.c - CREATE: a change that is answered, all outputs written */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: CREATE answered");
EXT_LICENSE;

EXT_REQUEST(CREATE)
{
	struct fuse_entry_out entry = { .nodeid = 77, .generation = 1 };
	struct fuse_open_out open = { .fh = 77 };

	entry.attr.mode = 0100644;
	bpf_extfuse_write_args(ctx, OUT_PARAM_0, &entry, sizeof(entry));
	bpf_extfuse_write_args(ctx, OUT_PARAM_1, &open, sizeof(open));
	return ext_hit(ctx);
}
