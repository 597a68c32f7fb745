// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_params.c - types, values and names of parameters */
#include <errno.h>

#include "loader/loader_test.h"

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "0s", 0 },
		{ "1us", 1000 },
		{ "250ms", 250000000 },
		{ "5s", 5000000000 },
		{ "2m", 120000000000 },
		{ "1h", 3600000000000 },
		{ "007s", 7000000000 },
		{ "9223372036s", 9223372036000000000 },
	};

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(good); i++) {
		uint64_t ns = 42;

		assert_int_equal(ext_duration_parse(good[i].text, &ns), 0);
		assert_true(ns == good[i].ns);
	}
}

static void test_bad_durations(void **state)
{
	static const char *const bad[] = {
		"",	"5",  "s",    "-1s",  "+1s", " 1s", "1s ", "1 s",
		"1.5s", "1S", "1sec", "0x1s", "1d",  "1ns", "ms",  "1s1s"
	};
	static const char *const large[] = { "9223372037s", "99999999999999999999s",
					     "18446744073709551615h" };
	uint64_t ns = 42;

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(bad); i++)
		assert_int_equal(ext_duration_parse(bad[i], &ns), -EINVAL);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(large); i++)
		assert_int_equal(ext_duration_parse(large[i], &ns), -ERANGE);
	assert_int_equal(ns, 42);
}

static void test_counts(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "+1", "1k", "1s", " 1", "1.0", "0x10" };
	uint64_t count = 42;

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(bad); i++)
		assert_int_equal(ext_count_parse(bad[i], &count), -EINVAL);
	assert_int_equal(ext_count_parse("4294967296", &count), -ERANGE);
	assert_int_equal(count, 42);
	assert_int_equal(ext_count_parse("1", &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ext_count_parse("4294967295", &count), 0);
	assert_true(count == 4294967295);
}

