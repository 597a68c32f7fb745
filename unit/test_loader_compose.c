// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_compose.c - which objects make one program, and which do not fit together */
#include <errno.h>
#include <sys/stat.h>

#include "loader/loader_test.h"

static int compose(const char *expr, const char *a, const char *b, struct heard *heard,
		   struct ext_objects *out)
{
	const struct ext_log log = { .fn = hear, .data = heard };
	const char *const handlers[] = { a, b, NULL };

	*out = (struct ext_objects){ 0 };
	return ext_compose(&log, expr, handlers, out);
}

static void assert_conflict(const char *expr, const char *a, const char *b, int err,
			    const char *text)
{
	struct ext_objects objects;
	struct heard heard = { 0 };

	assert_int_equal(compose(expr, a, b, &heard, &objects), err);
	assert_heard(&heard, text);
	assert_null(objects.v);
}

static size_t place(const struct ext_objects *objects, const char *name)
{
	for (size_t i = 0; i < objects->n; i++)
		if (!strcmp(objects->v[i]->name, name))
			return i;
	return SIZE_MAX;
}

/* libbpf keeps the first definition of a hook, so the strong ones have to come first. */
static void test_link_order(void **state)
{
	struct ext_objects objects;
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(compose("lru+ttl", NULL, NULL, &heard, &objects), 0);
	assert_int_equal(heard.lines, 0);
	assert_int_equal(objects.n, 8);
	assert_int_equal(place(&objects, "lru"), 0);
	assert_int_equal(place(&objects, "ttl"), 1);
	assert_true(place(&objects, "lookup") < place(&objects, "dispatch"));
	assert_int_equal(place(&objects, "dispatch"), 5);
	assert_int_equal(place(&objects, "store"), 6);
	assert_int_equal(place(&objects, "defaults"), 7);
	ext_objects_free(&objects);
}

/* What would keep or answer runs in vain; what the user gave does not. */
static void test_policy_that_keeps_nothing(void **state)
{
	struct ext_objects objects;
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(compose("never", fixture("broken/user_lookup"), NULL, &heard, &objects),
			 0);
	assert_true(objects.v[0]->keeps_nothing);
	assert_true(place(&objects, "user_lookup") != SIZE_MAX);
	assert_true(place(&objects, "lookup") == SIZE_MAX);
	assert_true(place(&objects, "getattr") == SIZE_MAX);
	assert_true(place(&objects, "event_forget") == SIZE_MAX);
	assert_true(place(&objects, "dispatch") != SIZE_MAX);
	assert_true(place(&objects, "store") != SIZE_MAX);
	assert_true(place(&objects, "defaults") != SIZE_MAX);
	ext_objects_free(&objects);
}

static void test_conflicting_policies(void **state)
{
	(void)state;
	assert_conflict("ttl+never", NULL, NULL, -EEXIST,
			"policies ttl and never both define hook_fresh and cannot be combined");
	assert_conflict("never+ttl", NULL, NULL, -EEXIST,
			"policies never and ttl both define hook_fresh and cannot be combined");
	assert_conflict("twin+ttl", NULL, NULL, -EEXIST,
			"policies twin and ttl both have a parameter ttl");
}

static void test_undefined_hook(void **state)
{
	(void)state;
	assert_conflict("ttl", fixture("broken/undefined_hook"), NULL, -EINVAL,
			"calls hook_nowhere, which no policy, handler or default defines "
			"(undefined_hook.bpf.c:13); define it there");
}

/* It would link, and the default would hold in its place. */
static void test_unknown_hook(void **state)
{
	char expr[PATH_MAX + 64];

	(void)state;
	snprintf(expr, sizeof(expr), "%s", fixture("broken/unknown_hook"));
	assert_conflict(
		expr, NULL, NULL, -EINVAL,
		"defines ext_policy_frehs, which nothing calls (is ext_policy_fresh meant?)");
}

static void test_three_slot_errors(void **state)
{
	(void)state;
	assert_conflict("ttl", fixture("broken/user_lookup"), fixture("handlers/lookup"), -EEXIST,
			"duplicate slot:");
	assert_conflict("ttl", fixture("broken/unknown_slot"), NULL, -EINVAL,
			"unknown slot: opcode 'LOOKOUT' of lookout (unknown_slot.bpf.c:");
	assert_conflict("ttl", fixture("broken/unknown_slot"), NULL, -EINVAL,
			"does not exist (is LOOKUP meant?)");
	assert_conflict("ttl", fixture("broken/no_slot"), NULL, -EINVAL, "missing slot:");
}

static void test_handler_that_is_a_policy(void **state)
{
	(void)state;
	assert_conflict("ttl", fixture("policies/lru"), NULL, -EINVAL,
			"is a policy, not a handler");
}

