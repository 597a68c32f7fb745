// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_abi.c - the shared library has what the header declares, and nothing else */
#include <dlfcn.h>

#include "loader/loader_test.h"

static void test_symbols(void **state)
{
	static const char *const public[] = {
		"extfuse_open",		 "extfuse_load",
		"extfuse_session_setup", "extfuse_session_teardown",
		"extfuse_attach_state",	 "extfuse_op_stats",
		"extfuse_fill_begin",	 "extfuse_fill_attr",
		"extfuse_fill_entry",	 "extfuse_fill_negative",
		"extfuse_inval_inode",	 "extfuse_inval_entry",
		"extfuse_lease_begin",	 "extfuse_lease_grant",
		"extfuse_lease_revoke",	 "extfuse_close",
		"extfuse_bpf_object",
	};
	static const char *const private[] = { "ext_log", "ext_link", "ext_object_read",
					       "ext_stats_read" };
	char path[PATH_MAX + 64];

	(void)state;
	snprintf(path, sizeof(path), "%s/../../lib/libextfuse.so", fixtures());

	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		fail_msg("%s", dlerror());
	for (size_t i = 0; i < EXT_ARRAY_SIZE(public); i++)
		assert_non_null(dlvsym(library, public[i], "EXTFUSE_0.1"));
	for (size_t i = 0; i < EXT_ARRAY_SIZE(private); i++)
		assert_null(dlsym(library, private[i]));
	dlclose(library);
}

/* Through the shared library too, the build tree's or installed objects are found around it. */
static void test_runs(void **state)
{
	char path[PATH_MAX + 64];
	struct extfuse *ext = NULL;
	struct heard heard = { 0 };
	const struct extfuse_opts opts = {
		.size = sizeof(opts), .policy = "ttl", .log = hear, .log_data = &heard
	};

	(void)state;
	snprintf(path, sizeof(path), "%s/../../lib/libextfuse.so", fixtures());

	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	assert_non_null(library);

	__typeof__(extfuse_open) *open_it = dlsym(library, "extfuse_open");
	__typeof__(extfuse_close) *close_it = dlsym(library, "extfuse_close");

	assert_non_null(open_it);
	assert_non_null(close_it);
	assert_int_equal(open_it(&opts, &ext), 0);
	assert_int_equal(heard.errors, 0);
	close_it(ext);
	dlclose(library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests(tests, use_fixtures, NULL);
}
