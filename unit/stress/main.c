// SPDX-License-Identifier: GPL-2.0-only
/* main.c - the oracle: threads of several processes that change and read a tree; see usage() */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reg.h"
#include "tree.h"

#define MAX_THREADS 64

static struct tree_options options = { .per_list = 8 };
static unsigned int seed = 1, processes = 2, threads = 2, reads = 2000, pressure;
static unsigned int per_change = 8;

/* Of each thread of each process, for all to see: when it began what it is doing. */
static _Atomic uint64_t *begun;
#define WORKER_ENDED UINT64_MAX

static void usage(FILE *to)
{
	fputs("usage: oracle [OPTION...] SOURCE MOUNTPOINT\n"
	      "  --seed N       of every choice (default 1)\n"
	      "  --processes N  (default 2)\n"
	      "  --threads N    of each process (default 2)\n"
	      "  --reads N      of each thread (default 2000)\n"
	      "  --per-change N reads between changes, on average (default 8)\n"
	      "  --behind       also change the source directly: no read may go back in time\n"
	      "  --behind-only  change nothing through the mount: where the VFS has caches of its own, FUSE\n"
	      "                 itself may answer with what was before a change\n"
	      "  --kept MS      with this: how long the VFS keeps attributes and names\n"
	      "  --per-list N   reads of what such changes change between listings (default 8)\n"
	      "  --control PATH tell the daemon of these changes: then reads see them at once\n"
	      "  --lease        it grants leases all the time, and takes them back before these changes\n"
	      "  --pressure N   drop the kernel's caches of names and inodes after each N checks\n"
	      "  --first        end at the first contradiction\n"
	      "Exit: 0, or 1 if a read contradicted what had completed before it. The last line\n"
	      "is JSON: checks of each kind, changes, violations.\n",
	      to);
}

static int parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "processes", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },
		{ "reads", required_argument, NULL, 'r' },
		{ "per-change", required_argument, NULL, 'w' },
		{ "behind", no_argument, NULL, 'b' },
		{ "behind-only", no_argument, NULL, 'o' },
		{ "kept", required_argument, NULL, 'k' },
		{ "per-list", required_argument, NULL, 'l' },
		{ "control", required_argument, NULL, 'c' },
		{ "lease", no_argument, NULL, 'L' },
		{ "pressure", required_argument, NULL, 'm' },
		{ "first", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) >= 0) {
		unsigned int number = optarg ? (unsigned int)strtoul(optarg, NULL, 10) : 0;

		switch (option) {
		case 's':
			seed = number;
			break;
		case 'p':
			processes = number;
			break;
		case 't':
			threads = number;
			break;
		case 'r':
			reads = number;
			break;
		case 'w':
			per_change = number;
			break;
		case 'b':
			options.behind = 1;
			break;
		case 'o':
			options.behind_only = 1;
			break;
		case 'k':
			options.kept_ms = number;
			break;
		case 'l':
			options.per_list = number;
			break;
		case 'c':
			options.control = optarg;
			break;
		case 'L':
			options.lease = 1;
			break;
		case 'm':
			pressure = number;
			break;
		case 'f':
			stop_at_first = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			return -1;
		}
	}
	if (argc - optind != 2 || !processes || !threads || threads > MAX_THREADS || !per_change ||
	    !options.per_list || (options.lease && !options.control) ||
	    (options.kept_ms && !options.behind_only))
		return -1;
	options.src = argv[optind];
	options.mnt = argv[optind + 1];
	return 0;
}

static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void *work(void *data)
{
	struct worker *worker = data;

	for (unsigned int i = 0; i < reads && !totals->stop; i++) {
		*worker->begun = clock_ms();
		if (options.lease && worker->control >= 0)
			tree_lease(worker);
		if (draw(worker) % per_change == 0)
			tree_change(worker);
		tree_read(worker);
	}
	*worker->begun = WORKER_ENDED;
	return NULL;
}

