/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake.h - a kernel and a daemon for BPF programs that run on the host
 *
 * A test makes a request with one call for its opcode (req_lookup(), ...), lets
 * the program see it (fake_send()), and answers it as the daemon would
 * (fake_answer() and its relatives). What happens between the two is the race
 * that the test is about. fake_lookup(), fake_getattr() and their relatives do
 * both: they return true if the program answered, else let the daemon answer.
 *
 * The program is that of a mount: dispatcher, store, all handlers. A handler that
 * was compiled with FAKE_USER=1 takes the place of the built-in one of its opcode
 * as a whole, a policy that is linked that of the default hooks. A test is a mount
 * with one CPU, and a second one for a run that the test steps (fake_start_request()).
 *
 * The same test file is run in two ways: linked with fakes of the helpers, on the
 * host (host.c), and with the kernel that runs the bytecode (bytecode.c), by
 * BPF_PROG_TEST_RUN. There the program's variables are what a test sees of them as
 * long as they have at most 4 KiB. Cases that only the fakes can run are marked
 * (fake_test_on_host()).
 */
#ifndef FAKE_H
#define FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <cmocka.h>

#include <linux/fuse.h>
#include <linux/extfuse.h>

#include "../../policies/policy.h"
#include "../../handlers/coherence.h"

/* A request, and what it carries. ctx is first: programs get its address. */
struct fake_req {
	struct extfuse_req ctx;
	const void *in[3];
	void *out[2];
	unsigned int written;
	/* the program has no use for the reply unless it is an error: fake_answer() does not run it */
	bool quiet;
	__u32 room[2];
	/* the inputs and outputs themselves */
	union {
		struct fuse_entry_out entry;
		struct fuse_attr_out attr;
		struct fuse_statx_out statx;
		char bytes[512];
	} out_buf[2];
	char in_buf[3][512];
};

/* Variables of the sources under test. */
extern __u64 ext_epoch, ext_seq;
extern __u32 ext_attached, ext_generation;
extern EXT_KNOB __u32 ext_fill, ext_one_nodeid, ext_idle;
extern EXT_KNOB __u64 ext_param_atime, ext_replies, ext_events;
extern struct ext_inode_stripe ext_inodes[EXT_STRIPES];
extern struct ext_name_stripe ext_name_stripes[EXT_STRIPES];
extern struct ext_all_stripe ext_all;

/* A case of a test, in its array for fake_run_tests(). */
struct fake_case {
	const char *name;
	const char *host_only; /* why, or NULL */
};