static void test_users_handler_replaces(void **state)
{
	struct ext_objects objects;
	struct heard heard = { 0 };

	(void)state;
	assert_int_equal(compose("ttl", fixture("broken/user_lookup"), NULL, &heard, &objects), 0);
	assert_int_equal(heard.errors, 0);
	assert_int_equal(place(&objects, "lookup"), SIZE_MAX);
	assert_true(place(&objects, "user_lookup") < objects.n);
	assert_true(place(&objects, "getattr") < objects.n);
	ext_objects_free(&objects);
}

static char dir[] = "/tmp/test_loader_XXXXXX";

static void link_fixture(const char *name, const char *to)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, to);
	assert_int_equal(symlink(fixture(name), path), 0);
}

static void remove_link(const char *to)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, to);
	assert_int_equal(unlink(path), 0);
}

/* A directory with a dispatcher is complete: what is missing there is missing. */
static void test_complete_and_partial_directories(void **state)
{
	struct ext_objects objects;
	struct heard heard = { 0 };
	char path[2 * PATH_MAX];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s:%s", dir, fixtures());
	setenv("EXTFUSE_OBJECT_PATH", path, 1);

	link_fixture("handlers/dispatch", "dispatch.bpf.o");
	link_fixture("handlers/store", "store.bpf.o");
	link_fixture("handlers/defaults", "defaults.bpf.o");
	assert_int_equal(compose("ttl", NULL, NULL, &heard, &objects), 0);
	assert_int_equal(objects.n, 4);
	ext_objects_free(&objects);

	remove_link("dispatch.bpf.o");
	remove_link("store.bpf.o");
	remove_link("defaults.bpf.o");
	link_fixture("broken/user_lookup", "lookup.bpf.o");
	link_fixture("policies/lru", "ttl.bpf.o");
	assert_int_equal(compose("ttl", NULL, NULL, &heard, &objects), 0);
	assert_int_equal(objects.n, 7);
	assert_true(objects.v[0]->lru);
	assert_string_equal(objects.v[place(&objects, "lookup")]->description, "a user's LOOKUP");
	ext_objects_free(&objects);

	remove_link("lookup.bpf.o");
	remove_link("ttl.bpf.o");
	rmdir(dir);
	use_fixtures(NULL);
	assert_int_equal(heard.errors, 0);
}

static void add(struct ext_objects *objects, const char *name, bool from_user)
{
	struct ext_object *object;
	LISTEN(log);

	assert_int_equal(ext_object_read(&log, fixture(name), &object), 0);
	object->from_user = from_user;
	assert_int_equal(ext_objects_add(objects, object), 0);
}

/* The order does not depend on that in which objects were found. */
static void test_any_order(void **state)
{
	static const char *const names[] = { "handlers/defaults", "handlers/store",
					     "handlers/dispatch", "handlers/lookup",
					     "policies/ttl" };
	struct ext_objects objects = { 0 };
	LISTEN(log);

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(names); i++)
		add(&objects, names[i], false);
	assert_int_equal(ext_compose_objects(&log, &objects), 0);
	assert_int_equal(place(&objects, "ttl"), 0);
	assert_int_equal(place(&objects, "lookup"), 1);
	assert_int_equal(place(&objects, "dispatch"), 2);
	assert_int_equal(place(&objects, "store"), 3);
	assert_int_equal(place(&objects, "defaults"), 4);
	ext_objects_free(&objects);
}

/* One phase of an opcode stands for the opcode: half of each would be neither's intention. */
static void test_replaced_as_a_whole(void **state)
{
	struct ext_objects objects = { 0 };
	LISTEN(log);

	(void)state;
	add(&objects, "handlers/dispatch", false);
	add(&objects, "handlers/defaults", false);
	add(&objects, "broken/user_lookup", false);
	add(&objects, "broken/reply_only", true);
	assert_int_equal(ext_compose_objects(&log, &objects), 0);
	assert_int_equal(objects.n, 3);
	assert_int_equal(place(&objects, "user_lookup"), SIZE_MAX);
	ext_objects_free(&objects);
}

static void test_no_dispatcher(void **state)
{
	struct ext_objects objects = { 0 };
	struct ext_object *object;
	LISTEN(log);

	(void)state;
	assert_int_equal(ext_object_read(&log, fixture("policies/ttl"), &object), 0);
	assert_int_equal(ext_objects_add(&objects, object), 0);
	assert_int_equal(ext_compose_objects(&log, &objects), -ENOENT);
	assert_heard(&log_heard, "no dispatcher");
	ext_objects_free(&objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_order),
		cmocka_unit_test(test_policy_that_keeps_nothing),
		cmocka_unit_test(test_conflicting_policies),
		cmocka_unit_test(test_undefined_hook),
		cmocka_unit_test(test_unknown_hook),
		cmocka_unit_test(test_three_slot_errors),
		cmocka_unit_test(test_handler_that_is_a_policy),
		cmocka_unit_test(test_users_handler_replaces),
		cmocka_unit_test(test_complete_and_partial_directories),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_replaced_as_a_whole),
		cmocka_unit_test(test_no_dispatcher),
	};

	return cmocka_run_group_tests(tests, use_fixtures, NULL);
}