/* One process: its first thread alone talks to the daemon, which serves one connection at a time. */
static int run_process(unsigned int number)
{
	struct worker workers[MAX_THREADS];
	pthread_t ids[MAX_THREADS];

	for (unsigned int i = 0; i < threads; i++) {
		workers[i].random =
			(seed * 1000003ULL + number * MAX_THREADS + i) * 0x9e3779b97f4a7c15ULL | 1;
		workers[i].control = -1;
		workers[i].begun = &begun[number * threads + i];
		if (options.control && number == 0 && i == 0) {
			workers[i].control = dial(options.control);
			if (workers[i].control < 0) {
				perror(options.control);
				return 2;
			}
		}
		errno = pthread_create(&ids[i], NULL, work, &workers[i]);
		if (errno) {
			perror("pthread_create");
			return 2;
		}
	}
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}

static void drop_caches(void)
{
	FILE *file = fopen("/proc/sys/vm/drop_caches", "w");

	if (!file)
		return;
	fputs("2", file);
	fclose(file);
}

static uint64_t checks_so_far(void)
{
	uint64_t all = 0;

	for (int i = 0; i < CHECKS; i++)
		all += totals->checks[i];
	return all;
}

/*
 * What was under way before the oldest action of now has been answered when this
 * is called, and what it left with the VFS is over when it is called again.
 */
static void raise_horizon(void)
{
	static uint64_t answered, when;
	uint64_t now = clock_ms(), oldest = WORKER_ENDED;

	/* Twice the time: the VFS counts in ticks. */
	if (now < when + 2 * options.kept_ms)
		return;
	totals->horizon = answered;
	for (unsigned int i = 0; i < processes * threads; i++)
		oldest = begun[i] < oldest ? begun[i] : oldest;
	answered = oldest;
	when = now;
}

/* Memory is short by what was done, not by time: then a slow machine sees what a fast one does. */
static int wait_for_all(unsigned int count)
{
	uint64_t next_drop = 0;
	int bad = 0, status;

	while (count) {
		pid_t pid = waitpid(-1, &status, pressure || options.kept_ms ? WNOHANG : 0);

		if (pid > 0) {
			count--;
			if (!WIFEXITED(status) || WEXITSTATUS(status)) {
				printf("a process ended with status %#x\n", (unsigned int)status);
				bad = 1;
			}
		} else if (pid == 0) {
			if (options.kept_ms)
				raise_horizon();
			if (pressure && checks_so_far() >= next_drop) {
				drop_caches();
				next_drop = checks_so_far() + pressure;
			}
			usleep(1000);
		} else if (errno != EINTR) {
			return 1;
		}
	}
	return bad;
}

static void report(void)
{
	printf("{\"seed\": %u, \"checks\": {", seed);
	for (int i = 0; i < CHECKS; i++)
		printf("\"%s\": %llu, ", check_name((enum check)i),
		       (unsigned long long)totals->checks[i]);
	printf("\"all\": %llu}, \"changes\": %llu, \"violations\": %llu}\n",
	       (unsigned long long)checks_so_far(), (unsigned long long)totals->changes,
	       (unsigned long long)totals->violations);
}

int main(int argc, char **argv)
{
	unsigned int started = 0;
	void *shared;
	int bad;

	if (parse(argc, argv)) {
		usage(stderr);
		return 2;
	}
	shared = mmap(NULL, sizeof(*totals) + tree_size() + processes * threads * sizeof(*begun),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	totals = shared;
	begun = (void *)((char *)(totals + 1) + tree_size());
	if (tree_make(&options, totals + 1)) {
		perror(options.src);
		return 2;
	}
	fflush(stdout);
	for (unsigned int i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			totals->stop = true;
			break;
		}
		if (!pid)
			_exit(run_process(i));
		started++;
	}
	bad = wait_for_all(started);
	report();
	return bad || totals->violations || started < processes ? 1 : 0;
}
