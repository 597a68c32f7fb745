/* SPDX-License-Identifier: GPL-2.0-only */
/* loader_test.h - what the tests of the library share: fixtures and a log that remembers */
#ifndef LOADER_TEST_H
#define LOADER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <limits.h>

#include <cmocka.h>

#include "../../loader/internal.h"

/* Errors that were logged, and the last of them. */
struct heard {
	int errors;
	int lines;
	char last[2048];
};

static inline void hear(void *data, enum extfuse_log_level level, const char *line)
{
	struct heard *heard = data;

	assert_null(strchr(line, '\n'));
	heard->lines++;
	if (level == EXTFUSE_LOG_ERROR) {
		heard->errors++;
		snprintf(heard->last, sizeof(heard->last), "%s", line);
	}
}

#define LISTEN(name) \
	struct heard name##_heard = { 0 }; \
	const struct ext_log name = { .fn = hear, .data = &name##_heard }

/* Exactly one error was logged, and it contains @text. */
static inline void assert_heard(const struct heard *heard, const char *text)
{
	if (heard->errors != 1 || !strstr(heard->last, text))
		fail_msg("%d errors, last '%s'; expected one with '%s'", heard->errors, heard->last,
			 text);
}

/* Directory of the objects that unit/loader/CMakeLists.txt builds, beside the test's executable. */
static inline const char *fixtures(void)
{
	static char dir[PATH_MAX];

	if (!*dir) {
		char exe[PATH_MAX - 32] = "";

		assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
		*strrchr(exe, '/') = '\0';
		snprintf(dir, sizeof(dir), "%s/loader", exe);
		if (access(dir, F_OK))
			snprintf(dir, sizeof(dir), "%s/../unit/loader", exe);
		assert_int_equal(access(dir, F_OK), 0);
	}
	return dir;
}

/* Path of fixture @name, such as "policies/ttl"; valid until eight more were asked for. */
static inline const char *fixture(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s" EXT_OBJECT_SUFFIX, fixtures(), name);
	return path;
}

/* The fixtures are the built-in objects of this test. */
static inline int use_fixtures(void **state)
{
	(void)state;
	return setenv("EXTFUSE_OBJECT_PATH", fixtures(), 1);
}

#endif /* LOADER_TEST_H */