static void test_enums(void **state)
{
	char name[] = "atime", values[] = "strict,relaxed,lazy";
	const struct ext_param param = { .type = EXT_PARAM_ENUM, .name = name, .values = values };
	static const char *const bad[] = {
		"", "stric", "strict,", "strict,relaxed", "RELAXED", "0"
	};
	uint64_t value;

	(void)state;
	assert_int_equal(ext_param_parse(NULL, &param, "strict", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(ext_param_parse(NULL, &param, "lazy", &value), 0);
	assert_int_equal(value, 2);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(bad); i++) {
		LISTEN(log);

		assert_int_equal(ext_param_parse(&log, &param, bad[i], &value), -EINVAL);
		assert_heard(&log_heard, "atime='");
		assert_heard(&log_heard, "expected one of strict,relaxed,lazy");
	}
}

static void test_messages_name_what_is_expected(void **state)
{
	char ttl[] = "ttl", rows[] = "max_entries";
	const struct ext_param duration = { .type = EXT_PARAM_DURATION, .name = ttl };
	const struct ext_param count = { .type = EXT_PARAM_COUNT, .name = rows };
	uint64_t value;
	LISTEN(a);
	LISTEN(b);

	(void)state;
	assert_int_equal(ext_param_parse(&a, &duration, "5", &value), -EINVAL);
	assert_heard(&a_heard, "bad parameter ttl='5'");
	assert_heard(&a_heard, "us, ms, s, m or h");
	assert_int_equal(ext_param_parse(&b, &count, "99999999999", &value), -EINVAL);
	assert_heard(&b_heard, "max_entries='99999999999' (too large)");
}

static void test_texts(void **state)
{
	char name[] = "label", preset[] = "plain";
	const struct ext_param param = {
		.type = EXT_PARAM_STRING, .name = name, .size = 8, .text = preset
	};
	uint64_t len;
	LISTEN(log);

	(void)state;
	assert_int_equal(ext_param_parse(NULL, &param, "", &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(ext_param_parse(NULL, &param, "a:*, =b", &len), 0);
	assert_int_equal(len, 7);
	assert_int_equal(ext_param_parse(&log, &param, "12345678", &len), -EINVAL);
	assert_heard(&log_heard, "bad parameter label='12345678' (too large)");
	assert_heard(&log_heard, "expected a text of at most 7 bytes");
}

static void assert_text(char *text, const char *want)
{
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void test_usage_and_presets(void **state)
{
	char name[] = "x", values[] = "a,b";
	struct ext_param param = { .type = EXT_PARAM_DURATION, .name = name, .values = values };

	(void)state;
	assert_text(ext_param_usage(&param), "x=DURATION");
	param.preset = 0;
	assert_text(ext_param_preset(&param), "0s");
	param.preset = 1500000000;
	assert_text(ext_param_preset(&param), "1500ms");
	param.preset = 60000000000;
	assert_text(ext_param_preset(&param), "1m");
	param.preset = 7;
	assert_text(ext_param_preset(&param), "7ns");
	param.preset = UINT64_MAX;
	assert_text(ext_param_preset(&param), "as ttl");

	param.type = EXT_PARAM_COUNT;
	param.preset = 65536;
	assert_text(ext_param_usage(&param), "x=COUNT");
	assert_text(ext_param_preset(&param), "65536");

	param.type = EXT_PARAM_STRING;
	param.text = name;
	assert_text(ext_param_usage(&param), "x=TEXT");
	assert_text(ext_param_preset(&param), "'x'");

	param.type = EXT_PARAM_ENUM;
	param.preset = 1;
	assert_text(ext_param_usage(&param), "x=a|b");
	assert_text(ext_param_preset(&param), "b");
	param.preset = 5;
	assert_text(ext_param_preset(&param), "?");
}

static void test_reserved_names(void **state)
{
	static const char *const yes[] = { "allow_other", "policy",  "handler",		 "fill",
					   "opstats",	  "extfuse", "negative_timeout", "clone_fd",
					   "ro" };
	static const char *const no[] = { "ttl", "negative_ttl", "max_entries", "atime", "" };

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(yes); i++)
		assert_true(ext_param_reserved(yes[i]));
	for (size_t i = 0; i < EXT_ARRAY_SIZE(no); i++)
		assert_false(ext_param_reserved(no[i]));
}

static int apply(const char *const *strings, struct heard *heard, struct ext_setting *settings,
		 size_t *n)
{
	const struct ext_log log = { .fn = hear, .data = heard };
	struct ext_objects objects = { 0 };
	struct ext_object *object;

	assert_int_equal(ext_expr_read(&log, "ttl+lru", &objects), 0);
	assert_int_equal(ext_object_read(&log, fixture("handlers/store"), &object), 0);
	assert_int_equal(ext_objects_add(&objects, object), 0);

	int err = ext_params_apply(&log, &objects, strings, settings, n);

	ext_objects_free(&objects);
	return err;
}

static void test_apply(void **state)
{
	const char *const strings[] = { "max_entries=10", "ttl=5s", NULL };
	struct ext_setting settings[2];
	struct heard heard = { 0 };
	size_t n = 0;

	(void)state;
	assert_int_equal(apply(strings, &heard, settings, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(settings[0].value, 10);
	assert_true(settings[1].value == 5000000000);
	assert_int_equal(heard.lines, 0);

	assert_int_equal(apply(NULL, &heard, settings, &n), 0);
	assert_int_equal(n, 0);
}

static void test_apply_refuses(void **state)
{
	static const struct {
		const char *strings[3];
		const char *text;
	} bad[] = {
		{ { "tttl=5s" }, "unknown parameter 'tttl'" },
		{ { "tt=5s" }, "known are negative_ttl=DURATION (" },
		{ { "x" }, "max_entries=COUNT (rows that each map may hold)" },
		{ { "=5s" }, "unknown parameter ''" },
		{ { "ttl" }, "parameter ttl has no value: write ttl=DURATION" },
		{ { "ttl=" }, "bad parameter ttl=''" },
		{ { "ttl=1s", "ttl=1s" }, "ttl is given twice" },
		{ { "max_entries=1s" }, "bad parameter max_entries='1s'" },
	};

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(bad); i++) {
		struct ext_setting settings[2];
		struct heard heard = { 0 };
		size_t n = 0;

		assert_int_equal(apply(bad[i].strings, &heard, settings, &n), -EINVAL);
		assert_heard(&heard, bad[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_bad_durations),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_enums),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_messages_name_what_is_expected),
		cmocka_unit_test(test_usage_and_presets),
		cmocka_unit_test(test_reserved_names),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_refuses),
	};

	return cmocka_run_group_tests(tests, use_fixtures, NULL);
}
