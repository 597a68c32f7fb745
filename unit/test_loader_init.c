// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_init.c - INIT requests read and INIT replies completed, on bytes */
#include <errno.h>
#include <linux/fuse.h>

#include "loader/loader_test.h"

struct request {
	struct fuse_in_header head;
	struct fuse_init_in init;
};

struct reply {
	struct fuse_out_header head;
	struct fuse_init_out init;
};

static struct request make_request(uint64_t flags)
{
	return (struct request){
		.head = { .len = sizeof(struct request), .opcode = FUSE_INIT, .unique = 77 },
		.init = { .major = 7,
			  .minor = 41,
			  .flags = (uint32_t)flags,
			  .flags2 = (uint32_t)(flags >> 32) },
	};
}

/* What a daemon of libfuse 3.14 says. */
static struct reply make_reply(uint64_t flags, size_t size)
{
	return (struct reply){
		.head = { .len = (uint32_t)size, .unique = 77 },
		.init = { .major = 7,
			  .minor = 38,
			  .max_readahead = 1,
			  .flags = (uint32_t)flags,
			  .max_write = 2,
			  .time_gran = 3,
			  .max_pages = 4,
			  .flags2 = (uint32_t)(flags >> 32) },
	};
}

static void test_offers(void **state)
{
	static const struct {
		uint64_t flags;
		bool extfuse, passthrough;
	} cases[] = {
		{ 0, false, false },
		{ FUSE_INIT_EXT, false, false },
		{ FUSE_INIT_EXT | FUSE_FS_EXTFUSE, true, false },
		{ FUSE_INIT_EXT | FUSE_PASSTHROUGH, false, true },
		{ FUSE_INIT_EXT | FUSE_FS_EXTFUSE | FUSE_PASSTHROUGH, true, true },
		/* without FUSE_INIT_EXT the upper half means nothing */
		{ FUSE_FS_EXTFUSE | FUSE_PASSTHROUGH, false, false },
	};

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(cases); i++) {
		struct request in = make_request(cases[i].flags);
		struct ext_init_request request = { 0 };

		assert_true(ext_init_request(&in, sizeof(in), &request));
		assert_int_equal(request.unique, 77);
		assert_int_equal(request.extfuse_offered, cases[i].extfuse);
		assert_int_equal(request.passthrough_offered, cases[i].passthrough);
	}
}

static void test_short_and_other_requests(void **state)
{
	struct request in = make_request(FUSE_INIT_EXT | FUSE_FS_EXTFUSE);
	struct ext_init_request request = { 0 };

	(void)state;
	for (size_t len = 0; len < sizeof(in); len++) {
		char *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, &in, len);

		bool init = ext_init_request(copy, len, &request);

		free(copy);
		assert_int_equal(init, len >= sizeof(in.head));
		if (init && len < offsetof(struct request, init.flags2) + 4)
			assert_false(request.extfuse_offered);
	}
	in.init.major = 6;
	assert_true(ext_init_request(&in, sizeof(in), &request));
	assert_false(request.extfuse_offered);
	in.head.opcode = FUSE_LOOKUP;
	assert_false(ext_init_request(&in, sizeof(in), &request));
}

