// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_hide.c - names that match a pattern do not exist, and cannot be made */
#include "names_test.h"

#include <stdio.h>

extern EXT_KNOB char ext_param_hide[128];

static void hide(const char *patterns)
{
	size_t len = strlen(patterns);

	assert_true(len < sizeof(ext_param_hide));
	for (size_t i = 0; i < sizeof(ext_param_hide); i++)
		ext_param_hide[i] = i < len ? patterns[i] : 0;
}

/* What the program says to LOOKUP of name: -ENOENT, or -ENOSYS for what the daemon is asked. */
static int look_up(const char *name)
{
	struct fake_req req = req_lookup(DIR, name);

	return fake_send(&req);
}

static void patterns_match_whole_names(void **state)
{
	static const struct {
		const char *patterns, *name;
		bool hidden;
	} cases[] = {
		{ ".DS_Store", ".DS_Store", true },
		{ ".DS_Store", ".DS_Stor", false },
		{ ".DS_Store", ".DS_Store2", false },
		{ ".DS_Store", ".ds_store", false },
		{ "*.tmp", "a.tmp", true },
		{ "*.tmp", ".tmp", true },
		{ "*.tmp", "a.tmp.b", false },
		{ "*.tmp", "a.tmp.tmp", true },
		{ "*.tmp", "a.tmpx.tmp", true },
		{ "*.tmp", "tmp", false },
		{ "~*", "~lock", true },
		{ "~*", "~", true },
		{ "~*", "a~", false },
		{ "*core*", "core", true },
		{ "*core*", "a.core.1", true },
		{ "*core*", "a.cor.e", false },
		{ "a*b*c", "abc", true },
		{ "a*b*c", "a-b-b-c", true },
		{ "a*b*c", "a-c-b", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "a?c", "abbc", false },
		{ "?", "x", true },
		{ "?", "xy", false },
		{ "**x", "aax", true },
		{ "x**", "x", true },
		{ "one:two:*.tmp", "one", true },
		{ "one:two:*.tmp", "two", true },
		{ "one:two:*.tmp", "a.tmp", true },
		{ "one:two:*.tmp", "three", false },
		{ "one:two:*.tmp", "one:two", false },
		{ "a*z:b", "b", true },
		{ "a*z:b", "ab", false },
		{ "::a:", "a", true },
		{ "::a:", "b", false },
		{ ":", "a", false },
		{ "*", "anything", true },
		{ "", "anything", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hide(cases[i].patterns);
		if (look_up(cases[i].name) != (cases[i].hidden ? -ENOENT : -ENOSYS))
			fail_msg("'%s' and '%s'", cases[i].patterns, cases[i].name);
	}
}

static void long_names_and_patterns_match(void **state)
{
	(void)state;
	char name[256], patterns[128];

	memset(name, 'a', 255);
	name[255] = 0;
	hide("*b:*c");
	assert_int_equal(look_up(name), -ENOSYS);
	name[254] = 'c';
	assert_int_equal(look_up(name), -ENOENT);
	/* The most steps that a comparison takes. */
	for (int i = 0; i < 126; i++)
		patterns[i] = i % 2 ? 'a' : '*';
	patterns[126] = 'x';
	patterns[127] = 0;
	hide(patterns);
	assert_int_equal(look_up(name), -ENOSYS);
	name[254] = 'x';
	assert_int_equal(look_up(name), -ENOENT);
}

static void dot_and_dot_dot_are_never_hidden(void **state)
{
	(void)state;
	hide("*:.:..");
	assert_int_equal(look_up("."), -ENOSYS);
	assert_int_equal(look_up(".."), -ENOSYS);
	assert_int_equal(look_up("..."), -ENOENT);
}

static void a_hidden_name_is_not_asked_for_though_it_was_known(void **state)
{
	(void)state;
	hide("");
	fake_lookup_file(DIR, "a.tmp", 42);
	assert_true(answers_lookup(DIR, "a.tmp"));
	hide("*.tmp");
	assert_int_equal(look_up("a.tmp"), -ENOENT);
	/* Also when nothing is answered from the cache. */
	ext_epoch = 0;
	assert_int_equal(look_up("a.tmp"), -ENOENT);
	assert_int_equal(fake_stats(FUSE_LOOKUP).negative_hits, 2);
}

static void other_names_are_answered_from_the_cache(void **state)
{
	(void)state;
	hide("*.tmp");
	assert_false(fake_lookup_file(DIR, "file", 42));
	assert_true(fake_lookup_file(DIR, "file", 42));
	assert_false(fake_lookup_none(DIR, "none"));
	assert_true(fake_lookup_none(DIR, "none"));
	assert_int_equal(fake_stats(FUSE_LOOKUP).hits, 1);
	assert_int_equal(fake_stats(FUSE_LOOKUP).negative_hits, 1);
	fake_change(req_write(42));
	assert_false(answers_lookup(DIR, "file"));
	assert_quiet();
}

static void assert_refused(struct fake_req req, int error)
{
	fake_lookup_file(DIR, "file", 42);
	fake_getattr_file(DIR);
	assert_int_equal(fake_send(&req), error);
	/* It never happened: everything is answered as before. */
	assert_true(answers_lookup(DIR, "file"));
	assert_true(answers_getattr(DIR));
	assert_quiet();
}

static void hidden_names_cannot_be_made(void **state)
{
	(void)state;
	hide("*.tmp");
	assert_refused(req_create(DIR, "a.tmp"), -EPERM);
	assert_refused(req_mknod(DIR, "a.tmp"), -EPERM);
	assert_refused(req_mkdir(DIR, "a.tmp"), -EPERM);
	assert_refused(req_symlink(DIR, "a.tmp", "file"), -EPERM);
	assert_refused(req_link(42, DIR, "a.tmp"), -EPERM);
	assert_refused(req_rename(DIR, "file", DIR, "a.tmp", 42, 0), -EPERM);
	assert_refused(req_rename2(DIR, "file", 8, "a.tmp", 42, 0, 0), -EPERM);
}

static void hidden_names_cannot_be_removed_or_moved(void **state)
{
	(void)state;
	hide("*.tmp");
	assert_refused(req_unlink(DIR, "a.tmp", 43), -ENOENT);
	assert_refused(req_rmdir(DIR, "a.tmp", 43), -ENOENT);
	assert_refused(req_rename(DIR, "a.tmp", DIR, "file", 43, 42), -ENOENT);
	assert_refused(req_rename2(DIR, "a.tmp", 8, "b.tmp", 43, 0, 0), -ENOENT);
}

static void a_target_may_have_a_hidden_name(void **state)
{
	(void)state;
	struct fake_req req = req_symlink(DIR, "link", "a.tmp");

	hide("*.tmp");
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, -EIO);
}

