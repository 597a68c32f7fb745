// SPDX-License-Identifier: GPL-2.0-only
/* string_param.bpf.c - a policy whose parameter is a text with no room for any */
#include "../fixture.h"

FACT(fact_policy, "policy:says nothing");
const volatile char ext_param_label[1] TAG("param:string:label:nothing fits") = "";
