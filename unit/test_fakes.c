// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_fakes.c - the fakes themselves: maps, time, faults, and two runs at once */
#include "fakes/fake.h"

#include "../handlers/coherence.h"

#define DIR 7

#define MAP(map_type, entries) \
	{ \
		__uint(type, map_type); \
		__uint(max_entries, entries); \
		__type(key, __u32); \
		__type(value, __u64); \
	}

struct MAP(BPF_MAP_TYPE_HASH, 3) hash;
struct MAP(BPF_MAP_TYPE_LRU_HASH, 3) lru_hash;
struct MAP(BPF_MAP_TYPE_ARRAY, 3) array;
struct MAP(BPF_MAP_TYPE_PERCPU_ARRAY, 1) per_cpu;
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2);
	__type(value, __u64);
} queue;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64);
} ring;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_spin_lock);
} locked;
struct MAP(BPF_MAP_TYPE_PROG_ARRAY, 3) own_progs;

#define PUT(map, number, content, flags) \
	bpf_map_update_elem(&(map), &(__u32){ number }, &(__u64){ content }, flags)
#define GET(map, number) ((__u64 *)bpf_map_lookup_elem(&(map), &(__u32){ number }))

static void a_hash_keeps_what_was_put_until_it_is_full(void **state)
{
	(void)state;
	assert_null(GET(hash, 1));
	assert_int_equal(PUT(hash, 1, 10, BPF_EXIST), -ENOENT);
	for (__u32 i = 1; i <= 3; i++)
		assert_int_equal(PUT(hash, i, 10 * i, BPF_NOEXIST), 0);
	assert_int_equal(PUT(hash, 1, 99, BPF_NOEXIST), -EEXIST);
	assert_int_equal(PUT(hash, 4, 40, BPF_ANY), -E2BIG);
	assert_int_equal(PUT(hash, 1, 11, BPF_EXIST), 0);
	assert_int_equal(*GET(hash, 1), 11);
	assert_int_equal(*GET(hash, 3), 30);
	assert_int_equal(bpf_map_delete_elem(&hash, &(__u32){ 3 }), 0);
	assert_int_equal(bpf_map_delete_elem(&hash, &(__u32){ 3 }), -ENOENT);
	assert_null(GET(hash, 3));
	assert_int_equal(PUT(hash, 4, 40, BPF_ANY), 0);
	assert_int_equal(fake_rows(), 3);
}

static void an_lru_hash_evicts_what_was_not_used_for_longest(void **state)
{
	(void)state;
	for (__u32 i = 1; i <= 3; i++)
		PUT(lru_hash, i, i, BPF_ANY);
	/* Being looked up is a use, and so is being written. */
	assert_non_null(GET(lru_hash, 1));
	PUT(lru_hash, 2, 22, BPF_ANY);
	assert_int_equal(PUT(lru_hash, 4, 4, BPF_ANY), 0);
	assert_null(GET(lru_hash, 3));
	assert_int_equal(PUT(lru_hash, 5, 5, BPF_ANY), 0);
	assert_null(GET(lru_hash, 1));
	assert_int_equal(*GET(lru_hash, 2), 22);
}

static void limits_and_the_shape_are_those_of_the_test(void **state)
{
	(void)state;
	fake_limit(1);
	assert_int_equal(PUT(hash, 1, 1, BPF_ANY), 0);
	assert_int_equal(PUT(hash, 2, 2, BPF_ANY), -E2BIG);
	fake_lru();
	assert_int_equal(PUT(hash, 2, 2, BPF_ANY), 0);
	assert_null(GET(hash, 1));
}

static void updates_fail_when_the_test_says_so(void **state)
{
	(void)state;
	fake_fail_updates(-ENOMEM);
	assert_int_equal(PUT(hash, 1, 1, BPF_ANY), -ENOMEM);
	assert_null(GET(hash, 1));
	fake_fail_updates(0);
	assert_int_equal(PUT(hash, 1, 1, BPF_ANY), 0);
}

static void all_elements_of_an_array_are_there(void **state)
{
	(void)state;
	assert_int_equal(*GET(array, 2), 0);
	assert_null(GET(array, 3));
	assert_int_equal(PUT(array, 2, 5, BPF_ANY), 0);
	assert_int_equal(*GET(array, 2), 5);
	assert_int_equal(PUT(array, 3, 5, BPF_ANY), -E2BIG);
	assert_int_equal(PUT(array, 1, 5, BPF_NOEXIST), -EEXIST);
	assert_int_equal(bpf_map_delete_elem(&array, &(__u32){ 2 }), -EINVAL);
}

