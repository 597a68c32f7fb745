/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * opcodes.h - what each request carries and each reply brings, by its name
 * instead of by the number of an argument
 *
 * For an opcode, in lower case:
 *
 *	ext_OPCODE_in(ctx, &in)		the input structure; any phase
 *	ext_OPCODE_name(ctx, &name)	the name that the request is about, in the
 *					directory or inode ctx->nodeid; any phase
 *	ext_OPCODE_text(ctx, text)	the bytes of that name with its NUL, in a buffer of
 *					EXT_NAME_LONG bytes that is not on the stack,
 *					such as a map's value; any phase
 *	ext_OPCODE_out(ctx, &out)	the daemon's answer; in EXT_REPLY, when
 *					ctx->error is 0
 *	ext_OPCODE_answer(ctx, &out)	the answer is this; in EXT_REQUEST, to be
 *					followed by ext_hit()
 *
 * All of them return 0 or a negative errno. After an error what was asked for is
 * not to be used: in EXT_REQUEST return ext_miss(ctx, EXT_MISS_ERROR). They may be
 * called any number of times and touch nothing but what they are given, which
 * lies on the program's stack of 512 bytes: a struct ext_name takes 56 of them.
 *
 * opcode		_in (struct)		_name	_out, _answer (struct)
 * LOOKUP		-			name	fuse_entry_out
 * GETATTR		fuse_getattr_in		-	fuse_attr_out
 * STATX		fuse_statx_in		-	fuse_statx_out
 * GETXATTR		fuse_getxattr_in	name	see below
 * LISTXATTR		fuse_getxattr_in	-	see below
 * ACCESS		fuse_access_in		-	nothing: ext_hit() alone
 * STATFS		-			-	fuse_statfs_out
 *
 * opcode		_in (struct)		_name	_out (struct)
 * SETATTR		fuse_setattr_in		-	fuse_attr_out
 * CREATE		fuse_create_in		name	fuse_entry_out
 * TMPFILE		fuse_create_in		-	fuse_entry_out
 * MKNOD		fuse_mknod_in		name	fuse_entry_out
 * MKDIR		fuse_mkdir_in		name	fuse_entry_out
 * SYMLINK		-			name	fuse_entry_out
 * LINK			fuse_link_in		name	fuse_entry_out
 * UNLINK, RMDIR	-			name	-
 * RENAME, RENAME2	struct ext_rename: ext_rename_in(), ext_rename2_in();
 *			ext_rename_from_text(), ext_rename_to_text() for both
 * OPEN, OPENDIR	fuse_open_in		-	fuse_open_out
 * READ, READDIR,
 * READDIRPLUS		fuse_read_in		-	ctx->out_size[0] bytes, in pages
 * WRITE		fuse_write_in		-	fuse_write_out
 * COPY_FILE_RANGE	fuse_copy_file_range_in	-	fuse_write_out
 * RELEASE, RELEASEDIR	fuse_release_in		-	-
 * FLUSH		fuse_flush_in		-	-
 * FSYNC, FSYNCDIR	fuse_fsync_in		-	-
 * FALLOCATE		fuse_fallocate_in	-	-
 * SETXATTR		fuse_setxattr_in	name	-
 * REMOVEXATTR		-			name	-
 * GETLK, SETLK, SETLKW	fuse_lk_in		-	fuse_lk_out (GETLK)
 * LSEEK		fuse_lseek_in		-	fuse_lseek_out
 * BMAP			fuse_bmap_in		-	fuse_bmap_out
 * IOCTL		fuse_ioctl_in		-	fuse_ioctl_out
 * POLL			fuse_poll_in		-	fuse_poll_out
 * SYNCFS		fuse_syncfs_in		-	-
 * READLINK		-			-	ctx->out_size[0] bytes, in pages
 *
 * event		in EXT_EVENT
 * DIRENTPLUS		ext_direntplus_name(); the entry is ext_told_entry()
 * INVAL_ENTRY		ext_inval_entry_name()
 * EXPIRE, DELETE	ext_expire_name(), ext_delete_name()
 * FORGET		ext_forget_count(ctx, &nlookup)
 * INVAL_ATTR		ext_inval_attr_mask(ctx, &mask): STATX_* that became stale; where rows are
 *			kept not for STATX_ATIME and STATX_BLOCKS alone, which requests tell
 */
#ifndef EXT_OPCODES_H
#define EXT_OPCODES_H

#include "handler.h"

/* linux/fuse.h names the numbers, these the types; errors are those of the helper. */
static __always_inline int ext_read_(struct extfuse_req *ctx, const int arg, void *dst,
				     const __u32 size)
{
	long err = bpf_extfuse_read_args(ctx, arg, dst, size);

	return err < 0 ? (int)err : 0;
}

