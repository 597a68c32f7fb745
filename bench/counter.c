// SPDX-License-Identifier: GPL-2.0-only
// counter.c - nanoseconds of one atomic increment in a file that others may have mapped too, over many repeats
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE 4096

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	long repeats = argc == 4 ? strtol(argv[1], NULL, 10) : 0;
	long offset = argc == 4 ? strtol(argv[3], NULL, 10) : -1;
	atomic_long *count;
	long long begin;
	char *page;
	int fd;

	if (repeats <= 0 || offset < 0 || offset % 8 || offset >= FILE_SIZE) {
		fprintf(stderr, "usage: counter REPEATS FILE OFFSET\n");
		return 2;
	}
	fd = open(argv[2], O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, FILE_SIZE) < 0) {
		fprintf(stderr, "counter: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	page = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		fprintf(stderr, "counter: mmap: %s\n", strerror(errno));
		return 1;
	}
	count = (atomic_long *)(page + offset);
	/* The first one maps the page. */
	atomic_fetch_add(count, 1);
	begin = now_ns();
	for (long i = 0; i < repeats; i++)
		atomic_fetch_add(count, 1);
	printf("%.1f\n", (double)(now_ns() - begin) / (double)repeats);
	return 0;
}
