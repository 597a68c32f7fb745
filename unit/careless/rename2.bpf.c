// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* rename2.bpf.c - RENAME2: an error beyond all errors */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: RENAME2 returns -100000");
EXT_LICENSE;

EXT_REQUEST(RENAME2)
{
	return -100000;
}
