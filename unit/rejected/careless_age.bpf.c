// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* careless_age.bpf.c - a policy that uses an element of a map though it may not be there */
#include "../../policies/policy.h"

EXT_POLICY("rows age by a clock of their own, carelessly");
EXT_LICENSE;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u64);
	__type(value, __u64);
} ages SEC(".maps");

__u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now)
{
	__u64 *age = bpf_map_lookup_elem(&ages, &mark);

	return *age ? EXT_FOREVER : 0;
}
