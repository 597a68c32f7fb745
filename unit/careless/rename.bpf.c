// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* rename.bpf.c - RENAME: ignored, in both phases */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: RENAME ignored");
EXT_LICENSE;

EXT_REQUEST(RENAME)
{
	return -ENOSYS;
}

EXT_REPLY(RENAME)
{
	return 0;
}
