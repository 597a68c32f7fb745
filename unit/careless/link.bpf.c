// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* link.bpf.c - LINK: three names are said, and the directory stays coarse */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: LINK says too much and narrows nothing");
EXT_LICENSE;

EXT_REQUEST(LINK)
{
	struct ext_name name;

	if (!ext_link_name(ctx, &name)) {
		ext_change_name(ctx, &name);
		ext_change_name(ctx, &name);
		ext_change_name(ctx, &name);
	}
	ext_change_inode(ctx, 1);
	ext_change_inode(ctx, 2);
	return -ENOSYS;
}
