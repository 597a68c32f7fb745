// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* ioctl.bpf.c - IOCTL: an error of its own instead of ext_refuse()'s */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: IOCTL fails behind the dispatcher's back");
EXT_LICENSE;

EXT_REQUEST(IOCTL)
{
	return -ENOTTY;
}
