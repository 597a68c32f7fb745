// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_open.c - from options to a linked object with its parameters set */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <linux/fuse.h>

#include "loader/loader_test.h"

static struct extfuse *must_open(const char *policy, const char *const *params)
{
	struct heard heard = { 0 };
	const struct extfuse_opts opts = {
		.size = sizeof(opts),
		.policy = policy,
		.params = params,
		.fill_daemon = 1,
		.log = hear,
		.log_data = &heard,
	};
	struct extfuse *ext = NULL;

	if (extfuse_open(&opts, &ext))
		fail_msg("%s", heard.last);
	assert_int_equal(heard.errors, 0);
	return ext;
}

static void read_var(const struct extfuse *ext, const char *name, void *to, size_t size)
{
	struct ext_var var;
	size_t room;

	assert_int_equal(ext_var_find(ext->bpf, name, &var), 0);
	assert_int_equal(var.size, size);

	const char *data = bpf_map__initial_value(var.map, &room);

	assert_non_null(data);
	memcpy(to, data + var.offset, size);
}

static uint64_t var64(const struct extfuse *ext, const char *name)
{
	uint64_t value;

	read_var(ext, name, &value, sizeof(value));
	return value;
}

static struct bpf_map *map(const struct extfuse *ext, const char *name)
{
	struct bpf_map *found = bpf_object__find_map_by_name(ext->bpf, name);

	assert_non_null(found);
	return found;
}

static void test_presets(void **state)
{
	struct extfuse *ext = must_open("ttl", NULL);
	uint32_t flag;
	char name[64];

	(void)state;
	assert_true(var64(ext, "ext_param_ttl") == 1000000000);
	assert_true(var64(ext, "ext_param_negative_ttl") == UINT64_MAX);
	assert_int_equal(var64(ext, "ext_param_atime"), 0);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_names")), 4096);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_attrs")), 4096);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_rings")), 4096);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_progs")), EXT_SLOTS);
	assert_int_equal(bpf_map__type(map(ext, "ext_names")), BPF_MAP_TYPE_HASH);
	read_var(ext, "ext_policy_name", name, sizeof(name));
	assert_string_equal(name, "ttl");
	read_var(ext, "ext_fill", &flag, sizeof(flag));
	assert_int_equal(flag, 1);
	read_var(ext, "ext_one_nodeid", &flag, sizeof(flag));
	assert_int_equal(flag, 0);
	read_var(ext, "ext_idle", &flag, sizeof(flag));
	assert_int_equal(flag, 0);
	assert_true(var64(ext, "ext_replies") == (EXT_BIT(FUSE_LOOKUP) | EXT_BIT(FUSE_GETATTR)));
	assert_true(var64(ext, "ext_events") == EXT_BIT(EXTFUSE_EV_FORGET));
	extfuse_close(ext);
}

static void test_parameters(void **state)
{
	const char *const params[] = { "ttl=5s",	"max_entries=77",
				       "atime=relaxed", "negative_ttl=20ms",
				       "label=a=b",	NULL };
	struct extfuse *ext = must_open("ttl+lru", params);
	char name[64], label[8];

	(void)state;
	assert_true(var64(ext, "ext_param_ttl") == 5000000000);
	assert_true(var64(ext, "ext_param_negative_ttl") == 20000000);
	assert_int_equal(var64(ext, "ext_param_atime"), 1);
	assert_int_equal(var64(ext, "ext_param_max_entries"), 77);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_names")), 77);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_rings")), 77);
	/* A policy's own maps, by their names. */
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_own_rows")), 77);
	assert_int_equal(bpf_map__max_entries(map(ext, "lru_fixed")), 5);
	read_var(ext, "ext_param_label", label, sizeof(label));
	/* All of it is set: nothing of the preset is left behind. */
	assert_memory_equal(label, "a=b\0\0\0\0", 8);
	read_var(ext, "ext_policy_name", name, sizeof(name));
	assert_string_equal(name, "ttl+lru");
	extfuse_close(ext);
}

/* An LRU hash cannot be told to allocate late. */
static void test_shape(void **state)
{
	struct extfuse *ext = must_open("lru+ttl", NULL);

	(void)state;
	assert_int_equal(bpf_map__type(map(ext, "ext_names")), BPF_MAP_TYPE_LRU_HASH);
	assert_int_equal(bpf_map__map_flags(map(ext, "ext_names")) & BPF_F_NO_PREALLOC, 0);
	assert_int_equal(bpf_map__type(map(ext, "ext_attrs")), BPF_MAP_TYPE_LRU_HASH);
	assert_int_equal(bpf_map__type(map(ext, "ext_rings")), BPF_MAP_TYPE_ARRAY);
	/* Whose rows they are is the policy's affair. */
	assert_int_equal(bpf_map__type(map(ext, "ext_own_rows")), BPF_MAP_TYPE_HASH);
	extfuse_close(ext);
}

