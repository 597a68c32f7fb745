// SPDX-License-Identifier: GPL-2.0-only
/* debug_delay.c - waits between looking at a file and answering, for tests */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "debug_delay.h"

static void wait_for(uint64_t ns)
{
	struct timespec left = {
		.tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000),
	};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

void debug_delay_lookup(const struct options *opts, const char *name)
{
	if (opts->debug_delay_lookup &&
	    strncmp(name, opts->debug_delay_prefix, strlen(opts->debug_delay_prefix)) == 0)
		wait_for(opts->debug_delay_lookup * 1000000ULL);
}

/* Each thread draws from a sequence of its own, xorshift64; the same in every run. */
static uint64_t draw(void)
{
	static atomic_uint_fast64_t threads;
	static _Thread_local uint64_t state;

	if (!state)
		state = (atomic_fetch_add(&threads, 1) + 1) * 0x9e3779b97f4a7c15ULL;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void debug_delay_reply(const struct options *opts)
{
	uint64_t number;

	if (!opts->debug_delay_replies)
		return;
	number = draw();
	if (number % 4 == 0)
		wait_for((number >> 8) % opts->debug_delay_replies * 1000ULL);
}
