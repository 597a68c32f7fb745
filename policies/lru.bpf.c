// SPDX-License-Identifier: GPL-2.0-only
/*
 * lru.bpf.c - when the cache is full, what was not used for longest makes room
 *
 * For trees with more files than the cache has room for, of which some are used
 * often. Bad for scans that are larger than the cache: each row is evicted just
 * before it would have been used again. Its maps take their memory at once.
 */
#include "policy.h"

EXT_POLICY("evicts the least recently used rows when full: for more files than memory; "
	   "bad for scans larger than the cache");
EXT_LICENSE;

EXT_SHAPE(lru);
