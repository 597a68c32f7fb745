// SPDX-License-Identifier: GPL-2.0-only
/* test_stackfs_options.c - the command line: what is taken, passed on and refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

static struct options opts;
static char err[1024];

/* "stackfs -o OPTIONS SOURCE MOUNTPOINT" */
static int parse(const char *options)
{
	char *argv[] = { "stackfs", "-o", (char *)options, "/", "/tmp", NULL };

	return options_parse(&opts, 5, argv, err, sizeof(err));
}

static void assert_refused(const char *options, const char *text)
{
	assert_int_equal(parse(options), -1);
	if (!strstr(err, text))
		fail_msg("'%s' is not in '%s'", text, err);
	assert_null(strchr(err, '\n'));
	options_free(&opts);
}

static bool passed_on(const char *option)
{
	for (int i = 0; i < opts.fuse.argc; i++)
		if (strstr(opts.fuse.argv[i], option))
			return true;
	return false;
}

static void test_defaults(void **state)
{
	char *argv[] = { "stackfs", "/", "/tmp", NULL };

	(void)state;
	assert_int_equal(options_parse(&opts, 3, argv, err, sizeof(err)), 0);
	assert_string_equal(opts.source, "/");
	assert_string_equal(opts.mountpoint, "/tmp");
	assert_true(opts.entry_timeout == 1.0 && opts.attr_timeout == 1.0);
	assert_true(opts.negative_timeout == 0);
	assert_int_equal(opts.cache, CACHE_AUTO);
	assert_null(opts.policy);
	options_free(&opts);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(parse("entry_timeout=2.5,attr_timeout=0,negative_timeout=3,cache=none,"
			       "opstats=x,no_xattr,debug_delay_lookup=20,debug_delay_replies=30"),
			 0);
	assert_true(opts.entry_timeout == 2.5 && opts.attr_timeout == 0);
	assert_true(opts.negative_timeout == 3);
	assert_int_equal(opts.cache, CACHE_NONE);
	assert_string_equal(opts.opstats, "x");
	assert_true(opts.no_xattr);
	assert_int_equal(opts.debug_delay_lookup, 20);
	assert_int_equal(opts.debug_delay_replies, 30);
	assert_string_equal(opts.debug_delay_prefix, "delay");
	options_free(&opts);
}

static void test_bad_values(void **state)
{
	(void)state;
	assert_refused("entry_timeout=", "entry_timeout");
	assert_refused("entry_timeout=1x", "'1x' is not valid");
	assert_refused("attr_timeout=-1", "'-1' is not valid");
	assert_refused("attr_timeout=nan", "'nan' is not valid");
	assert_refused("cache=maybe", "none, auto or always");
	assert_refused("max_threads=0", "'0' is not valid");
	assert_refused("max_threads=-1", "'-1' is not valid");
	assert_refused("policy=", "needs a value");
	assert_refused("policy", "needs a value");
	assert_refused("policy=ttl,extfuse=never", "auto or require");
	assert_refused("policy=ttl,fill=kernel", "reply or daemon");
}

static void test_unknown_options(void **state)
{
	(void)state;
	assert_refused("bogus", "unknown option 'bogus'");
	assert_refused("ttl=2s", "unknown option 'ttl=2s'");
	assert_refused("policy=ttl,bogus", "unknown option 'bogus'");
	assert_refused("policy=ttl,=x", "unknown option '=x'");
}

static void test_parameters_of_a_policy(void **state)
{
	(void)state;
	assert_int_equal(parse("ttl=2s,policy=ttl+lru,atime=relaxed,handler=a.o,handler=b.o"), 0);
	assert_string_equal(opts.policy, "ttl+lru");
	assert_string_equal(opts.params[0], "ttl=2s");
	assert_string_equal(opts.params[1], "atime=relaxed");
	assert_null(opts.params[2]);
	assert_string_equal(opts.handlers[0], "a.o");
	assert_string_equal(opts.handlers[1], "b.o");
	assert_null(opts.handlers[2]);
	options_free(&opts);
}

static void test_what_needs_a_policy(void **state)
{
	(void)state;
	assert_refused("handler=x", "policy=");
	assert_refused("fill=daemon", "policy=");
	assert_refused("extfuse=require", "policy=");
	assert_refused("policy=ttl,allow_root", "allow_root");
}

