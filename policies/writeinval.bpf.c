// SPDX-License-Identifier: GPL-2.0-only
/*
 * writeinval.bpf.c - rows answer until something changes them
 *
 * For a daemon that owns its tree: there is no clock, a row lives until a change
 * through the mount or a notification by the daemon ends it, and dead rows give
 * back their memory at once, unless it was reading that ended them. Bad for trees
 * that are changed behind the mount's back: nobody would tell.
 */
#include "policy.h"

EXT_POLICY("answers until a change or a notification: for a daemon that owns its tree; "
	   "bad for trees changed behind its back");
EXT_LICENSE;

bool ext_policy_remove(void)
{
	return true;
}
