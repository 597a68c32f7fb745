// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* null_row.bpf.c - an element of a map is used though it may not be there */
#include "../../handlers/handler.h"

EXT_HANDLER("counts ACCESS, carelessly");
EXT_LICENSE;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

EXT_REQUEST(ACCESS)
{
	__u32 uid = ctx->uid;
	__u64 *count = bpf_map_lookup_elem(&counts, &uid);

	*count += 1;
	return ext_miss(ctx, EXT_MISS_ABSENT);
}
