// SPDX-License-Identifier: GPL-2.0-only
/*
 * never.bpf.c - nothing is ever answered
 *
 * The control: every request goes to the daemon, and what is measured is the
 * cost of looking at it. It combines with no other policy. Bad for everything
 * else.
 */
#include "policy.h"

EXT_POLICY("answers nothing: measures the cost of the hook; bad for everything else");
EXT_LICENSE;

EXT_SHAPE(none);

bool ext_policy_active(void)
{
	return false;
}

bool ext_policy_store(__u32 kind, __u64 *mark)
{
	*mark = 0;
	return false;
}

__u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now)
{
	return 0;
}

bool ext_policy_remove(void)
{
	return false;
}