#define FAKE_CASE(function, setup, why) \
	cmocka_unit_test_prestate_setup_teardown(function, setup, fake_teardown, \
						 (&(struct fake_case){ #function, why }))
#define fake_test(function) FAKE_CASE(function, fake_setup, NULL)
/* With a setup function of the test's own, which calls fake_setup(). */
#define fake_test_with(function, setup) FAKE_CASE(function, setup, NULL)
/* A case that the kernel cannot run, and why: what it has to do is listed in docs/testing.md. */
#define fake_test_on_host(function, why) FAKE_CASE(function, fake_setup, why)
#define fake_test_on_host_with(function, setup, why) FAKE_CASE(function, setup, why)

/* What main() returns. */
#define fake_run_tests(tests) \
	fake_run_cases(__BASE_FILE__, tests, sizeof(tests) / sizeof((tests)[0]))
int fake_run_cases(const char *file, const struct CMUnitTest *tests, size_t n);

/* Empty maps, stripes at zero, one second after boot, attached and open. A cmocka setup function. */
int fake_setup(void **state);
/* Check the sums of the statistics and free the maps. */
int fake_teardown(void **state);

void fake_advance(__u64 ns);
/* Hash maps hold so many rows from here on. */
void fake_limit(unsigned int rows);
/* Hash maps behave as LRU_HASH from here on, as under a policy of that shape they do anyway. */
void fake_lru(void);
/*
 * Put a program into a prog array, as user space would; NULL takes it out. In one of the test's own,
 * slots that nobody filled are empty: a tail call into one returns. In ext_progs, the handlers', it
 * takes the place of the handler until the end of the case. On the host alone.
 */
void fake_set_program(const void *prog_array, __u32 slot, fake_program program);
/*
 * Take the oldest record out of a ring buffer, as its reader in user space would: its size, of which
 * at most size bytes are copied. 0: there is none, or the oldest was reserved and not submitted yet.
 * On the host alone.
 */
size_t fake_ring_read(const void *ring_buffer, void *data, size_t size);
/* Updates of hash maps that would succeed fail with error from here on, until it is 0. */
void fake_fail_updates(int error);
/* Reads of this argument fail from here on; -1: none. */
void fake_fail_reads(int arg);
/* Flip a bit in the value of every row, as if it had been copied while somebody wrote. */
void fake_tear_rows(void);
/* The slot is empty from here on, as if the object were not there: "LOOKUP", "LOOKUP/reply", ... */
void fake_remove(const char *section);
/* The slot of a section, without "extfuse/". */
int fake_slot(const char *section);
/* Rows in all maps of names and attributes. */
unsigned int fake_rows(void);

/*
 * Requests, one for each opcode, with the inputs that the kernel sends and room for the outputs that
 * it expects. What the kernel holds in pages (names and contents that READ, READDIR, READDIRPLUS,
 * READLINK and IOCTL bring) has a size here and no bytes; the contents that WRITE sends are left out.
 */
struct fake_req req_lookup(__u64 parent, const char *name);
struct fake_req req_getattr(__u64 nodeid);
struct fake_req req_statx(__u64 nodeid);
struct fake_req req_create(__u64 parent, const char *name);
struct fake_req req_mknod(__u64 parent, const char *name);
struct fake_req req_mkdir(__u64 parent, const char *name);
struct fake_req req_symlink(__u64 parent, const char *name, const char *target);
struct fake_req req_link(__u64 nodeid, __u64 parent, const char *name);
struct fake_req req_unlink(__u64 parent, const char *name, __u64 victim);
struct fake_req req_rmdir(__u64 parent, const char *name, __u64 victim);
struct fake_req req_rename(__u64 parent, const char *name, __u64 newdir, const char *newname,
			   __u64 moved, __u64 replaced);
struct fake_req req_rename2(__u64 parent, const char *name, __u64 newdir, const char *newname,
			    __u64 moved, __u64 replaced, __u32 flags);
struct fake_req req_tmpfile(__u64 parent);
struct fake_req req_open(__u64 nodeid, __u32 flags);
struct fake_req req_read(__u64 nodeid, __u64 offset, __u32 size);
struct fake_req req_write(__u64 nodeid);
struct fake_req req_setattr(__u64 nodeid);
struct fake_req req_copy_file_range(__u64 nodeid_in, __u64 nodeid_out);
struct fake_req req_readdirplus(__u64 nodeid);
struct fake_req req_getxattr(__u64 nodeid, const char *name, __u32 size);
struct fake_req req_listxattr(__u64 nodeid, __u32 size);
struct fake_req req_setxattr(__u64 nodeid, const char *name, const char *value);
struct fake_req req_removexattr(__u64 nodeid, const char *name);
struct fake_req req_access(__u64 nodeid, __u32 mask);
struct fake_req req_statfs(__u64 nodeid);
struct fake_req req_readlink(__u64 nodeid);
/* flags: enum extfuse_req_flags, EXTFUSE_F_READER if the file was opened for reading only */
struct fake_req req_flush(__u64 nodeid, __u32 flags);
struct fake_req req_release(__u64 nodeid, __u32 flags);
struct fake_req req_releasedir(__u64 nodeid);
/* datasync: 1 if attributes may wait, as fdatasync() says */
struct fake_req req_fsync(__u64 nodeid, int datasync);
struct fake_req req_fsyncdir(__u64 nodeid, int datasync);
struct fake_req req_syncfs(__u64 nodeid);
struct fake_req req_fallocate(__u64 nodeid, __u32 mode, __u64 offset, __u64 length);
struct fake_req req_opendir(__u64 nodeid, __u32 flags);
struct fake_req req_readdir(__u64 nodeid, __u64 offset, __u32 size);
struct fake_req req_lseek(__u64 nodeid, __u64 offset, __u32 whence);
struct fake_req req_getlk(__u64 nodeid, const struct fuse_file_lock *lock);
struct fake_req req_setlk(__u64 nodeid, const struct fuse_file_lock *lock);
struct fake_req req_setlkw(__u64 nodeid, const struct fuse_file_lock *lock);
struct fake_req req_poll(__u64 nodeid, __u32 events);
struct fake_req req_bmap(__u64 nodeid, __u64 block, __u32 blocksize);
/* cmd says how many bytes it takes and brings (_IOC_DIR, _IOC_SIZE of asm-generic/ioctl.h) */
struct fake_req req_ioctl(__u64 nodeid, __u32 cmd);
/* Any other opcode: no inputs, no outputs. */
struct fake_req req_plain(__u32 opcode, __u64 nodeid);

/*
 * Run the program; its return value after the kernel's rules, -ENOSYS if the daemon is
 * to be asked (req->quiet tells how the program said so). An answer that the
 * kernel would not take (no outputs, an opcode that may not be answered, a number
 * that is no error) fails the test, or after fake_tolerate() is -ENOSYS, as then
 * the daemon is asked; fake_refused() counts them. Whether the outputs make sense
 * (a valid mode, a live inode) only the kernel itself checks.
 */
int fake_send(struct fake_req *req);
void fake_tolerate(void);
unsigned int fake_refused(void);
/* The daemon's answer: the outputs are in req->out_buf. */
void fake_answer(struct fake_req *req);
void fake_fail(struct fake_req *req, int error);
void fake_answer_entry(struct fake_req *req, const struct fuse_entry_out *entry);
void fake_answer_attr(struct fake_req *req, const struct fuse_attr_out *attr);
/* A reply with a variable last output of so many bytes (READ, GETXATTR). */
void fake_answer_bytes(struct fake_req *req, const void *bytes, __u32 size);

/*
 * A run on another CPU, stepped by the test, while fake_send() and all others run on
 * the first one: on the host only. It stops before each call of a helper and behind each
 * atomic operation and barrier of coherence.h. There may be one at a time.
 * fake_step() runs it to its next stop; false: it has ended. fake_finish() runs the
 * rest and returns what fake_send() would.
 */
void fake_start_request(struct fake_req *req);
void fake_start_reply(struct fake_req *req, int error);
bool fake_step(void);
int fake_finish(struct fake_req *req);

/* What the daemon says of a file, by default valid for 10 s, mode 0644, nlink 1. */
struct fuse_entry_out fake_entry(__u64 nodeid, __u64 size);
struct fuse_attr_out fake_attr(__u64 nodeid, __u64 size);

/* Ask for a name or attributes; the daemon answers with these if the program does not. */
bool fake_lookup(__u64 parent, const char *name, const struct fuse_entry_out *entry);
bool fake_getattr(__u64 nodeid, const struct fuse_attr_out *attr);
/* As these, with a default answer. */
bool fake_lookup_file(__u64 parent, const char *name, __u64 nodeid);
bool fake_getattr_file(__u64 nodeid);
/* The daemon says ENOENT if the program does not know. */
bool fake_lookup_none(__u64 parent, const char *name);

/*
 * Ask for an extended attribute, or the list of their names, with room for 256 bytes; the daemon
 * says that it has this value (NULL: ENODATA) if the program does not answer.
 */
bool fake_getxattr(__u64 nodeid, const char *name, const char *value);
bool fake_listxattr(__u64 nodeid, const char *list, __u32 size);

/* Would the program answer? Changes nothing but counters: no reply follows. */
bool answers_lookup(__u64 parent, const char *name);
bool answers_getattr(__u64 nodeid);
bool answers_getxattr(__u64 nodeid, const char *name);
bool answers_listxattr(__u64 nodeid);

/* No stripe is busy: all that began has ended. */
void assert_quiet(void);

/* A change, from its request to its reply. */
void fake_change(struct fake_req req);

/* Events; the program does not run for those that it does not want to see, as it said at its attach. */
bool fake_wants(__u32 event);
void fake_forget(__u64 nodeid);
void fake_inval_attr(__u64 nodeid, __u32 mask);
void fake_direntplus(const struct fake_req *readdirplus, const char *name,
		     const struct fuse_entry_out *entry);
void fake_event(__u32 event, __u64 nodeid, __u64 child, const char *name);

/* The daemon's fills and invalidations; the program's return value. */
int fake_fill_attr(__u64 token, __u64 nodeid, const struct fuse_entry_out *entry);
int fake_fill_entry(__u64 token, __u64 parent, const char *name,
		    const struct fuse_entry_out *entry);
int fake_fill_negative(__u64 token, __u64 parent, const char *name);
int fake_inval_inode(__u64 nodeid);
int fake_inval_entry(__u64 parent, const char *name);

/* A lease's token as of now; its grant for so long from now, and its revocation. */
__u64 fake_lease_begin(void);
int fake_lease_grant(__u64 token, __u64 nodeid, __u64 ns);
int fake_lease_revoke(__u64 nodeid);

/* Statistics of an opcode; that the sum is right is checked on each call. */
struct ext_op_stats fake_stats(__u32 opcode);

#endif /* FAKE_H */
