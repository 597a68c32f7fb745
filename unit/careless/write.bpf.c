// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* write.bpf.c - WRITE: success, with nothing written anywhere */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: WRITE answered");
EXT_LICENSE;

EXT_REQUEST(WRITE)
{
	return ext_hit(ctx);
}
