// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_expr.c - policy expressions */
#include <errno.h>

#include "loader/loader_test.h"

static void assert_parts(const char *expr, const char *a, const char *b, const char *c)
{
	const char *const want[] = { a, b, c };
	struct ext_strings parts = { 0 };
	size_t n = 0;
	LISTEN(log);

	assert_int_equal(ext_expr_parse(&log, expr, &parts), 0);
	assert_int_equal(log_heard.lines, 0);
	while (n < EXT_ARRAY_SIZE(want) && want[n])
		n++;
	assert_int_equal(parts.n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(parts.v[i], want[i]);
	ext_strings_free(&parts);
}

static void test_names_and_paths(void **state)
{
	(void)state;
	assert_parts("ttl", "ttl", NULL, NULL);
	assert_parts("ttl+lru", "ttl", "lru", NULL);
	assert_parts("lru+./x.bpf.o+ttl", "lru", "./x.bpf.o", "ttl");
}

static void assert_refused(const char *expr, const char *text)
{
	struct ext_strings parts = { 0 };
	LISTEN(log);

	assert_int_equal(ext_expr_parse(&log, expr, &parts), -EINVAL);
	assert_heard(&log_heard, text);
	assert_null(parts.v);
}

static void test_empty_names(void **state)
{
	(void)state;
	assert_refused("", "empty name");
	assert_refused(NULL, "empty name");
	assert_refused("+", "empty name");
	assert_refused("ttl+", "empty name");
	assert_refused("+ttl", "empty name");
	assert_refused("ttl++lru", "empty name");
}

static void test_repeated_names(void **state)
{
	(void)state;
	assert_refused("ttl+ttl", "names ttl twice");
	assert_refused("ttl+lru+ttl", "names ttl twice");
}

static int read_expr(const char *expr, struct heard *heard, struct ext_objects *objects)
{
	const struct ext_log log = { .fn = hear, .data = heard };

	return ext_expr_read(&log, expr, objects);
}

static void test_read_by_name_and_path(void **state)
{
	struct ext_objects objects = { 0 };
	struct heard heard = { 0 };
	char expr[PATH_MAX + 128];

	(void)state;
	snprintf(expr, sizeof(expr), "lru+%s", fixture("policies/ttl"));
	assert_int_equal(read_expr(expr, &heard, &objects), 0);
	assert_int_equal(objects.n, 2);
	assert_string_equal(objects.v[0]->name, "lru");
	assert_true(objects.v[0]->lru);
	assert_string_equal(objects.v[1]->name, "ttl");
	assert_false(objects.v[1]->lru);
	assert_int_equal(heard.lines, 0);
	ext_objects_free(&objects);
}

static void test_unknown_lists_known(void **state)
{
	static const char *const names[] = { "foo", "..", "handlers", "ttl ", "lookup", "TTL" };
	struct ext_objects objects = { 0 };

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(names); i++) {
		struct heard heard = { 0 };

		assert_int_equal(read_expr(names[i], &heard, &objects), -ENOENT);
		assert_heard(&heard, "unknown policy");
		assert_heard(&heard, names[i]);
		assert_heard(&heard, "lru, never, ");
		assert_heard(&heard, "ttl, twin");
	}
}

static void test_handlers_are_no_policies(void **state)
{
	struct ext_objects objects = { 0 };
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(read_expr(fixture("handlers/lookup"), &heard, &objects), -EINVAL);
	assert_heard(&heard, "is not a policy");
}

static void test_one_file_under_two_names(void **state)
{
	struct ext_objects objects = { 0 };
	struct heard heard = { 0 };
	char expr[PATH_MAX + 128];

	(void)state;
	snprintf(expr, sizeof(expr), "ttl+%s", fixture("policies/../policies/ttl"));
	assert_int_equal(read_expr(expr, &heard, &objects), -EINVAL);
	assert_heard(&heard, "names ttl twice");
}

static void test_nothing_installed(void **state)
{
	struct ext_objects objects = { 0 };
	struct heard heard = { 0 };

	(void)state;
	setenv("EXTFUSE_OBJECT_PATH", "/nonexistent:", 1);
	assert_int_equal(read_expr("no-such-policy", &heard, &objects), -ENOENT);
	assert_heard(&heard, "unknown policy 'no-such-policy'");
	use_fixtures(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_paths),
		cmocka_unit_test(test_empty_names),
		cmocka_unit_test(test_repeated_names),
		cmocka_unit_test(test_read_by_name_and_path),
		cmocka_unit_test(test_unknown_lists_known),
		cmocka_unit_test(test_handlers_are_no_policies),
		cmocka_unit_test(test_one_file_under_two_names),
		cmocka_unit_test(test_nothing_installed),
	};

	return cmocka_run_group_tests(tests, use_fixtures, NULL);
}