static void test_policy_that_keeps_nothing_has_no_maps_to_speak_of(void **state)
{
	struct extfuse *ext = must_open("never", NULL);
	uint32_t idle;

	(void)state;
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_names")), 1);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_attrs")), 1);
	assert_int_equal(bpf_map__max_entries(map(ext, "ext_progs")), EXT_SLOTS);
	/* And the dispatcher knows, and that there is no handler. */
	read_var(ext, "ext_idle", &idle, sizeof(idle));
	assert_int_equal(idle, EXT_COUNTS_ALONE);
	assert_true(var64(ext, "ext_replies") == 0);
	assert_true(var64(ext, "ext_events") == 0);
	extfuse_close(ext);
}

static void test_handler_is_called_where_the_policy_keeps_nothing(void **state)
{
	const char *const handlers[] = { fixture("handlers/getattr"), NULL };
	struct extfuse_opts opts = { .size = sizeof(opts),
				     .policy = "never",
				     .handlers = handlers };
	struct extfuse *ext;
	uint32_t idle;

	(void)state;
	assert_int_equal(extfuse_open(&opts, &ext), 0);
	read_var(ext, "ext_idle", &idle, sizeof(idle));
	assert_int_equal(idle, EXT_KEEPS_NOTHING);
	assert_true(var64(ext, "ext_replies") == EXT_BIT(FUSE_GETATTR));
	extfuse_close(ext);
}

static void test_programs_have_our_type(void **state)
{
	struct extfuse *ext = must_open("ttl", NULL);
	struct bpf_program *prog;
	int n = 0;

	(void)state;
	bpf_object__for_each_program(prog, ext->bpf) {
		assert_int_equal(bpf_program__type(prog), BPF_PROG_TYPE_EXTFUSE);
		n++;
	}
	assert_int_equal(n, 7);
	extfuse_close(ext);
}

static void test_variables(void **state)
{
	struct extfuse *ext = must_open("ttl", NULL);
	uint64_t value = 1;
	struct ext_var var;

	(void)state;
	assert_int_equal(ext_var_find(ext->bpf, "ext_epoch", &var), 0);
	assert_int_equal(var.size, 8);
	assert_int_equal(ext_var_find(ext->bpf, "nonsense", &var), -ENOENT);
	assert_int_equal(ext_var_set(ext->bpf, "nonsense", &value, 8), -ENOENT);
	/* a size that is not the variable's would write into its neighbour */
	assert_int_equal(ext_var_set(ext->bpf, "ext_fill", &value, 8), -EINVAL);
	extfuse_close(ext);
}

static void test_policy_by_path(void **state)
{
	struct extfuse *ext = must_open(fixture("policies/lru"), NULL);
	char name[64];

	(void)state;
	read_var(ext, "ext_policy_name", name, sizeof(name));
	assert_string_equal(name, "lru");
	extfuse_close(ext);
}

static void assert_refused(const struct extfuse_opts *opts, int err, const char *text)
{
	struct extfuse_opts copy = *opts;
	struct heard heard = { 0 };
	struct extfuse *ext = (void *)1;

	copy.log = hear;
	copy.log_data = &heard;
	assert_int_equal(extfuse_open(&copy, &ext), err);
	assert_ptr_equal(ext, (void *)1);
	assert_heard(&heard, text);
}

static void test_users_errors(void **state)
{
	const char *const unknown[] = { "x=1", NULL };
	const char *const bad[] = { "ttl=1", NULL };
	const char *const missing[] = { "/nonexistent.bpf.o", NULL };
	struct extfuse_opts opts = { .size = sizeof(opts), .policy = "ttl" };

	(void)state;
	opts.policy = "foo";
	assert_refused(&opts, -ENOENT, "unknown policy 'foo'");
	opts.policy = "ttl+never";
	assert_refused(&opts, -EEXIST, "cannot be combined");
	opts.policy = "ttl";
	opts.params = unknown;
	assert_refused(&opts, -EINVAL, "unknown parameter 'x'");
	opts.params = bad;
	assert_refused(&opts, -EINVAL, "bad parameter ttl='1'");
	opts.params = NULL;
	opts.handlers = missing;
	assert_refused(&opts, -ENOENT, "/nonexistent.bpf.o");
}