static __always_inline int ext_write_(struct extfuse_req *ctx, const int arg, const void *src,
				      const __u32 size)
{
	long err = bpf_extfuse_write_args(ctx, arg, src, size);

	return err < 0 ? (int)err : 0;
}

#define EXT_IN_(opcode, type) \
	static __always_inline int ext_##opcode##_in(struct extfuse_req *ctx, struct type *in) \
	{ \
		return ext_read_(ctx, IN_PARAM_0_VALUE, in, sizeof(*in)); \
	}

#define EXT_NAME_(what, which) \
	static __always_inline int ext_##what##_name(struct extfuse_req *ctx, \
						     struct ext_name *name) \
	{ \
		return ext_name_read(ctx, ctx->nodeid, which, name); \
	} \
	static __always_inline int ext_##what##_text(struct extfuse_req *ctx, char *text) \
	{ \
		return ext_read_(ctx, IN_PARAM_##which##_VALUE, text, EXT_NAME_LONG); \
	}

#define EXT_OUT_(opcode, type) \
	static __always_inline int ext_##opcode##_out(struct extfuse_req *ctx, struct type *out) \
	{ \
		return ext_read_(ctx, OUT_PARAM_0, out, sizeof(*out)); \
	}

#define EXT_ANSWER_(opcode, type) \
	static __always_inline int ext_##opcode##_answer(struct extfuse_req *ctx, \
							 const struct type *out) \
	{ \
		return ext_write_(ctx, OUT_PARAM_0, out, sizeof(*out)); \
	}

/* clang-format off */
EXT_IN_(access, fuse_access_in)
EXT_IN_(bmap, fuse_bmap_in)
EXT_IN_(copy_file_range, fuse_copy_file_range_in)
EXT_IN_(create, fuse_create_in)
EXT_IN_(fallocate, fuse_fallocate_in)
EXT_IN_(flush, fuse_flush_in)
EXT_IN_(fsync, fuse_fsync_in)
EXT_IN_(fsyncdir, fuse_fsync_in)
EXT_IN_(getattr, fuse_getattr_in)
EXT_IN_(getlk, fuse_lk_in)
EXT_IN_(getxattr, fuse_getxattr_in)
EXT_IN_(ioctl, fuse_ioctl_in)
EXT_IN_(link, fuse_link_in)
EXT_IN_(listxattr, fuse_getxattr_in)
EXT_IN_(lseek, fuse_lseek_in)
EXT_IN_(mkdir, fuse_mkdir_in)
EXT_IN_(mknod, fuse_mknod_in)
EXT_IN_(open, fuse_open_in)
EXT_IN_(opendir, fuse_open_in)
EXT_IN_(poll, fuse_poll_in)
EXT_IN_(read, fuse_read_in)
EXT_IN_(readdir, fuse_read_in)
EXT_IN_(readdirplus, fuse_read_in)
EXT_IN_(release, fuse_release_in)
EXT_IN_(releasedir, fuse_release_in)
EXT_IN_(setattr, fuse_setattr_in)
EXT_IN_(setlk, fuse_lk_in)
EXT_IN_(setlkw, fuse_lk_in)
EXT_IN_(setxattr, fuse_setxattr_in)
EXT_IN_(statx, fuse_statx_in)
EXT_IN_(syncfs, fuse_syncfs_in)
EXT_IN_(tmpfile, fuse_create_in)
EXT_IN_(write, fuse_write_in)

EXT_NAME_(create, 1)
EXT_NAME_(getxattr, 1)
EXT_NAME_(link, 1)
EXT_NAME_(lookup, 0)
EXT_NAME_(mkdir, 1)
EXT_NAME_(mknod, 1)
EXT_NAME_(removexattr, 0)
EXT_NAME_(rmdir, 0)
EXT_NAME_(setxattr, 1)
EXT_NAME_(symlink, 0)
EXT_NAME_(unlink, 0)
EXT_NAME_(direntplus, 1)
EXT_NAME_(inval_entry, 0)
EXT_NAME_(expire, 0)
EXT_NAME_(delete, 0)

EXT_OUT_(bmap, fuse_bmap_out)
EXT_OUT_(copy_file_range, fuse_write_out)
EXT_OUT_(create, fuse_entry_out)
EXT_OUT_(getattr, fuse_attr_out)
EXT_OUT_(getlk, fuse_lk_out)
EXT_OUT_(ioctl, fuse_ioctl_out)
EXT_OUT_(link, fuse_entry_out)
EXT_OUT_(lookup, fuse_entry_out)
EXT_OUT_(lseek, fuse_lseek_out)
EXT_OUT_(mkdir, fuse_entry_out)
EXT_OUT_(mknod, fuse_entry_out)
EXT_OUT_(open, fuse_open_out)
EXT_OUT_(opendir, fuse_open_out)
EXT_OUT_(poll, fuse_poll_out)
EXT_OUT_(setattr, fuse_attr_out)
EXT_OUT_(statfs, fuse_statfs_out)
EXT_OUT_(statx, fuse_statx_out)
EXT_OUT_(symlink, fuse_entry_out)
EXT_OUT_(tmpfile, fuse_entry_out)
EXT_OUT_(write, fuse_write_out)

