// SPDX-License-Identifier: GPL-2.0-only
/*
 * statx.bpf.c - STATX: asks for what rows do not have; the reply's word wins
 *
 * The driver sends it when the birth time is wanted, and takes the reply for
 * the inode's attributes: an older row must not answer after it.
 */
#include "handler.h"

EXT_HANDLER("lets the attributes in the daemon's STATX replies replace what is cached");
EXT_LICENSE;

EXT_REPLY(STATX)
{
	if (!ext_telling())
		return 0;
	return ext_told();
}
