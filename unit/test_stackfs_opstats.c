// SPDX-License-Identifier: GPL-2.0-only
/* test_stackfs_opstats.c - counting requests and writing the counts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opstats.h"

static char dir[] = "/tmp/test_stackfs_opstats.XXXXXX";
static char path[sizeof(dir) + 16];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/stats", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void assert_line(const char *want)
{
	FILE *in = fopen(path, "r");
	char line[128];
	bool found = false;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		found |= !strcmp(line, want);
	}
	fclose(in);
	if (!found)
		fail_msg("no line '%s'", want);
}

static void test_names_and_numbers(void **state)
{
	(void)state;
	opstats_count(FUSE_LOOKUP);
	opstats_count(FUSE_LOOKUP);
	opstats_count(FUSE_RENAME2);
	opstats_count(FUSE_BATCH_FORGET);
	opstats_count(200);
	opstats_count(UINT32_MAX);
	assert_int_equal(opstats_write(path), 0);
	assert_line("LOOKUP 2");
	assert_line("RENAME2 1");
	assert_line("BATCH_FORGET 1");
	assert_line("200 1");
	assert_line("OTHER 1");
}

static void test_the_file_is_replaced_as_a_whole(void **state)
{
	struct dirent *entry;
	int files = 0;
	DIR *d;

	(void)state;
	opstats_count(FUSE_LOOKUP);
	assert_int_equal(opstats_write(path), 0);
	assert_line("LOOKUP 3");
	d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d)))
		files += entry->d_name[0] != '.';
	closedir(d);
	assert_int_equal(files, 1);
}

static void test_nowhere_to_write(void **state)
{
	(void)state;
	assert_int_equal(opstats_write("/nonexistent/stats"), -ENOENT);
}

static void *count_many(void *data)
{
	for (int i = 0; i < 10000; i++)
		opstats_count(FUSE_GETATTR);
	return data;
}

static void test_threads(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(opstats_write(path), 0);
	assert_line("GETATTR 40000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_numbers),
		cmocka_unit_test(test_the_file_is_replaced_as_a_whole),
		cmocka_unit_test(test_nowhere_to_write),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