EXT_ANSWER_(getattr, fuse_attr_out)
EXT_ANSWER_(lookup, fuse_entry_out)
EXT_ANSWER_(statfs, fuse_statfs_out)
EXT_ANSWER_(statx, fuse_statx_out)
/* clang-format on */

/* ---- RENAME and RENAME2 ---- */

struct ext_rename {
	struct ext_name from; /* from.parent is the directory that loses the name */
	struct ext_name to;   /* to.parent the one that gains it */
	__u32 flags;	      /* RENAME2: RENAME_NOREPLACE, _EXCHANGE, _WHITEOUT (linux/fs.h) */
};

/* What moves is ctx->child[0], what is replaced or exchanged ctx->child[1], 0 if nothing. */
static __always_inline int ext_rename2_in(struct extfuse_req *ctx, struct ext_rename *rename)
{
	/* RENAME's structure is the beginning of RENAME2's; what is missing is zero. */
	struct fuse_rename2_in in;
	int err = ext_read_(ctx, IN_PARAM_0_VALUE, &in, sizeof(in));

	if (err)
		return err;
	rename->flags = in.flags;
	err = ext_name_read(ctx, ctx->nodeid, 1, &rename->from);
	if (err)
		return err;
	return ext_name_read(ctx, in.newdir, 2, &rename->to);
}

static __always_inline int ext_rename_in(struct extfuse_req *ctx, struct ext_rename *rename)
{
	return ext_rename2_in(ctx, rename);
}

static __always_inline int ext_rename_from_text(struct extfuse_req *ctx, char *text)
{
	return ext_read_(ctx, IN_PARAM_1_VALUE, text, EXT_NAME_LONG);
}

static __always_inline int ext_rename_to_text(struct extfuse_req *ctx, char *text)
{
	return ext_read_(ctx, IN_PARAM_2_VALUE, text, EXT_NAME_LONG);
}

/* ---- GETXATTR and LISTXATTR ---- */

/*
 * in.size is the room that the caller has, in bytes; 0: it asks for the size
 * alone, and is answered with ext_xattr_size_answer(). Otherwise the answer is at
 * most that many bytes; a value that is longer is the error -ERANGE.
 */
static __always_inline int ext_xattr_answer(struct extfuse_req *ctx, const struct ext_xattr *xattr)
{
	__u32 size = xattr->size;

	/* The verifier wants to see it. */
	if (size > EXT_XATTR_MAX)
		return -E2BIG;
	return ext_write_(ctx, OUT_PARAM_0, xattr->value, size);
}

static __always_inline int ext_xattr_size_answer(struct extfuse_req *ctx, __u32 size)
{
	struct fuse_getxattr_out out = { .size = size };

	return ext_write_(ctx, OUT_PARAM_0, &out, sizeof(out));
}

/* The daemon's value or list, in EXT_REPLY: -E2BIG if it is longer than EXT_XATTR_MAX. */
static __always_inline int ext_xattr_out(struct extfuse_req *ctx, struct ext_xattr *xattr)
{
	xattr->reserved = 0;
	xattr->size = ctx->out_size[0];
	return ext_read_(ctx, OUT_PARAM_0, xattr->value, sizeof(xattr->value));
}

/* The daemon's answer to who asked for the size alone, in EXT_REPLY. */
static __always_inline int ext_xattr_size_out(struct extfuse_req *ctx,
					      struct fuse_getxattr_out *out)
{
	return ext_read_(ctx, OUT_PARAM_0, out, sizeof(*out));
}

/* ---- Events ---- */

/* How many lookups the FORGET gives back. */
static __always_inline int ext_forget_count(struct extfuse_req *ctx, __u64 *nlookup)
{
	return ext_read_(ctx, IN_PARAM_0_VALUE, nlookup, sizeof(*nlookup));
}

/* Which attributes became stale: STATX_* (linux/stat.h). */
static __always_inline int ext_inval_attr_mask(struct extfuse_req *ctx, __u32 *mask)
{
	return ext_read_(ctx, IN_PARAM_0_VALUE, mask, sizeof(*mask));
}

#endif /* EXT_OPCODES_H */
