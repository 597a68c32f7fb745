// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* getattr.bpf.c - GETATTR: a hit without outputs, and a section that is never closed */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: GETATTR counted as a hit, its replies looked at and left");
EXT_LICENSE;

EXT_REQUEST(GETATTR)
{
	return ext_hit(ctx);
}

EXT_REPLY(GETATTR)
{
	struct fuse_attr_out out;

	return ext_getattr_out(ctx, &out);
}
