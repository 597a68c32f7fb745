// SPDX-License-Identifier: GPL-2.0-only
/*
 * hammer.c - tasks that preempt each other ask about different files, and check whose answer they get
 *
 * hammer --seconds N MOUNT: the files MOUNT/0 .. MOUNT/31 are as hammer --make SOURCE left them there.
 * On each CPU real-time tasks wake up at any moment, also while another task's request is answered by
 * the program, and ask in between. The last line on stdout says in JSON how often that was tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define FILES 32
#define NAME "user.who"
/* Of each CPU. The others have usual priorities. */
#define REALTIME 2
#define USUAL 3
#define MAX_TASKS 64

struct result {
	unsigned long checks, preempted, signals;
	char wrong[200];
};

static struct result *results;
static struct result *mine;
static volatile sig_atomic_t *stop;

static __attribute__((format(printf, 1, 2))) void wrong(const char *format, ...)
{
	va_list args;

	if (mine->wrong[0])
		return;
	va_start(args, format);
	vsnprintf(mine->wrong, sizeof(mine->wrong), format, args);
	va_end(args);
	*stop = 1;
}

/* What file i is like; no two are alike in anything. */
static off_t size_of(int i)
{
	return 1000 + 37 * i;
}

static mode_t mode_of(int i)
{
	return 0400 | (mode_t)i;
}

static time_t mtime_of(int i)
{
	return 1000000000 + 1009 * i;
}

/* Values and names differ in length too. */
static size_t value_of(int i, char value[128])
{
	size_t n = (size_t)(8 + 3 * i);

	memset(value, 'A' + i % 26, n);
	value[0] = (char)('0' + i / 10);
	value[1] = (char)('0' + i % 10);
	return n;
}

static void name_of(int i, char name[64])
{
	snprintf(name, 64, "%d%.*s", i, i % 24, "-and-so-on-and-so-on-and-so-on");
}

static int make_files(void)
{
	char name[64], value[128];

	for (int i = 0; i < FILES; i++) {
		struct timespec times[2] = { { .tv_sec = mtime_of(i) }, { .tv_sec = mtime_of(i) } };
		int fd;

		name_of(i, name);
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || ftruncate(fd, size_of(i)) || fchmod(fd, mode_of(i)) ||
		    fsetxattr(fd, NAME, value, value_of(i, value), 0) || futimens(fd, times)) {
			perror(name);
			return 1;
		}
		close(fd);
	}
	return 0;
}

static void check_stat(int i, const struct stat *st, const char *how, ino_t ino)
{
	if (st->st_size != size_of(i) || (st->st_mode & 07777) != mode_of(i) ||
	    st->st_mtime != mtime_of(i) || st->st_ino != ino)
		wrong("%s of file %d: size %lld mode %o mtime %lld inode %lu, expected size %lld mode %o mtime %lld inode %lu",
		      how, i, (long long)st->st_size, st->st_mode & 07777, (long long)st->st_mtime,
		      (unsigned long)st->st_ino, (long long)size_of(i), mode_of(i),
		      (long long)mtime_of(i), (unsigned long)ino);
	mine->checks++;
}

static void look(int i, int what, const int *fds, const ino_t *inos)
{
	char name[64], value[128], expected[128], none[64];
	struct stat st;
	ssize_t n, size;

	name_of(i, name);
	switch (what) {
	case 0:
	case 1:
		if (lstat(name, &st))
			wrong("lstat of file %d: %s", i, strerror(errno));
		else
			check_stat(i, &st, "lstat", inos[i]);
		return;
	case 2:
	case 3:
		if (fstat(fds[i], &st))
			wrong("fstat of file %d: %s", i, strerror(errno));
		else
			check_stat(i, &st, "fstat", inos[i]);
		return;
	case 4:
		size = (ssize_t)value_of(i, expected);
		n = lgetxattr(name, NAME, value, sizeof(value));
		if (n != size || memcmp(value, expected, (size_t)size))
			wrong("getxattr of file %d: %zd, %.*s", i, n < 0 ? -errno : n,
			      n < 0 ? 0 : (int)n, value);
		break;
	case 5:
		n = llistxattr(name, value, sizeof(value));
		if (n != sizeof(NAME) || memcmp(value, NAME, sizeof(NAME)))
			wrong("listxattr of file %d: %zd", i, n < 0 ? -errno : n);
		break;
	case 6:
		snprintf(none, sizeof(none), "none%d", i);
		if (!lstat(none, &st) || errno != ENOENT)
			wrong("a file that does not exist was found, inode %lu",
			      (unsigned long)st.st_ino);
		break;
	default:
		if (lgetxattr(name, "user.none", value, sizeof(value)) >= 0 || errno != ENODATA)
			wrong("an attribute that file %d does not have was found", i);
	}
	mine->checks++;
}

