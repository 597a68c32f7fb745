// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* getxattr.bpf.c - GETXATTR: a value put twice, and a hit that is none */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: GETXATTR put twice");
EXT_LICENSE;

EXT_REQUEST(GETXATTR)
{
	ext_hit(ctx);
	return -ENOSYS;
}

EXT_REPLY(GETXATTR)
{
	struct ext_xattr xattr;
	struct ext_name name;

	if (ctx->error || ext_getxattr_name(ctx, &name) || ext_xattr_out(ctx, &xattr))
		return 0;
	ext_put_xattr(ctx, &name, &xattr);
	return ext_put_xattr(ctx, &name, &xattr);
}
