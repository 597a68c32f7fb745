// SPDX-License-Identifier: GPL-2.0-only
/* defaults.bpf.c - what holds for a hook that no policy defines (policies/policy.h) */
#include "../policies/policy.h"

EXT_LICENSE;

__weak bool ext_policy_active(void)
{
	return true;
}

__weak bool ext_policy_store(__u32 kind, __u64 *mark)
{
	*mark = 0;
	return true;
}

__weak __u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now)
{
	return EXT_FOREVER;
}

__weak bool ext_policy_remove(void)
{
	return false;
}

__weak __u32 ext_policy_shape(void)
{
	return EXT_SHAPE_HASH;
}
