// SPDX-License-Identifier: GPL-2.0-only
// tsckhz.c - frequency of this machine's time stamp counter in kHz, which an emulated CPU shows its guest
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define WAIT_NS 100000000LL

/* Reads both clocks; of several tries the one that took least, for we may lose the CPU between. */
static void read_both(int64_t *ns, uint64_t *ticks)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 100; i++) {
		uint64_t before = __rdtsc(), after;
		struct timespec ts;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = __rdtsc();
		if (after - before >= best)
			continue;
		best = after - before;
		*ticks = before + best / 2;
		*ns = ts.tv_sec * 1000000000LL + ts.tv_nsec;
	}
}

int main(void)
{
	struct timespec wait = { .tv_nsec = WAIT_NS };
	int64_t ns0 = 0, ns1 = 0;
	uint64_t t0 = 0, t1 = 0;

	read_both(&ns0, &t0);
	nanosleep(&wait, NULL);
	read_both(&ns1, &t1);
	printf("%.0f\n", (double)(t1 - t0) * 1e6 / (double)(ns1 - ns0));
	return 0;
}
