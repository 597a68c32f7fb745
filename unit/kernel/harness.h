/* SPDX-License-Identifier: GPL-2.0-only */
/* harness.h - one result line a test, for programs that run in the VM */
#ifndef HARNESS_H
#define HARNESS_H

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static jmp_buf test_failed;
static const char *test_name;
static int tests_failed;

#define FAIL(...) \
	do { \
		fprintf(stderr, "%s: %s:%d: ", test_name, __FILE__, __LINE__); \
		fprintf(stderr, __VA_ARGS__); \
		fputc('\n', stderr); \
		longjmp(test_failed, 1); \
	} while (0)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			FAIL("not true: %s", #condition); \
	} while (0)

#define SAME(got, want) \
	do { \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		if (got_ != want_) \
			FAIL("%s is %lld, expected %lld (%s)", #got, got_, want_, #want); \
	} while (0)

/* As SAME(), with a word on what was tried. */
#define SAME_IN(got, want, ...) \
	do { \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		if (got_ != want_) { \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			FAIL("%s is %lld, expected %lld (%s)", #got, got_, want_, #want); \
		} \
	} while (0)

/* What a test needs and this kernel does not have. */
#define SKIPPED_CODE 77
#define SKIP(reason) \
	do { \
		printf("SKIP kernel/%s: %s\n", test_name, reason); \
		fflush(stdout); \
		_exit(SKIPPED_CODE); \
	} while (0)

struct test {
	const char *name;
	void (*run)(void);
};

/* Ends every FUSE connection, so that nobody waits for a daemon that is not there. */
static inline void abort_connections(void)
{
	DIR *dir = opendir("/sys/fs/fuse/connections");
	struct dirent *entry;
	char path[300];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%s/abort", entry->d_name);

		int fd = open(path, O_WRONLY);

		if (fd >= 0) {
			(void)!write(fd, "1", 1);
			close(fd);
		}
	}
	if (dir)
		closedir(dir);
}

static inline int run_alone(const struct test *test)
{
	test_name = test->name;
	if (setjmp(test_failed)) {
		abort_connections();
		return 1;
	}
	test->run();
	return 0;
}

/* What a test takes on an idle machine at most. */
static inline int test_seconds(void)
{
	const char *scale = getenv("EXTFUSE_TEST_SCALE");

	return 60 * (getenv("EXTFUSE_TEST_SLOW") || (scale && atoi(scale) > 1) ? 6 : 1);
}

/* In a process of its own, which cannot leave anything behind but a mount. */
static inline void run_test(const struct test *test)
{
	/* Three times that: what hangs, hangs for ever. */
	const int limit = 30 * test_seconds();
	int tenths = limit;
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(run_alone(test));
	while (waitpid(pid, &status, WNOHANG) != pid) {
		usleep(tenths > limit - 10 ? 2000 : 100000);
		if (tenths-- > 0)
			continue;
		fprintf(stderr, "%s: timeout\n", test->name);
		abort_connections();
		kill(pid, SIGKILL);
		sleep(5);
		status = waitpid(pid, &status, WNOHANG) == pid ? -1 : -2;
		break;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != SKIPPED_CODE) {
		if (status) {
			tests_failed++;
			abort_connections();
		}
		printf("%s kernel/%s\n", status ? "FAIL" : "PASS", test->name);
	}
	fflush(stdout);
	while (!umount2("/run/wire-test", MNT_DETACH))
		;
}

static inline int is_selected(const struct test *test, const char *pattern)
{
	char full[128];

	snprintf(full, sizeof(full), "kernel/%s", test->name);
	return !fnmatch(pattern, full, 0) || !fnmatch(pattern, test->name, 0);
}

/* Runs what the pattern selects. */
static inline int run_tests(const struct test *tests, size_t n, const char *pattern)
{
	for (size_t i = 0; i < n; i++)
		if (is_selected(&tests[i], pattern))
			run_test(&tests[i]);
	return tests_failed != 0;
}

#define TEST(name) \
	{ \
#name, name \
	}
#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
