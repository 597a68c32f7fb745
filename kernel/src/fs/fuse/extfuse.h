/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * extfuse.h - what the FUSE driver calls so that BPF programs can answer and
 * observe its requests
 *
 * Everything here compiles to nothing without CONFIG_EXTFUSE.
 */
#ifndef _FS_FUSE_EXTFUSE_H
#define _FS_FUSE_EXTFUSE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/extfuse.h>
#include <linux/posix_acl.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct bpf_prog;
struct file;
struct fuse_args;
struct fuse_conn;
struct fuse_entry_out;
struct fuse_in_header;
struct fuse_init_out;
struct fuse_mount;
struct inode;
struct mnt_idmap;
struct super_block;

#ifdef CONFIG_EXTFUSE

/* Per connection state, embedded in struct fuse_conn */
struct extfuse_conn {
	/* Set once, by the INIT reply; cleared when the connection is freed */
	struct bpf_prog __rcu *prog;

	/* Negative error of a refused attach, or 0 */
	int error;

	/*
	 * Events that the program does not want to see, a bit each, and STATX_*
	 * that are no event by themselves.  Set after the attach and before any
	 * request is sent.
	 */
	u32 unwanted_events;
	u32 unwanted_attrs;

	/*
	 * Number of FORGETs and dropped backing files so far.  Raised after
	 * the program saw the event and before it takes effect, see
	 * extfuse_live_inode().
	 */
	atomic64_t forgets ____cacheline_aligned_in_smp;

	/* Answers that the kernel's own rules refused */
	atomic64_t refused;
};

/* Per request state, embedded in struct fuse_args */
struct extfuse_args {
	/* What the program left in its cookie at EXTFUSE_REQUEST */
	u64 cookie[2];

	/* Nodeids of other inodes that the request changes */
	u64 child[2];

	/* Inode that an answer has to fit, or NULL */
	const struct inode *inode;

	/* How often attributes of it became invalid before the program ran */
	int invals;

	/* Requester's ids as the server sees them */
	u32 uid;
	u32 gid;
	u32 pid;

	/* The program saw EXTFUSE_REQUEST, and is owed an EXTFUSE_REPLY */
	bool seen:1;

	/* With seen: only if the request fails */
	bool quiet:1;

	/* The program gave the answer, and the server was not asked */
	bool answered:1;

	/* The server has to see this request */
	bool must_ask:1;

	/* LOOKUP: an answer of the program is not counted as the server's are */
	bool uncounted:1;

	/* FLUSH, RELEASE: the file was opened for reading only */
	bool reader:1;

	/* INIT: the reply was written with other credentials than the opener's */
	bool foreign_writer:1;
};

bool extfuse_request(struct mnt_idmap *idmap, struct fuse_mount *fm,
		     struct fuse_args *args, ssize_t *res);
void extfuse_observe(struct fuse_conn *fc, struct fuse_args *args,
		     const struct fuse_in_header *in);
void extfuse_reply(struct fuse_conn *fc, struct fuse_args *args,
		   const struct fuse_in_header *in, int error);
struct inode *extfuse_live_inode(struct super_block *sb,
				 const struct fuse_entry_out *entry,
				 u64 forgets);

void extfuse_forget(struct fuse_conn *fc, u64 nodeid, u64 nlookup);
void extfuse_inval_attr(struct inode *inode, u32 mask);
void extfuse_direntplus(struct fuse_conn *fc, struct fuse_args *args,
			void *buf, size_t nbytes);
void extfuse_notify_inode(struct fuse_conn *fc, u32 event, u64 nodeid);
void extfuse_notify_entry(struct fuse_conn *fc, u32 event, u64 parent,
			  u64 child, const char *name, u32 namelen);
void extfuse_backing_gone(struct inode *inode);

u64 extfuse_init_flags(struct fuse_conn *fc);
void extfuse_init_reply(struct fuse_mount *fm, struct fuse_args *args,
			u64 flags, const struct fuse_init_out *out);
bool extfuse_foreign_writer(const struct file *file);
void extfuse_conn_free(struct fuse_conn *fc);

s64 extfuse_state(struct fuse_conn *fc);

#else /* CONFIG_EXTFUSE */

/* Not functions: even an empty one moves the compiler to other choices */
#define extfuse_attached(fc)	(sizeof(fc) == 0)
#define extfuse_answered(args)	(sizeof(args) == 0)
#define extfuse_forget_acls(inode) \
	forget_all_cached_acls(inode)
#define extfuse_inval_since(args, inode) \
	(sizeof(args) == 0 || sizeof(inode) == 0)
#define extfuse_backing_mapped(inode) \
	((void)sizeof(inode))
#define extfuse_set_child(args, i, inode) \
	((void)sizeof(args), (void)sizeof(i), (void)sizeof(inode))
#define extfuse_init_args(args) \
	((void)sizeof(args))
#define extfuse_set_reader(args, flags) \
	((void)sizeof(args), (void)sizeof(flags))
#define extfuse_set_inode(args, inode, ask) \
	((void)sizeof(args), (void)sizeof(inode), (void)sizeof(ask))
#define extfuse_set_lookup(args, inode, ask) \
	((void)sizeof(args), (void)sizeof(inode), (void)sizeof(ask))

static inline u64 extfuse_forgets(const struct fuse_conn *fc)
{
	return 0;
}

static inline bool extfuse_seen(const struct fuse_args *args)
{
	return true;
}

static inline void extfuse_set_seen(struct fuse_args *args)
{
}

static inline bool extfuse_request(struct mnt_idmap *idmap,
				   struct fuse_mount *fm,
				   struct fuse_args *args, ssize_t *res)
{
	return false;
}

static inline void extfuse_observe(struct fuse_conn *fc, struct fuse_args *args,
				   const struct fuse_in_header *in)
{
}

static inline void extfuse_reply(struct fuse_conn *fc, struct fuse_args *args,
				 const struct fuse_in_header *in, int error)
{
}

static inline struct inode *
extfuse_live_inode(struct super_block *sb, const struct fuse_entry_out *entry,
		   u64 forgets)
{
	return NULL;
}

static inline void extfuse_forget(struct fuse_conn *fc, u64 nodeid, u64 nlookup)
{
}

static inline void extfuse_inval_attr(struct inode *inode, u32 mask)
{
}

static inline void extfuse_direntplus(struct fuse_conn *fc,
				      struct fuse_args *args, void *buf,
				      size_t nbytes)
{
}

static inline void extfuse_notify_inode(struct fuse_conn *fc, u32 event,
					u64 nodeid)
{
}

static inline void extfuse_notify_entry(struct fuse_conn *fc, u32 event,
					u64 parent, u64 child,
					const char *name, u32 namelen)
{
}

static inline void extfuse_backing_gone(struct inode *inode)
{
}

static inline u64 extfuse_init_flags(struct fuse_conn *fc)
{
	return 0;
}

static inline void extfuse_init_reply(struct fuse_mount *fm,
				      struct fuse_args *args, u64 flags,
				      const struct fuse_init_out *out)
{
}

static inline void extfuse_conn_free(struct fuse_conn *fc)
{
}

#endif /* CONFIG_EXTFUSE */
#endif /* _FS_FUSE_EXTFUSE_H */