/* What the built-in handlers promise of names that are not hidden. */
static void changes_to_other_names_are_as_precise_as_ever(void **state)
{
	struct fake_req reqs[] = {
		req_create(DIR, "name"),
		req_mknod(DIR, "name"),
		req_mkdir(DIR, "name"),
		req_symlink(DIR, "name", "target"),
		req_link(50, DIR, "name"),
		req_unlink(DIR, "name", 50),
		req_rmdir(DIR, "name", 50),
		req_rename(DIR, "name", 8, "new", 50, 0),
		req_rename(8, "old", DIR, "name", 50, 0),
		req_rename2(8, "old", DIR, "name", 50, 0, 0),
	};

	(void)state;
	hide("*.tmp:name?");
	for (size_t i = 0; i < sizeof(reqs) / sizeof(reqs[0]); i++) {
		assert_changes_name(reqs[i], "name");
		/* The next one begins with a name that does not exist. */
		fake_setup(state);
		assert_changes_name_though_it_fails(reqs[i], "name");
		fake_setup(state);
	}
}

static void a_name_that_cannot_be_read_is_the_daemons_affair(void **state)
{
	struct fake_req create = req_create(DIR, "a.tmp");

	(void)state;
	hide("*.tmp");
	fake_fail_reads(IN_PARAM_0_VALUE);
	assert_int_equal(look_up("a.tmp"), -ENOSYS);
	fake_fail_reads(IN_PARAM_1_VALUE);
	assert_int_equal(fake_send(&create), -ENOSYS);
	fake_fail(&create, -EIO);
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(patterns_match_whole_names),
		fake_test(long_names_and_patterns_match),
		fake_test(dot_and_dot_dot_are_never_hidden),
		fake_test(a_hidden_name_is_not_asked_for_though_it_was_known),
		fake_test(other_names_are_answered_from_the_cache),
		fake_test(hidden_names_cannot_be_made),
		fake_test(hidden_names_cannot_be_removed_or_moved),
		fake_test(a_target_may_have_a_hidden_name),
		fake_test(changes_to_other_names_are_as_precise_as_ever),
		fake_test(a_name_that_cannot_be_read_is_the_daemons_affair),
	};

	return fake_run_tests(tests);
}