static void on_alarm(int signal)
{
	(void)signal;
	mine->signals++;
}

static void hammer(int cpu, int number)
{
	struct sched_param priority = { .sched_priority = 1 + number };
	struct itimerval timer = { { 0, 700 + 300 * number }, { 0, 1000 } };
	bool realtime = number < REALTIME;
	int fds[FILES];
	ino_t inos[FILES];
	struct rusage usage;
	struct stat st;
	unsigned int seed = (unsigned int)(cpu * 100 + number);
	cpu_set_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < FILES; i++) {
		char name[64];

		name_of(i, name);
		fds[i] = open(name, O_RDONLY);
		if (fds[i] < 0 || fstat(fds[i], &st)) {
			wrong("open of file %d: %s", i, strerror(errno));
			return;
		}
		inos[i] = st.st_ino;
		check_stat(i, &st, "first fstat", st.st_ino);
	}
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) ||
	    (realtime && sched_setscheduler(0, SCHED_FIFO, &priority))) {
		wrong("scheduling: %s", strerror(errno));
		return;
	}
	if (!realtime) {
		signal(SIGALRM, on_alarm);
		setitimer(ITIMER_REAL, &timer, NULL);
	}
	while (!*stop) {
		for (int turn = 0; turn < (realtime ? 2 : 50) && !*stop; turn++)
			look((int)(rand_r(&seed) / 64 % FILES), (int)(rand_r(&seed) / 64 % 8), fds,
			     inos);
		if (realtime) {
			struct timespec pause = { 0, 50000 + rand_r(&seed) / 64 % 400000 };

			clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		}
	}
	getrusage(RUSAGE_SELF, &usage);
	mine->preempted = (unsigned long)usage.ru_nivcsw;
}

int main(int argc, char **argv)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), tasks = cpus * (REALTIME + USUAL);
	struct result total = { 0 };
	bool found = false;
	pid_t pids[MAX_TASKS];

	if (argc == 3 && !strcmp(argv[1], "--make"))
		return chdir(argv[2]) ? 1 : make_files();
	if (argc != 4 || strcmp(argv[1], "--seconds") || chdir(argv[3]) || tasks > MAX_TASKS) {
		fprintf(stderr, "usage: hammer --make SOURCE | --seconds N MOUNT\n");
		return 2;
	}
	results = mmap(NULL, sizeof(*results) * MAX_TASKS + 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		return 2;
	stop = (volatile sig_atomic_t *)(results + MAX_TASKS);
	for (int i = 0; i < tasks; i++) {
		mine = &results[i];
		pids[i] = fork();
		if (!pids[i]) {
			hammer(i % cpus, i / cpus);
			_exit(0);
		}
	}
	for (long left = atol(argv[2]) * 10; left > 0 && !*stop; left--)
		usleep(100000);
	*stop = 1;
	for (int i = 0; i < tasks; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		if (status) {
			printf("wrong: task %d ended with %d\n", i, status);
			found = true;
		}
		if (results[i].wrong[0]) {
			printf("wrong: %s\n", results[i].wrong);
			found = true;
		}
		total.checks += results[i].checks;
		total.preempted += results[i].preempted;
		total.signals += results[i].signals;
	}
	printf("{\"checks\": %lu, \"preempted\": %lu, \"signals\": %lu}\n", total.checks,
	       total.preempted, total.signals);
	return found;
}
