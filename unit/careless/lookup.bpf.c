// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* lookup.bpf.c - LOOKUP: an answer without outputs that nobody counted, and no word on replies */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: LOOKUP answered with nothing");
EXT_LICENSE;

EXT_REQUEST(LOOKUP)
{
	return 0;
}