static void a_queue_gives_back_in_order(void **state)
{
	(void)state;
	__u64 value = 9;

	assert_int_equal(bpf_map_pop_elem(&queue, &value), -ENOENT);
	assert_int_equal(value, 0);
	for (value = 1; value <= 2; value++)
		assert_int_equal(bpf_map_push_elem(&queue, &value, BPF_ANY), 0);
	assert_int_equal(bpf_map_push_elem(&queue, &value, BPF_ANY), -E2BIG);
	assert_int_equal(bpf_map_pop_elem(&queue, &value), 0);
	assert_int_equal(value, 1);
	value = 3;
	assert_int_equal(bpf_map_push_elem(&queue, &value, BPF_ANY), 0);
	bpf_map_pop_elem(&queue, &value);
	assert_int_equal(value, 2);
	bpf_map_pop_elem(&queue, &value);
	assert_int_equal(value, 3);
}

static void a_ring_buffer_gives_back_what_was_submitted_in_order(void **state)
{
	(void)state;
	__u64 value = 1, *first = bpf_ringbuf_reserve(&ring, sizeof(*first), 0), *second;

	assert_non_null(first);
	*first = 11;
	assert_int_equal(bpf_ringbuf_output(&ring, &value, sizeof(value), 0), 0);
	/* Four records of eight bytes and a header fit. */
	second = bpf_ringbuf_reserve(&ring, sizeof(*second), 0);
	assert_int_equal(bpf_ringbuf_output(&ring, &value, 4, 0), 0);
	assert_null(bpf_ringbuf_reserve(&ring, 1, 0));
	assert_int_equal(bpf_ringbuf_output(&ring, &value, 1, 0), -EAGAIN);

	/* The reader waits for the first. */
	assert_int_equal(fake_ring_read(&ring, &value, sizeof(value)), 0);
	bpf_ringbuf_submit(first, 0);
	assert_int_equal(fake_ring_read(&ring, &value, sizeof(value)), 8);
	assert_int_equal(value, 11);
	assert_int_equal(fake_ring_read(&ring, &value, sizeof(value)), 8);
	assert_int_equal(value, 1);
	bpf_ringbuf_discard(second, 0);
	assert_int_equal(fake_ring_read(&ring, &value, 2), 4);
	assert_int_equal(fake_ring_read(&ring, &value, sizeof(value)), 0);
}

static void a_lock_is_held_until_it_is_given_back(void **state)
{
	(void)state;
	struct bpf_spin_lock *lock = bpf_map_lookup_elem(&locked, &(__u32){ 0 });

	bpf_spin_lock(lock);
	assert_int_equal(lock->val, 1);
	bpf_spin_unlock(lock);
	assert_int_equal(lock->val, 0);
}

static int answers_seven(struct extfuse_req *ctx)
{
	(void)ctx;
	return 7;
}

static int calls(struct extfuse_req *ctx, __u32 slot)
{
	bpf_tail_call(ctx, &own_progs, slot);
	return -1;
}

static void tail_calls_go_to_the_prog_array_that_they_name(void **state)
{
	(void)state;
	struct fake_req req = req_getattr(DIR);

	/* Empty, as GETATTR's slot of the handlers is not. */
	assert_int_equal(calls(&req.ctx, FUSE_GETATTR), -1);
	fake_set_program(&own_progs, 1, answers_seven);
	assert_int_equal(calls(&req.ctx, 1), 7);
	assert_int_equal(calls(&req.ctx, 2), -1);
	fake_set_program(&own_progs, 1, NULL);
	assert_int_equal(calls(&req.ctx, 1), -1);
}

static void time_passes_when_the_test_says_so(void **state)
{
	(void)state;
	__u64 before = bpf_ktime_get_boot_ns();

	assert_int_equal(bpf_ktime_get_boot_ns(), before);
	fake_advance(5);
	assert_int_equal(bpf_ktime_get_ns(), before + 5);
}

static long counts(__u32 i, void *data)
{
	*(__u32 *)data += 1;
	return i == 4;
}

static void a_program_has_a_cpu_and_the_same_random_numbers_each_time(void **state)
{
	(void)state;
	__u32 first = bpf_get_prandom_u32();

	assert_int_not_equal(first, bpf_get_prandom_u32());
	fake_setup(NULL);
	assert_int_equal(bpf_get_prandom_u32(), first);
	assert_int_equal(bpf_get_smp_processor_id(), 0);
	bpf_printk("%u is for nobody here", first);
}

static void a_loop_ends_when_its_function_says_so(void **state)
{
	(void)state;
	__u32 n = 0;

	assert_int_equal(bpf_loop(3, counts, &n, 0), 3);
	assert_int_equal(n, 3);
	assert_int_equal(bpf_loop(100, counts, &n, 0), 5);
	assert_int_equal(n, 8);
}

