/* SPDX-License-Identifier: GPL-2.0-only */
/* fixture.h - the least that an object needs for the library to take it, and nothing of handlers/ */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../../handlers/ext_types.h"

#define STR_(x) #x
#define STR(x) STR_(x)
#define TAG(text) __attribute__((btf_decl_tag("extfuse:" text)))
#define FACT(name, text) \
	static const volatile char name SEC(".rodata") __attribute__((used)) TAG(text) = 0
#define PARAM(type, name, preset, help) \
	const volatile __u64 ext_param_##name TAG("param:" type ":" #name ":" help) = preset

#ifndef CONTRACT
#define CONTRACT EXT_CONTRACT
#endif
FACT(fact_contract, "contract:" STR(CONTRACT));

char _license[] SEC("license") = "GPL";

__hidden int hook_store(int row);
__hidden int hook_fresh(int row);

#endif /* FIXTURE_H */
