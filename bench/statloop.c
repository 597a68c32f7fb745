// SPDX-License-Identifier: GPL-2.0-only
// statloop.c - time of one stat() of a path, in nanoseconds, over many repeats
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	long repeats = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	long long begin = 0;
	struct stat st;

	if (repeats <= 0) {
		fprintf(stderr, "usage: statloop PATH REPEATS\n");
		return 2;
	}
	/* The first ones fill caches. */
	for (long i = -10; i < repeats; i++) {
		if (i == 0)
			begin = now_ns();
		if (stat(argv[1], &st) < 0) {
			fprintf(stderr, "statloop: %s: %s\n", argv[1], strerror(errno));
			return 1;
		}
	}
	printf("%.1f\n", (double)(now_ns() - begin) / repeats);
	return 0;
}
