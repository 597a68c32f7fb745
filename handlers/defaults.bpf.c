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

__weak bool ext_policy_admit(const struct ext_row *row, __u64 *mark)
{
	return ext_policy_store(row->kind, mark);
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

__weak bool ext_policy_list(const struct ext_row *row)
{
	return false;
}

__weak bool ext_policy_victim(__u32 table, struct ext_victim *victim)
{
	return false;
}

__weak int ext_policy_grant(__u64 nodeid, __u64 token, __u64 since, __u64 until)
{
	return -EOPNOTSUPP;
}

__weak int ext_policy_revoke(__u64 nodeid, __u64 s)
{
	return -EOPNOTSUPP;
}

__weak void ext_policy_forget(__u64 nodeid, __u64 s)
{
}