static void test_arguments(void **state)
{
	char *none[] = { "stackfs", NULL };
	char *one[] = { "stackfs", "/", NULL };
	char *three[] = { "stackfs", "/", "/tmp", "/usr", NULL };

	(void)state;
	assert_int_equal(options_parse(&opts, 1, none, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "no source"));
	options_free(&opts);
	assert_int_equal(options_parse(&opts, 2, one, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "no mount point"));
	options_free(&opts);
	assert_int_equal(options_parse(&opts, 4, three, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "/usr"));
	options_free(&opts);
}

static void test_options_of_mount(void **state)
{
	/* As mount.fuse3 calls it for fstab's "defaults,...". */
	char *argv[] = { "stackfs",
			 "/",
			 "/tmp",
			 "-o",
			 "rw,defaults,x-systemd.automount,comment=x,ro,noatime,dev,suid",
			 NULL };

	(void)state;
	assert_int_equal(options_parse(&opts, 5, argv, err, sizeof(err)), 0);
	assert_true(passed_on("ro"));
	assert_true(passed_on("noatime"));
	assert_true(passed_on("suid"));
	assert_false(passed_on("defaults"));
	assert_false(passed_on("x-systemd"));
	assert_false(passed_on("comment"));
	options_free(&opts);
}

static void test_allow_other_checks_permissions(void **state)
{
	(void)state;
	assert_int_equal(parse("allow_other"), 0);
	assert_int_equal(options_resolve(&opts, err, sizeof(err)), 0);
	assert_true(passed_on("allow_other"));
	assert_true(passed_on("default_permissions"));
	assert_true(opts.default_permissions);
	options_free(&opts);
	assert_int_equal(parse("entry_timeout=1"), 0);
	assert_int_equal(options_resolve(&opts, err, sizeof(err)), 0);
	assert_false(passed_on("default_permissions"));
	options_free(&opts);
}

static void test_paths_become_absolute(void **state)
{
	char *cwd = getcwd(NULL, 0);
	char want[4096];

	(void)state;
	assert_int_equal(parse("policy=ttl+./mine.bpf.o+a/b,handler=h.o,opstats=stats"), 0);
	assert_int_equal(options_resolve(&opts, err, sizeof(err)), 0);
	snprintf(want, sizeof(want), "ttl+%s/./mine.bpf.o+%s/a/b", cwd, cwd);
	assert_string_equal(opts.policy, want);
	snprintf(want, sizeof(want), "%s/h.o", cwd);
	assert_string_equal(opts.handlers[0], want);
	snprintf(want, sizeof(want), "%s/stats", cwd);
	assert_string_equal(opts.opstats, want);
	options_free(&opts);
	free(cwd);
}

static void test_empty_policies_are_left_to_the_library(void **state)
{
	(void)state;
	assert_int_equal(parse("policy=ttl++lru+"), 0);
	assert_int_equal(options_resolve(&opts, err, sizeof(err)), 0);
	assert_string_equal(opts.policy, "ttl++lru+");
	options_free(&opts);
}

static void test_missing_directories(void **state)
{
	char *argv[] = { "stackfs", "/nonexistent", "/tmp", NULL };

	(void)state;
	assert_int_equal(options_parse(&opts, 3, argv, err, sizeof(err)), 0);
	assert_int_equal(options_resolve(&opts, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "source '/nonexistent'"));
	options_free(&opts);
}

static void test_commas_in_the_source(void **state)
{
	(void)state;
	assert_int_equal(parse("fsname=a\\,b"), 0);
	assert_true(opts.fsname_given);
	options_free(&opts);
}

static void test_help_needs_nothing_else(void **state)
{
	char *argv[] = { "stackfs", "--help", NULL };

	(void)state;
	assert_int_equal(options_parse(&opts, 2, argv, err, sizeof(err)), 0);
	assert_true(opts.help);
	options_free(&opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_unknown_options),
		cmocka_unit_test(test_parameters_of_a_policy),
		cmocka_unit_test(test_what_needs_a_policy),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_options_of_mount),
		cmocka_unit_test(test_allow_other_checks_permissions),
		cmocka_unit_test(test_paths_become_absolute),
		cmocka_unit_test(test_empty_policies_are_left_to_the_library),
		cmocka_unit_test(test_missing_directories),
		cmocka_unit_test(test_commas_in_the_source),
		cmocka_unit_test(test_help_needs_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
