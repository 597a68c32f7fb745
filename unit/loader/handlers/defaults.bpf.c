// SPDX-License-Identifier: GPL-2.0-only
/* defaults.bpf.c - weak definitions of the hooks */
#include "../fixture.h"

__weak __hidden int hook_store(int row)
{
	return row;
}

__weak __hidden int hook_fresh(int row)
{
	return row + 1;
}

__weak __hidden int ext_policy_fresh(int row)
{
	return row;
}
