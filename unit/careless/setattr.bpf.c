// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* setattr.bpf.c - SETATTR: what is written half is answered all the same */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: SETATTR answered with too little");
EXT_LICENSE;

EXT_REQUEST(SETATTR)
{
	__u64 little = 1;

	bpf_extfuse_write_args(ctx, OUT_PARAM_0, &little, sizeof(little));
	return ext_hit(ctx);
}