static void test_options_of_other_versions(void **state)
{
	struct {
		struct extfuse_opts opts;
		long newer;
	} larger = { .opts = { .size = sizeof(larger), .policy = "ttl" } };
	struct extfuse_opts opts = { .size = offsetof(struct extfuse_opts, params),
				     .policy = "ttl",
				     /* beyond what this caller's version has */
				     .params = (const char *const *)1 };
	struct extfuse *ext;

	(void)state;
	assert_int_equal(extfuse_open(&opts, &ext), 0);
	extfuse_close(ext);
	assert_int_equal(extfuse_open(&larger.opts, &ext), 0);
	extfuse_close(ext);
	larger.newer = 1;
	assert_int_equal(extfuse_open(&larger.opts, &ext), -E2BIG);
	opts.size = 0;
	assert_int_equal(extfuse_open(&opts, &ext), -EINVAL);
	assert_int_equal(extfuse_open(NULL, &ext), -EINVAL);
}

static void test_handles_that_are_not_loaded(void **state)
{
	struct extfuse *ext = must_open("ttl", NULL);
	struct extfuse_lease lease = { 0 };
	struct stat st = { 0 };

	(void)state;
	assert_int_equal(extfuse_attach_state(ext), 0);
	assert_int_equal(extfuse_fill_begin(ext), 0);
	assert_int_equal(extfuse_fill_attr(ext, 0, 1, &st, 1), -ENOTCONN);
	assert_int_equal(extfuse_fill_entry(ext, 0, 1, "a", 2, 0, &st, 1, 1), -ENOTCONN);
	assert_int_equal(extfuse_fill_entry(ext, 0, 1, "", 2, 0, &st, 1, 1), -EINVAL);
	assert_int_equal(extfuse_fill_entry(ext, 0, 1, "a", 0, 0, &st, 1, 1), -EINVAL);
	assert_int_equal(extfuse_fill_negative(ext, 0, 1, "a", 1), -ENOTCONN);
	assert_int_equal(extfuse_inval_inode(ext, 1), -ENOTCONN);
	assert_int_equal(extfuse_inval_entry(ext, 1, "a"), -ENOTCONN);
	assert_int_equal(extfuse_inval_entry(ext, 1, NULL), -EINVAL);
	assert_int_equal(extfuse_inval_inode(NULL, 1), -ENOTCONN);
	assert_int_equal(extfuse_lease_begin(ext, &lease), -ENOTCONN);
	assert_int_equal(extfuse_lease_begin(ext, NULL), -EINVAL);
	/* Not from a begin: it has no token. */
	assert_int_equal(extfuse_lease_grant(ext, &lease, 1, 1), -EINVAL);
	lease.token = EXT_TOKEN_LEASE;
	assert_int_equal(extfuse_lease_grant(ext, &lease, 1, 1), -ENOTCONN);
	assert_int_equal(extfuse_lease_grant(ext, &lease, 0, 1), -EINVAL);
	assert_int_equal(extfuse_lease_grant(ext, NULL, 1, 1), -EINVAL);
	assert_int_equal(extfuse_lease_revoke(ext, 1), -ENOTCONN);
	assert_int_equal(extfuse_lease_revoke(ext, 0), -EINVAL);
	assert_int_equal(extfuse_op_stats(ext, 1, &(struct extfuse_op_stats){ .size = 8 }),
			 -ENOTCONN);
	assert_int_equal(extfuse_op_stats(ext, 1, &(struct extfuse_op_stats){ 0 }), -EINVAL);
	assert_int_equal(extfuse_op_stats(ext, 1, NULL), -EINVAL);
	assert_int_equal(extfuse_load(NULL), -EINVAL);
	extfuse_close(ext);
	extfuse_close(NULL);
}

static void test_names_too_long(void **state)
{
	struct extfuse *ext = must_open("ttl", NULL);
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	assert_int_equal(extfuse_inval_entry(ext, 1, name), -ENAMETOOLONG);
	name[255] = '\0';
	assert_int_equal(extfuse_inval_entry(ext, 1, name), -ENOTCONN);
	extfuse_close(ext);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_policy_that_keeps_nothing_has_no_maps_to_speak_of),
		cmocka_unit_test(test_handler_is_called_where_the_policy_keeps_nothing),
		cmocka_unit_test(test_programs_have_our_type),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_policy_by_path),
		cmocka_unit_test(test_users_errors),
		cmocka_unit_test(test_options_of_other_versions),
		cmocka_unit_test(test_handles_that_are_not_loaded),
		cmocka_unit_test(test_names_too_long),
	};

	return cmocka_run_group_tests(tests, use_fixtures, NULL);
}
