/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* names_test.h - what holds for every request that changes one name in a directory */
#ifndef NAMES_TEST_H
#define NAMES_TEST_H

#include "fakes/fake.h"

/* The directory, a name in it that the request is not about, and its inode. */
#define DIR 7
#define BYSTANDER "bystander"
#define BYSTANDER_NODEID 99

/*
 * From its request to its reply nothing answers for the name, and afterwards
 * only the daemon's next word; other names stay answered; the directory's
 * attributes die. name is "name" in DIR.
 */
static inline void assert_changes_name(struct fake_req req, const char *name)
{
	struct fake_req slow = req_lookup(DIR, name);

	fake_lookup_none(DIR, name);
	fake_lookup_file(DIR, BYSTANDER, BYSTANDER_NODEID);
	fake_getattr_file(DIR);
	assert_true(answers_lookup(DIR, name));
	assert_true(answers_getattr(DIR));

	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_false(answers_lookup(DIR, name));
	assert_false(answers_getattr(DIR));
	assert_true(answers_lookup(DIR, BYSTANDER));
	/* What the daemon says now may be older than the change. */
	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_fail(&slow, -ENOENT);
	assert_false(answers_lookup(DIR, name));

	req.out_buf[0].entry = fake_entry(50, 1);
	fake_answer(&req);
	assert_false(answers_lookup(DIR, name));
	assert_false(answers_getattr(DIR));
	assert_true(answers_lookup(DIR, BYSTANDER));
	assert_quiet();

	fake_lookup_file(DIR, name, 51);
	assert_true(answers_lookup(DIR, name));
}

/* A request that failed may have done its work. */
static inline void assert_changes_name_though_it_fails(struct fake_req req, const char *name)
{
	fake_lookup_none(DIR, name);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, -EINTR);
	assert_false(answers_lookup(DIR, name));
	assert_quiet();
}

/* Without the handler all names of the directory are closed, and no other directory's. */
static inline void assert_coarse_without_handler(struct fake_req req, const char *opcode,
						 const char *name)
{
	fake_remove(opcode);
	fake_lookup_none(DIR, name);
	fake_lookup_file(DIR, BYSTANDER, BYSTANDER_NODEID);
	fake_lookup_file(8, "elsewhere", 98);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_false(answers_lookup(DIR, name));
	assert_false(answers_lookup(DIR, BYSTANDER));
	fake_fail(&req, -EIO);
	assert_false(answers_lookup(DIR, name));
	assert_false(answers_lookup(DIR, BYSTANDER));
	assert_true(answers_lookup(8, "elsewhere"));
	assert_quiet();
}

/* The inode that only the reply names may have had a row: the name existed after all. */
static inline void assert_kills_inode_of_reply(struct fake_req req)
{
	fake_getattr_file(50);
	assert_int_equal(fake_send(&req), -ENOSYS);
	req.out_buf[0].entry = fake_entry(50, 1);
	fake_answer(&req);
	assert_false(answers_getattr(50));
	assert_quiet();
}

/* An inode that the request changes, from its request to its reply. */
static inline void assert_changes_inode(struct fake_req req, __u64 nodeid)
{
	fake_getattr_file(nodeid);
	assert_true(answers_getattr(nodeid));
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_false(answers_getattr(nodeid));
	/* Whatever comes of it: the daemon may have done it before it failed. */
	fake_fail(&req, -EIO);
	assert_false(answers_getattr(nodeid));
	fake_getattr_file(nodeid);
	assert_true(answers_getattr(nodeid));
	assert_quiet();
}

#endif /* NAMES_TEST_H */
