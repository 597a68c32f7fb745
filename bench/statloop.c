// SPDX-License-Identifier: GPL-2.0-only
// statloop.c - time of one stat(), in nanoseconds, over many repeats of a list of paths, or of the first one
// of each; or marks a command
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* For insns.c, which counts what is executed between two of them; does nothing. */
#define MARK() __asm__ volatile("xchg %r13, %r13")
/* Set for a command that is marked as a whole. */
#define MARKED "STATLOOP_MARKED"

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void stat_all(char **paths)
{
	struct stat st;

	for (; *paths; paths++) {
		if (stat(*paths, &st) < 0) {
			fprintf(stderr, "statloop: %s: %s\n", *paths, strerror(errno));
			exit(1);
		}
	}
}

/* Marks the beginning and the end of a command, and exits as it does. */
static int mark_command(char **words)
{
	int status;
	pid_t pid;

	setenv(MARKED, "", 1);
	MARK();
	pid = fork();
	if (!pid) {
		execvp(words[0], words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		fprintf(stderr, "statloop: %s: %s\n", words[0], strerror(errno));
		return 1;
	}
	MARK();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	int first = argc > 2 && !strcmp(argv[1], "first");
	long repeats = first ? 1 : argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	/* The first ones fill caches. */
	long warm = first ? 0 : argc == 3 ? 10 : 1;
	bool marks = !getenv(MARKED);
	long long begin;

	if (argc > 2 && !strcmp(argv[1], "--"))
		return mark_command(argv + 2);
	if (repeats <= 0) {
		fprintf(stderr, "usage: statloop REPEATS|first PATH... | statloop -- COMMAND...\n");
		return 2;
	}
	for (long i = 0; i < warm; i++)
		stat_all(argv + 2);
	begin = now_ns();
	if (marks)
		MARK();
	for (long i = 0; i < repeats; i++)
		stat_all(argv + 2);
	if (marks)
		MARK();
	printf("%.1f\n", (double)(now_ns() - begin) / (double)(repeats * (argc - 2)));
	return 0;
}
