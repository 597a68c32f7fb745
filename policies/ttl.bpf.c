// SPDX-License-Identifier: GPL-2.0-only
/*
 * ttl.bpf.c - rows answer until they are older than a fixed time
 *
 * For trees that also change elsewhere, such as network file systems: what
 * somebody else did is seen after ttl at the latest. Bad when ttl is longer than
 * one may be wrong, or so short that nothing is answered. A hit does not
 * prolong a row's life: only the daemon's word does.
 */
#include "policy.h"

EXT_POLICY("answers while younger than ttl: for trees that also change elsewhere; "
	   "what changes there is seen late, by ttl at most");
EXT_LICENSE;

EXT_PARAM(duration, ttl, 1000000000ULL, "rows answer while they are younger than this");
EXT_PARAM(duration, negative_ttl, ~0ULL,
	  "the same for names that do not exist (default - the value of ttl)");

/* The clock goes on while the machine sleeps, as trees elsewhere do. */
bool ext_policy_store(__u32 kind, __u64 *mark)
{
	*mark = bpf_ktime_get_boot_ns();
	return true;
}

__u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now)
{
	__u64 ttl = ext_param_ttl;
	__u64 age;

	if (!*now)
		*now = bpf_ktime_get_boot_ns();
	age = *now - mark;
	if (kind == EXT_KIND_NEGATIVE && ext_param_negative_ttl != ~0ULL)
		ttl = ext_param_negative_ttl;
	return age < ttl ? ttl - age : 0;
}
