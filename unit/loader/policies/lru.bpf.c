// SPDX-License-Identifier: GPL-2.0-only
/* lru.bpf.c - a policy that shapes the store, with maps of its own and a text for a parameter */
#include "../fixture.h"

FACT(fact_policy, "policy:fixture that evicts");
FACT(fact_shape, "shape:lru");
const volatile char ext_param_label[8] TAG("param:string:label:what to call it") = "plain";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 5);
	__type(key, __u64);
	__type(value, __u64);
} ext_own_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 5);
	__type(key, __u64);
	__type(value, __u64);
} lru_fixed SEC(".maps");