/* The dispatcher reaches handlers by tail calls alone. */
static void tail_calls_are_followed_in_all_three_phases(void **state)
{
	(void)state;
	/* GETATTR answers, its reply is stored, an event's handler says which name it is about. */
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
	fake_lookup_file(7, "name", 60);
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "other");
	assert_true(answers_lookup(7, "name"));
	fake_remove("event/INVAL_ENTRY");
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "other");
	assert_false(answers_lookup(7, "name"));
	fake_remove("GETATTR");
	assert_false(answers_getattr(42));
	fake_remove("GETATTR/reply");
	fake_getattr_file(43);
	assert_int_equal(fake_stats(FUSE_GETATTR).stores, 1);
}

static void arguments_are_given_as_the_kernel_gives_them(void **state)
{
	(void)state;
	struct fake_req req = req_getattr(42);
	char bytes[64];
	__u64 nodeid = 0;
	__u16 small;

	fake_send(&req);
	assert_int_equal(bpf_extfuse_read_args(&req.ctx, NODEID, &nodeid, sizeof(nodeid)), 0);
	assert_int_equal(nodeid, 42);
	assert_int_equal(bpf_extfuse_read_args(&req.ctx, NODEID, &small, sizeof(small)), -EINVAL);
	/* A larger destination is zeroed behind the argument, and all of it after an error. */
	memset(bytes, 1, sizeof(bytes));
	assert_int_equal(bpf_extfuse_read_args(&req.ctx, IN_PARAM_0_VALUE, bytes, sizeof(bytes)),
			 0);
	assert_int_equal(bytes[sizeof(bytes) - 1], 0);
	memset(bytes, 1, sizeof(bytes));
	assert_int_equal(bpf_extfuse_read_args(&req.ctx, IN_PARAM_0_VALUE, bytes, 8), -E2BIG);
	assert_int_equal(bytes[0], 0);
	assert_int_equal(bpf_extfuse_read_args(&req.ctx, IN_PARAM_1_VALUE, bytes, 8), -EINVAL);
	assert_int_equal(bpf_extfuse_read_args(&req.ctx, OUT_PARAM_0, bytes, 64), -EINVAL);
	assert_int_equal(bpf_extfuse_read_args(&req.ctx, 99, bytes, 8), -EBADRQC);
	assert_int_equal(bpf_extfuse_write_args(&req.ctx, OUT_PARAM_0, bytes, 8), -EINVAL);
	assert_int_equal(bpf_extfuse_write_args(&req.ctx, OUT_PARAM_1, bytes, 8), -EINVAL);
	assert_int_equal(bpf_extfuse_write_args(&req.ctx, OUT_PARAM_0, bytes, 1000), -E2BIG);
}

/* How many steps a run has, of a request that is started by this. */
static unsigned int steps_of_a_hit(void)
{
	struct fake_req req = req_getattr(42);
	unsigned int n = 1;

	fake_start_request(&req);
	while (fake_step())
		n++;
	assert_int_equal(fake_finish(&req), 0);
	return n;
}

static void a_stepped_run_does_what_it_does_at_once(void **state)
{
	(void)state;
	fake_getattr_file(42);
	assert_in_range(steps_of_a_hit(), 5, 1000);
	assert_int_equal(fake_stats(FUSE_GETATTR).hits, 1);
	assert_quiet();
}

static void each_cpu_has_its_own_elements(void **state)
{
	(void)state;
	struct fake_req req = req_getattr(42);
	struct ext_scratch *ours = ext_scratch_get();

	/* The reply of this request holds a section open on the other CPU, while this one has none. */
	fake_send(&req);
	req.out_buf[0].attr = fake_attr(42, 1);
	fake_start_reply(&req, 0);
	while (!ext_inodes[ext_inode_index(42)].busy)
		assert_true(fake_step());
	assert_int_equal(ours->sec.what, 0);
	fake_finish(&req);
	assert_quiet();
	PUT(per_cpu, 0, 5, BPF_ANY);
	assert_int_equal(*GET(per_cpu, 0), 5);
}

/* ---- Interleavings ---- */

/* At every step of a hit a change begins and ends on another CPU. */
static void a_change_between_any_two_steps_of_a_hit_ends_the_row(void **state)
{
	(void)state;
	unsigned int steps, answered = 0;

	fake_getattr_file(42);
	steps = steps_of_a_hit();
	for (unsigned int stop = 0; stop < steps; stop++) {
		struct fake_req req = req_getattr(42);

		fake_getattr_file(42);
		assert_true(answers_getattr(42));
		fake_start_request(&req);
		for (unsigned int i = 0; i < stop; i++)
			fake_step();
		fake_change(req_write(42));
		/* Begun before the change has ended, it may have either answer. */
		if (!fake_finish(&req))
			answered++;
		else
			fake_fail(&req, -EINTR);
		assert_false(answers_getattr(42));
		assert_quiet();
	}
	/* The row is copied before it is checked, so that late changes come too late. */
	assert_in_range(answered, 1, steps - 1);
}

