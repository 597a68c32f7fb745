// SPDX-License-Identifier: LGPL-2.1-or-later
/* fill.c - rows, invalidations and leases from the daemon, applied by a program under the policy */
#include <errno.h>
#include <linux/extfuse.h>
#include <linux/fuse.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "internal.h"

#define NAME_SIZE 256

/* Inputs of one run of the fill program, back to back. */
struct run {
	struct extfuse_req ctx;
	char data[sizeof(struct ext_fill) + sizeof(struct fuse_entry_out) + NAME_SIZE];
	size_t len;
};

static void add_input(struct run *run, const void *data, size_t size)
{
	memcpy(run->data + run->len, data, size);
	run->len += size;
	run->ctx.in_size[run->ctx.in_numargs++] = (__u32)size;
}

static void begin_run(struct run *run, enum ext_fill_op op, uint64_t token, uint64_t nodeid)
{
	const struct ext_fill fill = { .op = op, .token = token };

	memset(run, 0, sizeof(*run));
	run->ctx.nodeid = nodeid;
	run->ctx.phase = EXTFUSE_EVENT;
	add_input(run, &fill, sizeof(fill));
}

static int add_name(struct run *run, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (!len)
		return -EINVAL;
	if (len >= NAME_SIZE)
		return -ENAMETOOLONG;
	add_input(run, name, len + 1);
	return 0;
}

/* Returns what the program returned, 0 or a negative errno, in *result. */
static int do_run(const struct extfuse *ext, struct run *run, int *result)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &run->ctx, .ctx_size_in = sizeof(run->ctx),
		    .data_in = run->data, .data_size_in = (__u32)run->len);

	if (!ext || !ext->loaded || ext->fill_fd < 0)
		return -ENOTCONN;
	if (bpf_prog_test_run_opts(ext->fill_fd, &opts))
		return -errno;
	*result = (int)opts.retval;
	return 0;
}

/* A refused row costs an answer and nothing else; statistics tell. */
static int run_fill(const struct extfuse *ext, struct run *run)
{
	int result;

	return do_run(ext, run, &result);
}

/* A lost invalidation, or a lease that is not in force, is an error that the daemon must hear of. */
static int run_order(const struct extfuse *ext, struct run *run)
{
	int result = 0;
	int err = do_run(ext, run, &result);

	return err ? err : result;
}

/* As libfuse does it, so that both ways to fill agree. */
static void split_timeout(double t, uint64_t *sec, uint32_t *nsec)
{
	if (!(t > 0.0)) {
		*sec = 0;
		*nsec = 0;
	} else if (t >= (double)UINT64_MAX) {
		*sec = UINT64_MAX;
		*nsec = 0;
	} else {
		double frac;

		*sec = (uint64_t)t;
		frac = t - (double)*sec;
		*nsec = frac >= 0.999999999 ? 999999999 : (uint32_t)(frac * 1.0e9);
	}
}

static void stat_to_attr(const struct stat *st, struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
		.atime = (uint64_t)st->st_atim.tv_sec,
		.mtime = (uint64_t)st->st_mtim.tv_sec,
		.ctime = (uint64_t)st->st_ctim.tv_sec,
		.atimensec = (uint32_t)st->st_atim.tv_nsec,
		.mtimensec = (uint32_t)st->st_mtim.tv_nsec,
		.ctimensec = (uint32_t)st->st_ctim.tv_nsec,
		.mode = st->st_mode,
		.nlink = (uint32_t)st->st_nlink,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.rdev = (uint32_t)st->st_rdev,
		.blksize = (uint32_t)st->st_blksize,
	};
}

uint64_t extfuse_fill_begin(struct extfuse *ext)
{
	return ext && ext->seq ? __atomic_load_n(ext->seq, __ATOMIC_SEQ_CST) : 0;
}

int extfuse_fill_attr(struct extfuse *ext, uint64_t token, uint64_t nodeid, const struct stat *st,
		      double attr_timeout)
{
	struct fuse_entry_out out = { .nodeid = nodeid };
	struct run run;

	if (!st)
		return -EINVAL;
	stat_to_attr(st, &out.attr);
	split_timeout(attr_timeout, &out.attr_valid, &out.attr_valid_nsec);
	begin_run(&run, EXT_FILL_ATTR, token, nodeid);
	add_input(&run, &out, sizeof(out));
	return run_fill(ext, &run);
}

int extfuse_fill_entry(struct extfuse *ext, uint64_t token, uint64_t parent, const char *name,
		       uint64_t nodeid, uint64_t generation, const struct stat *st,
		       double attr_timeout, double entry_timeout)
{
	struct fuse_entry_out out = { .nodeid = nodeid, .generation = generation };
	struct run run;

	if (!st || !nodeid)
		return -EINVAL;
	stat_to_attr(st, &out.attr);
	split_timeout(attr_timeout, &out.attr_valid, &out.attr_valid_nsec);
	split_timeout(entry_timeout, &out.entry_valid, &out.entry_valid_nsec);
	begin_run(&run, EXT_FILL_ENTRY, token, parent);
	add_input(&run, &out, sizeof(out));

	int err = add_name(&run, name);

	return err ? err : run_fill(ext, &run);
}

int extfuse_fill_negative(struct extfuse *ext, uint64_t token, uint64_t parent, const char *name,
			  double entry_timeout)
{
	struct fuse_entry_out out = { 0 };
	struct run run;

	split_timeout(entry_timeout, &out.entry_valid, &out.entry_valid_nsec);
	begin_run(&run, EXT_FILL_NEGATIVE, token, parent);
	add_input(&run, &out, sizeof(out));

	int err = add_name(&run, name);

	return err ? err : run_fill(ext, &run);
}

int extfuse_inval_inode(struct extfuse *ext, uint64_t nodeid)
{
	struct run run;

	begin_run(&run, EXT_INVAL_INODE, 0, nodeid);
	return run_order(ext, &run);
}

int extfuse_inval_entry(struct extfuse *ext, uint64_t parent, const char *name)
{
	struct run run;

	begin_run(&run, EXT_INVAL_ENTRY, 0, parent);

	int err = add_name(&run, name);

	return err ? err : run_order(ext, &run);
}

int extfuse_lease_begin(struct extfuse *ext, struct extfuse_lease *lease)
{
	struct timespec now;

	if (!lease)
		return -EINVAL;
	if (!ext || !ext->seq)
		return -ENOTCONN;
	/* The earlier end of a lease is the safe one: the clock comes first. */
	if (clock_gettime(CLOCK_BOOTTIME, &now))
		return -errno;
	lease->start = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	lease->token = extfuse_fill_begin(ext) | EXT_TOKEN_LEASE;
	return 0;
}

int extfuse_lease_grant(struct extfuse *ext, const struct extfuse_lease *lease, uint64_t nodeid,
			uint64_t duration)
{
	struct run run;
	uint64_t until;

	if (!lease || !nodeid || !(lease->token & EXT_TOKEN_LEASE))
		return -EINVAL;
	if (__builtin_add_overflow(lease->start, duration, &until))
		until = UINT64_MAX;
	begin_run(&run, EXT_LEASE_GRANT, lease->token, nodeid);
	add_input(&run, &until, sizeof(until));
	return run_order(ext, &run);
}

int extfuse_lease_revoke(struct extfuse *ext, uint64_t nodeid)
{
	struct run run;

	if (!nodeid)
		return -EINVAL;
	begin_run(&run, EXT_LEASE_REVOKE, 0, nodeid);
	return run_order(ext, &run);
}
