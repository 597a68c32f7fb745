// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* unlink.bpf.c - UNLINK: a number that is neither an answer nor an error */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: UNLINK returns 17");
EXT_LICENSE;

EXT_REQUEST(UNLINK)
{
	return 17;
}