/* At every step of a reply that would be stored a change begins and ends on another CPU. */
static void a_change_between_any_two_steps_of_a_reply_ends_what_is_stored(void **state)
{
	(void)state;
	for (unsigned int stop = 0;; stop++) {
		struct fuse_attr_out old = fake_attr(42, 1), new = fake_attr(42, 2);
		struct fake_req req = req_getattr(42);
		bool goes_on = true;

		assert_int_equal(fake_send(&req), -ENOSYS);
		req.out_buf[0].attr = old;
		fake_start_reply(&req, 0);
		for (unsigned int i = 0; i < stop && goes_on; i++)
			goes_on = fake_step();
		fake_change(req_write(42));
		fake_finish(&req);
		assert_false(answers_getattr(42));
		assert_quiet();
		/* The stripe is none the worse for it. */
		fake_getattr(42, &new);
		assert_true(answers_getattr(42));
		fake_change(req_write(42));
		if (!goes_on)
			return;
	}
}

/* At every step of a change's begin a row is asked for, and a reply comes that is older. */
static void whatever_is_stored_while_a_change_begins_is_not_answered(void **state)
{
	(void)state;
	for (unsigned int stop = 0;; stop++) {
		struct fake_req slow = req_getattr(42), write = req_write(42);
		struct fuse_attr_out old = fake_attr(42, 1);
		bool goes_on = true;

		assert_int_equal(fake_send(&slow), -ENOSYS);
		fake_start_request(&write);
		for (unsigned int i = 0; i < stop && goes_on; i++)
			goes_on = fake_step();
		fake_answer_attr(&slow, &old);
		assert_int_equal(fake_finish(&write), -ENOSYS);
		assert_false(answers_getattr(42));
		fake_answer(&write);
		assert_false(answers_getattr(42));
		assert_quiet();
		if (!goes_on)
			return;
	}
}

/* Of two replies to the same name, whatever their order, the later one's word is not undone. */
static void two_replies_for_a_name_leave_none_that_is_older(void **state)
{
	(void)state;
	for (unsigned int stop = 0;; stop++) {
		struct fake_req one = req_lookup(DIR, "name"), other = req_lookup(DIR, "name");
		bool goes_on = true;

		assert_int_equal(fake_send(&one), -ENOSYS);
		assert_int_equal(fake_send(&other), -ENOSYS);
		one.out_buf[0].entry = fake_entry(50, 1);
		fake_start_reply(&one, 0);
		for (unsigned int i = 0; i < stop && goes_on; i++)
			goes_on = fake_step();
		fake_fail(&other, -ENOENT);
		fake_finish(&one);
		/* They contradict each other, and only the daemon knows which is right. */
		assert_false(answers_lookup(DIR, "name"));
		assert_quiet();
		if (!goes_on)
			return;
	}
}

#define WHY "is about the fakes"
#define STEPS "steps a run"

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test_on_host(a_hash_keeps_what_was_put_until_it_is_full, WHY),
		fake_test_on_host(an_lru_hash_evicts_what_was_not_used_for_longest, WHY),
		fake_test_on_host(limits_and_the_shape_are_those_of_the_test, WHY),
		fake_test_on_host(updates_fail_when_the_test_says_so, WHY),
		fake_test_on_host(all_elements_of_an_array_are_there, WHY),
		fake_test_on_host(a_queue_gives_back_in_order, WHY),
		fake_test_on_host(a_ring_buffer_gives_back_what_was_submitted_in_order, WHY),
		fake_test_on_host(a_lock_is_held_until_it_is_given_back, WHY),
		fake_test_on_host(tail_calls_go_to_the_prog_array_that_they_name, WHY),
		fake_test_on_host(time_passes_when_the_test_says_so, WHY),
		fake_test_on_host(a_program_has_a_cpu_and_the_same_random_numbers_each_time, WHY),
		fake_test_on_host(a_loop_ends_when_its_function_says_so, WHY),
		fake_test(tail_calls_are_followed_in_all_three_phases),
		fake_test_on_host(arguments_are_given_as_the_kernel_gives_them, WHY),
		fake_test_on_host(a_stepped_run_does_what_it_does_at_once, STEPS),
		fake_test_on_host(each_cpu_has_its_own_elements, STEPS),
		fake_test_on_host(a_change_between_any_two_steps_of_a_hit_ends_the_row, STEPS),
		fake_test_on_host(a_change_between_any_two_steps_of_a_reply_ends_what_is_stored,
				  STEPS),
		fake_test_on_host(whatever_is_stored_while_a_change_begins_is_not_answered, STEPS),
		fake_test_on_host(two_replies_for_a_name_leave_none_that_is_older, STEPS),
	};

	return fake_run_tests(tests);
}