/* Every combination of offer, wish, FUSE_INIT_EXT and the reply's size. */
static void test_all_combinations(void **state)
{
	static const size_t sizes[] = { 16, 24, 64 };

	(void)state;
	for (unsigned int bits = 0; bits < 32; bits++) {
		bool offer_ext = bits & 1, offer_pass = bits & 2;
		bool want_ext = bits & 4, want_pass = bits & 8, with_ext = bits & 16;

		for (size_t i = 0; i < EXT_ARRAY_SIZE(sizes); i++) {
			const struct ext_init_request request = { 77, offer_ext, offer_pass };
			const struct ext_init_answer answer = { want_ext ? 5 : -1,
								want_pass ? 2 : 0 };
			size_t len = sizeof(struct fuse_out_header) + sizes[i];
			struct reply in = make_reply(with_ext ? FUSE_INIT_EXT | 9 : 9, len);
			struct reply out;
			char *exact = malloc(len);
			char room[EXT_INIT_REPLY_MAX];
			bool attach = offer_ext && want_ext;
			bool pass = offer_pass && want_pass;

			assert_non_null(exact);
			memcpy(exact, &in, len);

			size_t n = ext_init_complete(&request, &answer, exact, len, room);

			free(exact);
			if (!attach && !pass) {
				assert_int_equal(n, 0);
				continue;
			}
			assert_int_equal(n, sizeof(out));
			memcpy(&out, room, sizeof(out));
			assert_int_equal(out.head.len, n);
			assert_int_equal(out.head.unique, 77);
			assert_int_equal(out.init.major, 7);
			assert_int_equal(out.init.minor, 38);
			assert_int_equal(out.init.flags, FUSE_INIT_EXT | 9);
			assert_int_equal(!!(out.init.flags2 & (FUSE_FS_EXTFUSE >> 32)), attach);
			assert_int_equal(!!(out.init.flags2 & (FUSE_PASSTHROUGH >> 32)), pass);
			assert_int_equal(out.init.extfuse_prog_fd, attach ? 5 : 0);
			assert_int_equal(out.init.max_stack_depth, pass ? 2 : 0);
			assert_int_equal(out.init.max_write, sizes[i] >= 24 ? 2 : 0);
			assert_int_equal(out.init.max_pages, sizes[i] >= 64 ? 4 : 0);
		}
	}
}

static void test_replies_left_alone(void **state)
{
	const struct ext_init_request request = { 77, true, true };
	const struct ext_init_answer answer = { 5, 1 };
	struct reply in = make_reply(0, sizeof(in));
	char out[EXT_INIT_REPLY_MAX];
	char large[EXT_INIT_REPLY_MAX + 1] = { 0 };

	(void)state;
	/* too short to carry flags */
	for (size_t len = 0; len < sizeof(in.head) + 16; len++)
		assert_int_equal(ext_init_complete(&request, &answer, &in, len, out), 0);
	in.head.error = -EPROTO;
	assert_int_equal(ext_init_complete(&request, &answer, &in, sizeof(in), out), 0);
	in.head.error = 0;
	in.init.major = 8;
	assert_int_equal(ext_init_complete(&request, &answer, &in, sizeof(in), out), 0);
	in.init.major = 7;
	memcpy(large, &in, sizeof(in));
	assert_int_equal(ext_init_complete(&request, &answer, large, sizeof(large), out), 0);
}

/* Before protocol 7.36 daemons did not know flags2, and sent whatever was there. */
static void test_garbage_in_flags2(void **state)
{
	const struct ext_init_request request = { 77, true, true };
	const struct ext_init_answer answer = { 5, 0 };
	struct reply in = make_reply(0, sizeof(in));
	struct reply out;
	char room[EXT_INIT_REPLY_MAX];

	(void)state;
	in.init.flags2 = UINT32_MAX;
	assert_int_equal(ext_init_complete(&request, &answer, &in, sizeof(in), room), sizeof(out));
	memcpy(&out, room, sizeof(out));
	assert_int_equal(out.init.flags2, FUSE_FS_EXTFUSE >> 32);
}

/* A later libfuse may know a longer reply: what follows is kept. */
static void test_longer_reply(void **state)
{
	const struct ext_init_request request = { 77, true, false };
	const struct ext_init_answer answer = { 5, 0 };
	struct reply in = make_reply(FUSE_INIT_EXT, sizeof(in) + 8);
	char longer[sizeof(in) + 8];
	char out[EXT_INIT_REPLY_MAX];

	(void)state;
	memcpy(longer, &in, sizeof(in));
	memcpy(longer + sizeof(in), "12345678", 8);
	assert_int_equal(ext_init_complete(&request, &answer, longer, sizeof(longer), out),
			 sizeof(longer));
	assert_memory_equal(out + sizeof(in), "12345678", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_short_and_other_requests),
		cmocka_unit_test(test_all_combinations),
		cmocka_unit_test(test_replies_left_alone),
		cmocka_unit_test(test_garbage_in_flags2),
		cmocka_unit_test(test_longer_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
