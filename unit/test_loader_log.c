// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_log.c - one line per message, libbpf's words, the verifier's complaint */
#include <pthread.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "loader/loader_test.h"

static void test_one_line(void **state)
{
	LISTEN(log);

	(void)state;
	ext_err(&log, "a\nb\tc\x1b[0m%s\n\n", "d");
	assert_int_equal(log_heard.errors, 1);
	assert_string_equal(log_heard.last, "a b c [0md");
	ext_err(NULL, "nobody listens");
	ext_err(&(struct ext_log){ 0 }, "nobody listens");
}

static void assert_summary(const char *log, const char *want)
{
	char *summary = ext_verifier_summary(log);

	if (want) {
		assert_non_null(summary);
		assert_string_equal(summary, want);
	} else {
		assert_null(summary);
	}
	free(summary);
}

static void test_verifier_summary(void **state)
{
	(void)state;
	assert_summary("0: R1=ctx() R10=fp0\n"
		       "; return row->valid; @ ttl.bpf.c:12\n"
		       "0: (79) r0 = *(u64 *)(r1 +400)\n"
		       "invalid bpf_context access off=400 size=8\n"
		       "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0\n",
		       "invalid bpf_context access off=400 size=8 (near: return row->valid; @ "
		       "ttl.bpf.c:12); read the context's fields one by one, each in its own size, "
		       "and write none");
	/* lines of the compiler's own have no source */
	assert_summary(
		"; x(); @ a.c:1\n1: (85) call pc+1\n;  @ a.c:0\nBPF program is too large\n",
		"BPF program is too large (near: x(); @ a.c:1); give loops a smaller constant "
		"bound, or less to do");
	assert_summary("R0 !read_ok\n",
		       "R0 !read_ok; give it a value on every path, and return one");
	assert_summary("; *count += 1; @ a.c:19\n"
		       "4: (79) r1 = *(u64 *)(r0 +0)\n"
		       "R0 invalid mem access 'map_value_or_null'\n",
		       "R0 invalid mem access 'map_value_or_null' (near: *count += 1; @ a.c:19); "
		       "compare the pointer with NULL before it is used");
	/* the states that follow an endless loop say nothing to its author */
	assert_summary("; while (waited < 1) @ a.c:12\n"
		       "infinite loop detected at insn 3\n"
		       "cur state: R1=ctx() R10=fp0\n"
		       "old state: R1_r=ctx() R10=fp0\n",
		       "infinite loop detected at insn 3 (near: while (waited < 1) @ a.c:12); "
		       "give the loop a constant bound");
	assert_summary("the call stack of 9 frames is too deep !\n",
		       "the call stack of 9 frames is too deep !; functions may call each other "
		       "eight deep, and the store needs six: make yours static inline");
	/* what nobody has met yet is said as the verifier says it */
	assert_summary("something new\n", "something new");
	assert_summary("processed 1 insns\nverification time 5 usec\nstack depth 0\n", NULL);
	assert_summary("", NULL);
	assert_summary(NULL, NULL);
}

static int foreign;

__attribute__((format(printf, 2, 0))) static int foreign_print(enum libbpf_print_level level,
							       const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	__atomic_fetch_add(&foreign, 1, __ATOMIC_RELAXED);
	return 0;
}

static void make_libbpf_complain(void)
{
	char garbage[64] = { 0 };

	assert_null(btf__new(garbage, sizeof(garbage)));
}

static void *complain_elsewhere(void *arg)
{
	make_libbpf_complain();
	return arg;
}

/* A daemon may use libbpf too: its messages stay its own, before, meanwhile and after. */
static void test_libbpf_messages(void **state)
{
	struct ext_libbpf_scope scope;
	libbpf_print_fn_t before = libbpf_set_print(foreign_print);
	pthread_t thread;
	LISTEN(log);

	(void)state;
	foreign = 0;
	ext_libbpf_begin(&scope, &log);
	make_libbpf_complain();
	assert_int_equal(foreign, 0);
	assert_true(log_heard.lines > 0);
	assert_int_equal(log_heard.errors, 0);

	int lines = log_heard.lines;

	assert_int_equal(pthread_create(&thread, NULL, complain_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	assert_true(foreign > 0);
	assert_int_equal(log_heard.lines, lines);
	ext_libbpf_end(&scope);

	foreign = 0;
	make_libbpf_complain();
	assert_true(foreign > 0);
	assert_ptr_equal(libbpf_set_print(before), foreign_print);
}

static void test_blamed_object_is_the_one_of_the_source_line(void **state)
{
	struct ext_object policy = { .name = "mine" }, other = { .name = "store" };
	struct ext_object *all[] = { &other, &policy };
	const struct ext_objects objects = { all, EXT_ARRAY_SIZE(all) };

	(void)state;
	assert_ptr_equal(ext_verifier_blames("R0 bad (near: x @ mine.bpf.c:19); y", &objects),
			 &policy);
	assert_ptr_equal(ext_verifier_blames("R0 bad (near: x @ src/mine.bpf.c:19)", &objects),
			 &policy);
	/* code that looks like a source line */
	assert_ptr_equal(
		ext_verifier_blames("bad (near: f(\"mine.bpf.c:1\") @ store.bpf.c:7)", &objects),
		&other);
	assert_null(ext_verifier_blames("bad (near: x @ notmine.bpf.c:19)", &objects));
	assert_null(ext_verifier_blames("mine.bpf.c:1", &objects));
	assert_null(ext_verifier_blames("bad", &objects));
	assert_null(ext_verifier_blames(NULL, &objects));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_verifier_summary),
		cmocka_unit_test(test_libbpf_messages),
		cmocka_unit_test(test_blamed_object_is_the_one_of_the_source_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
