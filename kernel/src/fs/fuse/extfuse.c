// SPDX-License-Identifier: GPL-2.0-only
/*
 * extfuse.c - BPF programs that answer and observe FUSE requests
 *
 * The daemon attaches one BPF_PROG_TYPE_EXTFUSE program to its connection in
 * the INIT reply.  The program runs for each request before it is sent and when
 * its reply arrived, and for the events listed in linux/extfuse.h.  A program
 * can only ever make an answer come sooner: whatever it returns, the rules in
 * extfuse_accept() and extfuse_live_inode() decide, and when in doubt the server
 * is asked as if no program were attached.
 *
 * Lifetime: the connection holds a reference on the program from the INIT reply
 * until fuse_conn_put() frees it; nothing detaches earlier, so that a request
 * that the program saw finds the same program at its reply.
 */

#include "fuse_i.h"

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/cred.h>
#include <linux/extfuse.h>
#include <linux/filter.h>
#include <linux/mnt_idmapping.h>
#include <linux/moduleparam.h>
#include <linux/pid_namespace.h>
#include <linux/stat.h>
#include <linux/uaccess.h>

static bool extfuse_offer = true;
module_param_named(extfuse, extfuse_offer, bool, 0644);
MODULE_PARM_DESC(extfuse, "Offer BPF programs to FUSE servers (default: Y)");

/* What a program runs on: its context, and what the helpers need */
struct extfuse_ctx {
	struct extfuse_req req;	/* first: the pointer that BPF has */
	struct fuse_args *args;
	u32 written;		/* outputs written in full, a bit each */
};

/* What extfuse_accept() makes of a program's return value */
enum extfuse_verdict {
	EXTFUSE_ASK,		/* ask the server */
	EXTFUSE_REFUSE,		/* ask the server, since the program broke a rule */
	EXTFUSE_TAKE,		/* the program answered */
};

static_assert(offsetof(struct extfuse_ctx, req) == 0);
static_assert(sizeof(struct extfuse_req) == 96);

/* The only requests to which a program may give outputs */
static bool extfuse_may_give_outputs(u32 opcode)
{
	switch (opcode) {
	case FUSE_LOOKUP:
	case FUSE_GETATTR:
	case FUSE_STATX:
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
	case FUSE_ACCESS:
	case FUSE_STATFS:
		return true;
	default:
		return false;
	}
}

/* FORGET is an event, and what has no reply can't be answered */
static bool extfuse_hooked(const struct fuse_args *args)
{
	return args->opcode != FUSE_FORGET &&
	       args->opcode != FUSE_BATCH_FORGET &&
	       args->opcode != FUSE_NOTIFY_REPLY;
}

static bool extfuse_in_pages(const struct fuse_args *args, unsigned int i)
{
	return args->in_pages && i == args->in_numargs - 1;
}

static bool extfuse_out_pages(const struct fuse_args *args, unsigned int i)
{
	return args->out_pages && i == args->out_numargs - 1;
}

static u32 extfuse_in_size(const struct fuse_args *args, unsigned int i)
{
	return i < args->in_numargs ? args->in_args[i].size : 0;
}

static u32 extfuse_out_size(const struct fuse_args *args, unsigned int i,
			    int error)
{
	return !error && i < args->out_numargs ? args->out_args[i].size : 0;
}

/* Sets every byte of the context: callers leave it uninitialized */
static void extfuse_ctx_init(struct extfuse_ctx *ctx, struct fuse_args *args,
			     u32 opcode, u32 phase, int error)
{
	ctx->args = args;
	ctx->written = 0;
	ctx->req.nodeid = args->nodeid;
	ctx->req.opcode = opcode;
	ctx->req.phase = phase;
	ctx->req.uid = args->extfuse.uid;
	ctx->req.gid = args->extfuse.gid;
	ctx->req.pid = args->extfuse.pid;
	ctx->req.error = error;
	ctx->req.child[0] = args->extfuse.child[0];
	ctx->req.child[1] = args->extfuse.child[1];
	ctx->req.in_numargs = args->in_numargs;
	ctx->req.out_numargs = args->out_numargs;
	ctx->req.in_size[0] = extfuse_in_size(args, 0);
	ctx->req.in_size[1] = extfuse_in_size(args, 1);
	ctx->req.in_size[2] = extfuse_in_size(args, 2);
	ctx->req.out_size[0] = extfuse_out_size(args, 0, error);
	ctx->req.out_size[1] = extfuse_out_size(args, 1, error);
	ctx->req.flags = args->extfuse.reader ? EXTFUSE_F_READER : 0;
	ctx->req.cookie[0] = args->extfuse.cookie[0];
	ctx->req.cookie[1] = args->extfuse.cookie[1];
}

/*
 * Run the program.  Preemption stays off so that its per-CPU data is its own
 * until it returns; it is neither skipped nor nested, since no helper enters
 * FUSE and FUSE calls none of this from an interrupt.
 */
static int extfuse_run(const struct bpf_prog *prog, struct extfuse_ctx *ctx)
{
	int ret;

	preempt_disable();
	ret = (int)bpf_prog_run(prog, &ctx->req);
	preempt_enable();

	return ret;
}

/* Show the request, and keep what the program leaves for the reply */
static int extfuse_run_request(const struct bpf_prog *prog,
			       struct extfuse_ctx *ctx, struct fuse_args *args)
{
	int ret;

	/* An earlier run of the same arguments must not show through */
	args->extfuse.cookie[0] = 0;
	args->extfuse.cookie[1] = 0;
	extfuse_ctx_init(ctx, args, args->opcode, EXTFUSE_REQUEST, 0);
	ret = extfuse_run(prog, ctx);
	args->extfuse.cookie[0] = ctx->req.cookie[0];
	args->extfuse.cookie[1] = ctx->req.cookie[1];
	args->extfuse.seen = true;
	args->extfuse.quiet = ret == EXTFUSE_UPCALL_QUIET;

	return ret;
}

/* A short reply of the server must not be filled up with a refused answer */
static void extfuse_clear_outputs(struct extfuse_ctx *ctx)
{
	struct fuse_args *args = ctx->args;
	unsigned int i;

	for (i = 0; ctx->written >> i; i++)
		if (ctx->written & BIT(i))
			memset(args->out_args[i].value, 0,
			       args->out_args[i].size);
}

static bool extfuse_valid_xattrs(const char *list, size_t size)
{
	while (size) {
		size_t len = strnlen(list, size);

		if (!len || len == size)
			return false;
		list += len + 1;
		size -= len + 1;
	}
	return true;
}

static bool extfuse_valid_statx(const struct fuse_statx *sx)
{
	if ((sx->mask & STATX_SIZE) && sx->size > LLONG_MAX)
		return false;
	return !(sx->mask & STATX_TYPE) || fuse_valid_type(sx->mode);
}

static bool extfuse_one_output(const struct fuse_args *args, size_t size)
{
	return args->out_numargs == 1 && args->out_args[0].size == size;
}

/* Do attributes fit the inode that they are for, if any? */
static bool extfuse_same_type(const struct inode *inode, umode_t mode)
{
	return !inode || !inode_wrong_type(inode, mode);
}

/* Does a LOOKUP answer fit the inode that is to be revalidated, if any? */
static bool extfuse_same_inode(const struct inode *inode,
			       struct fuse_entry_out *entry)
{
	return !inode || !entry->nodeid ||
	       (entry->nodeid == get_node_id((struct inode *)inode) &&
		!fuse_stale_inode(inode, entry->generation, &entry->attr));
}

static enum extfuse_verdict extfuse_verdict(bool valid)
{
	return valid ? EXTFUSE_TAKE : EXTFUSE_REFUSE;
}

/* Would the driver take these outputs from the server without complaint? */
static enum extfuse_verdict extfuse_accept_outputs(const struct extfuse_ctx *ctx)
{
	const struct fuse_args *args = ctx->args;
	const struct inode *inode = args->extfuse.inode;
	void *out = args->out_args[0].value;

	if (ctx->written != BIT(args->out_numargs) - 1)
		return EXTFUSE_REFUSE;

	switch (args->opcode) {
	case FUSE_LOOKUP: {
		struct fuse_entry_out *entry = out;

		if (!extfuse_one_output(args, sizeof(*entry)))
			return EXTFUSE_REFUSE;
		/* Another inode than the one that is here: let the server say so */
		if (!extfuse_same_inode(inode, entry))
			return EXTFUSE_ASK;
		/* zero is a negative answer */
		return extfuse_verdict(!entry->nodeid ||
				       (entry->nodeid != FUSE_ROOT_ID &&
					!fuse_invalid_attr(&entry->attr)));
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out *attr = out;

		if (!extfuse_one_output(args, sizeof(*attr)) ||
		    fuse_invalid_attr(&attr->attr))
			return EXTFUSE_REFUSE;
		/* As for LOOKUP: what inode is here the program can't know */
		return extfuse_same_type(inode, attr->attr.mode) ?
		       EXTFUSE_TAKE : EXTFUSE_ASK;
	}
	case FUSE_STATX: {
		struct fuse_statx_out *statx = out;

		if (!extfuse_one_output(args, sizeof(*statx)) ||
		    !extfuse_valid_statx(&statx->stat))
			return EXTFUSE_REFUSE;
		return !(statx->stat.mask & STATX_TYPE) ||
		       extfuse_same_type(inode, statx->stat.mode) ?
		       EXTFUSE_TAKE : EXTFUSE_ASK;
	}
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR: {
		struct fuse_getxattr_out *query = out;

		if (!args->out_argvar)
			return extfuse_verdict(extfuse_one_output(args, sizeof(*query)) &&
					       query->size <= XATTR_SIZE_MAX);
		return extfuse_verdict(args->opcode == FUSE_GETXATTR ||
				       extfuse_valid_xattrs(out, ctx->req.out_size[0]));
	}
	default:
		return extfuse_verdict(extfuse_may_give_outputs(args->opcode));
	}
}

/*
 * The kernel's own rules about a program's return value; *@res is the result of
 * the request when it is taken.
 */
static enum extfuse_verdict extfuse_accept(const struct extfuse_ctx *ctx,
					   int ret, ssize_t *res)
{
	const struct fuse_args *args = ctx->args;

	if (ret == EXTFUSE_UPCALL || ret == EXTFUSE_UPCALL_QUIET)
		return EXTFUSE_ASK;

	if (ret < 0 && ret > -512) {
		*res = ret;
		return EXTFUSE_TAKE;
	}
	if (ret)
		return EXTFUSE_REFUSE;

	*res = args->out_argvar ? ctx->req.out_size[args->out_numargs - 1] : 0;
	return extfuse_accept_outputs(ctx);
}

static bool extfuse_may_answer(const struct fuse_conn *fc,
			       const struct fuse_args *args)
{
	const struct inode *inode = args->extfuse.inode;

	if (args->force || args->noreply || args->extfuse.must_ask)
		return false;
	if (args->opcode == FUSE_LOOKUP && !args->extfuse.uncounted)
		return false;

	/*
	 * Read before the program looks at its rows: extfuse_backing_gone()
	 * tells it before the backing file is dropped.
	 */
	if (inode) {
		if (extfuse_backed(inode))
			return false;
		/* Before the program's loads; pairs with that event */
		smp_rmb();
	}

	return READ_ONCE(fc->initialized) && READ_ONCE(fc->connected) &&
	       !fc->conn_error;
}

/* As fuse_get_req() does it; false if the server can't see this requester */
static bool extfuse_set_ids(struct mnt_idmap *idmap, struct fuse_mount *fm,
			    struct fuse_args *args)
{
	struct fuse_conn *fc = fm->fc;
	bool no_idmap = !fm->sb || (fm->sb->s_iflags & SB_I_NOIDMAP);
	kuid_t fsuid = no_idmap ? current_fsuid() :
				  mapped_fsuid(idmap, fc->user_ns);
	kgid_t fsgid = no_idmap ? current_fsgid() :
				  mapped_fsgid(idmap, fc->user_ns);

	args->extfuse.pid = pid_nr_ns(task_pid(current), fc->pid_ns);

	/* Its map is the identity */
	if (fc->user_ns == &init_user_ns) {
		args->extfuse.uid = __kuid_val(fsuid);
		args->extfuse.gid = __kgid_val(fsgid);
		return !no_idmap || (uid_valid(fsuid) && gid_valid(fsgid));
	}

	args->extfuse.uid = from_kuid(fc->user_ns, fsuid);
	args->extfuse.gid = from_kgid(fc->user_ns, fsgid);

	return !no_idmap || (args->extfuse.uid != (uid_t)-1 &&
			     args->extfuse.gid != (gid_t)-1);
}

static void extfuse_refused(struct fuse_conn *fc, const struct bpf_prog *prog,
			    const struct fuse_args *args, int ret)
{
	s64 count = atomic64_inc_return(&fc->extfuse.refused);

	pr_warn_ratelimited("extfuse: program %u returned %d for opcode %u: not accepted, asking the server (%lld so far)\n",
			    prog->aux->id, ret, args->opcode, count);
}

/**
 * extfuse_request - let the program see a request, and perhaps answer it
 * @idmap: idmapping of the mount, as for __fuse_simple_request()
 * @fm: the mount
 * @args: the request; nothing was allocated for it yet
 * @res: set to what __fuse_simple_request() returns, if it was answered
 *
 * Return: true if it was answered; else ask the server, and call
 * extfuse_reply() with what comes of it.
 */
bool extfuse_request(struct mnt_idmap *idmap, struct fuse_mount *fm,
		     struct fuse_args *args, ssize_t *res)
{
	enum extfuse_verdict verdict = EXTFUSE_ASK;
	struct fuse_conn *fc = fm->fc;
	struct extfuse_ctx ctx __uninitialized;
	struct bpf_prog *prog;
	bool may_answer;
	int ret;

	if (!extfuse_hooked(args))
		return false;

	may_answer = extfuse_set_ids(idmap, fm, args) &&
		     extfuse_may_answer(fc, args);
	ctx.written = 0;
	ctx.args = args;

	rcu_read_lock();
	prog = rcu_dereference(fc->extfuse.prog);
	if (prog) {
		ret = extfuse_run_request(prog, &ctx, args);
		if (may_answer)
			verdict = extfuse_accept(&ctx, ret, res);
		if (verdict == EXTFUSE_REFUSE)
			extfuse_refused(fc, prog, args, ret);
	}
	rcu_read_unlock();

	if (verdict != EXTFUSE_TAKE) {
		extfuse_clear_outputs(&ctx);
		return false;
	}

	args->extfuse.seen = false;
	args->extfuse.answered = true;
	if (*res >= 0 && args->out_argvar)
		args->out_args[args->out_numargs - 1].size = *res;
	return true;
}

/**
 * extfuse_observe - let the program see a request that it can't answer
 * @fc: the connection
 * @args: the request
 * @in: its header, with the requester's ids
 *
 * Does nothing if the program saw it already.  May be called under a spinlock.
 */
void extfuse_observe(struct fuse_conn *fc, struct fuse_args *args,
		     const struct fuse_in_header *in)
{
	struct extfuse_ctx ctx __uninitialized;
	struct bpf_prog *prog;

	if (args->extfuse.seen || !extfuse_hooked(args))
		return;

	args->extfuse.uid = in->uid;
	args->extfuse.gid = in->gid;
	args->extfuse.pid = in->pid;

	rcu_read_lock();
	prog = rcu_dereference(fc->extfuse.prog);
	if (prog)
		extfuse_run_request(prog, &ctx, args);
	rcu_read_unlock();
}

/**
 * extfuse_reply - show the program the end of a request
 * @fc: the connection
 * @args: the request, with the outputs that were received
 * @in: its header, or NULL if there never was one
 * @error: 0 or the negative error of the request
 *
 * Exactly once for each request that was not answered by the program, before
 * the requester or any waiter can see the result.  The program is not run for a
 * success of which it said that it has no use for it.
 */
void extfuse_reply(struct fuse_conn *fc, struct fuse_args *args,
		   const struct fuse_in_header *in, int error)
{
	struct extfuse_ctx ctx __uninitialized;
	bool seen = args->extfuse.seen;
	struct bpf_prog *prog;

	if (!extfuse_hooked(args))
		return;

	args->extfuse.seen = false;
	if (!seen) {
		/* Sent before the attach: the cookie is empty */
		if (!in)
			return;
		args->extfuse.cookie[0] = 0;
		args->extfuse.cookie[1] = 0;
		args->extfuse.uid = in->uid;
		args->extfuse.gid = in->gid;
		args->extfuse.pid = in->pid;
	} else if (args->extfuse.quiet && !error) {
		return;
	}

	rcu_read_lock();
	prog = rcu_dereference(fc->extfuse.prog);
	if (prog) {
		extfuse_ctx_init(&ctx, args, args->opcode, EXTFUSE_REPLY, error);
		extfuse_run(prog, &ctx);
	}
	rcu_read_unlock();
}

static int extfuse_same_nodeid(struct inode *inode, void *nodeid)
{
	return get_node_id(inode) == *(u64 *)nodeid;
}

/**
 * extfuse_live_inode - find the inode that a LOOKUP answer names
 * @sb: the super block
 * @entry: the program's answer
 * @forgets: extfuse_forgets() from before the program ran
 *
 * An answer does not raise the server's lookup count, so it is good only for an
 * inode that the server has to keep: one that is in use here.  ilookup5() waits
 * for an inode that is being freed, so it may sleep.  If no FORGET was
 * queued between the time before the program looked at its rows and the time
 * the reference was taken, the nodeid still means what it meant in the row.
 *
 * Return: the inode with a reference, or NULL: then ask the server.
 */
struct inode *extfuse_live_inode(struct super_block *sb,
				 const struct fuse_entry_out *entry,
				 u64 forgets)
{
	struct fuse_conn *fc = get_fuse_conn_super(sb);
	u64 nodeid = entry->nodeid;
	struct fuse_inode *fi;
	struct inode *inode;

	inode = ilookup5(sb, nodeid, extfuse_same_nodeid, &nodeid);
	if (!inode)
		return NULL;

	fi = get_fuse_inode(inode);
	if (fuse_is_bad(inode) || !READ_ONCE(fi->nlookup) ||
	    fuse_stale_inode(inode, entry->generation,
			     (struct fuse_attr *)&entry->attr) ||
	    IS_AUTOMOUNT(inode) || (entry->attr.flags & FUSE_ATTR_SUBMOUNT) ||
	    extfuse_backed(inode))
		goto refuse;

	/* Orders taking the reference before the second look at the counter */
	smp_rmb();
	if (extfuse_forgets(fc) != forgets)
		goto refuse;

	/*
	 * A directory has one name.  Where it has a dentry under another, a
	 * row from before it was moved behind the mount would move it back.
	 */
	if (S_ISDIR(inode->i_mode)) {
		struct dentry *alias = d_find_any_alias(inode);

		dput(alias);
		if (alias)
			goto refuse;
	}

	return inode;

refuse:
	iput(inode);
	return NULL;
}

/* Is there a program that wants to see this event? */
static bool extfuse_wanted(const struct fuse_conn *fc, u32 event)
{
	return extfuse_attached(fc) &&
	       !(READ_ONCE(fc->extfuse.unwanted_events) & BIT(event));
}

/* Run the program for an event whose inputs are in @args, and keep its cookie */
static void extfuse_event(struct fuse_conn *fc, struct fuse_args *args,
			  u32 event)
{
	struct extfuse_ctx ctx __uninitialized;
	struct bpf_prog *prog;

	rcu_read_lock();
	prog = rcu_dereference(fc->extfuse.prog);
	if (prog) {
		extfuse_ctx_init(&ctx, args, event, EXTFUSE_EVENT, 0);
		extfuse_run(prog, &ctx);
		args->extfuse.cookie[0] = ctx.req.cookie[0];
		args->extfuse.cookie[1] = ctx.req.cookie[1];
	}
	rcu_read_unlock();
}

/**
 * extfuse_forget - a nodeid is about to be forgotten
 * @fc: the connection
 * @nodeid: the nodeid
 * @nlookup: number of lookups that the FORGET gives back
 *
 * Call before the FORGET is queued.
 */
void extfuse_forget(struct fuse_conn *fc, u64 nodeid, u64 nlookup)
{
	if (!extfuse_attached(fc))
		return;

	if (extfuse_wanted(fc, EXTFUSE_EV_FORGET)) {
		struct fuse_args args = {};

		args.nodeid = nodeid;
		args.in_numargs = 1;
		args.in_args[0].size = sizeof(nlookup);
		args.in_args[0].value = &nlookup;
		extfuse_event(fc, &args, EXTFUSE_EV_FORGET);
	}

	/* Fully ordered: after the event, before the queue */
	atomic64_inc_return(&fc->extfuse.forgets);
}

/**
 * extfuse_inval_attr - attributes became stale
 * @inode: the inode
 * @mask: STATX_* mask of the attributes
 *
 * Call before the inode's inval_mask says so.
 */
void extfuse_inval_attr(struct inode *inode, u32 mask)
{
	struct fuse_conn *fc = get_fuse_conn(inode);

	if (!extfuse_attached(fc))
		return;

	if (extfuse_wanted(fc, EXTFUSE_EV_INVAL_ATTR) &&
	    mask & ~READ_ONCE(fc->extfuse.unwanted_attrs)) {
		struct fuse_args args = {};

		args.nodeid = get_node_id(inode);
		args.in_numargs = 1;
		args.in_args[0].size = sizeof(mask);
		args.in_args[0].value = &mask;
		extfuse_event(fc, &args, EXTFUSE_EV_INVAL_ATTR);
	}

	/* After the event, before the mask: see fuse_keep_attributes() */
	atomic_inc_return(&get_fuse_inode(inode)->extfuse_invals);
}

/**
 * extfuse_direntplus - show the program the entries of a READDIRPLUS reply
 * @fc: the connection
 * @args: the READDIRPLUS request, for its nodeid and cookie
 * @buf: struct fuse_direntplus records
 * @nbytes: their size
 *
 * Call before the entries are linked.  Stops where parse_dirplusfile() would.
 */
void extfuse_direntplus(struct fuse_conn *fc, struct fuse_args *args,
			void *buf, size_t nbytes)
{
	char *name;

	if (!extfuse_wanted(fc, EXTFUSE_EV_DIRENTPLUS))
		return;

	/* A record's name has no NUL, and what follows it is not ours to write */
	name = kmalloc(FUSE_NAME_MAX + 1, GFP_KERNEL | __GFP_NOFAIL);

	while (nbytes >= FUSE_NAME_OFFSET_DIRENTPLUS) {
		struct fuse_direntplus *plus = buf;
		struct fuse_dirent *dirent = &plus->dirent;
		size_t reclen = FUSE_DIRENTPLUS_SIZE(plus);
		struct fuse_args event = {};

		if (!dirent->namelen || dirent->namelen > FUSE_NAME_MAX ||
		    reclen > nbytes ||
		    memchr(dirent->name, '/', dirent->namelen))
			break;

		memcpy(name, dirent->name, dirent->namelen);
		name[dirent->namelen] = '\0';

		if (plus->entry_out.nodeid) {
			event.nodeid = args->nodeid;
			event.extfuse.child[0] = plus->entry_out.nodeid;
			event.extfuse.cookie[0] = args->extfuse.cookie[0];
			event.extfuse.cookie[1] = args->extfuse.cookie[1];
			event.extfuse.uid = args->extfuse.uid;
			event.extfuse.gid = args->extfuse.gid;
			event.extfuse.pid = args->extfuse.pid;
			event.in_numargs = 2;
			event.in_args[0].size = sizeof(plus->entry_out);
			event.in_args[0].value = &plus->entry_out;
			event.in_args[1].size = dirent->namelen + 1;
			event.in_args[1].value = name;
			extfuse_event(fc, &event, EXTFUSE_EV_DIRENTPLUS);
		}

		buf += reclen;
		nbytes -= reclen;
	}
	kfree(name);
}

/**
 * extfuse_notify_inode - the server sent a notification about an inode
 * @fc: the connection
 * @event: EXTFUSE_EV_INVAL_INODE or EXTFUSE_EV_STORE
 * @nodeid: the inode
 */
void extfuse_notify_inode(struct fuse_conn *fc, u32 event, u64 nodeid)
{
	struct fuse_args args = {};

	if (!extfuse_wanted(fc, event))
		return;

	args.nodeid = nodeid;
	extfuse_event(fc, &args, event);
}

/**
 * extfuse_notify_entry - the server sent a notification about a name
 * @fc: the connection
 * @event: EXTFUSE_EV_INVAL_ENTRY, EXTFUSE_EV_EXPIRE or EXTFUSE_EV_DELETE
 * @parent: the directory
 * @child: the inode that had the name, or 0
 * @name: the name, ending with a NUL
 * @namelen: its length without the NUL
 */
void extfuse_notify_entry(struct fuse_conn *fc, u32 event, u64 parent,
			  u64 child, const char *name, u32 namelen)
{
	struct fuse_args args = {};

	if (!extfuse_wanted(fc, event))
		return;

	args.nodeid = parent;
	args.extfuse.child[0] = child;
	args.in_numargs = 1;
	args.in_args[0].size = namelen + 1;
	args.in_args[0].value = name;
	extfuse_event(fc, &args, event);
}

/**
 * extfuse_backing_gone - an inode is about to lose its backing file, if any
 * @inode: the inode
 *
 * Call before the inode is seen without its backing file; may be called under
 * a spinlock.  Counts as a FORGET for extfuse_live_inode(), which learns
 * the inode only after the program ran.
 */
void extfuse_backing_gone(struct inode *inode)
{
	struct fuse_conn *fc = get_fuse_conn(inode);

	if (!extfuse_attached(fc) || !fuse_inode_backing(get_fuse_inode(inode)))
		return;

	extfuse_notify_inode(fc, EXTFUSE_EV_BACKING, get_node_id(inode));
	atomic64_inc_return(&fc->extfuse.forgets);
}

/**
 * extfuse_init_flags - what to add to the flags of the INIT request
 * @fc: the connection
 *
 * Return: FUSE_FS_EXTFUSE if a program could be attached, else 0
 */
u64 extfuse_init_flags(struct fuse_conn *fc)
{
	if (!READ_ONCE(extfuse_offer) || fc->iq.ops != &fuse_dev_fiq_ops)
		return 0;
	return FUSE_FS_EXTFUSE;
}

/**
 * extfuse_foreign_writer - is the writer somebody else than who opened the file?
 * @file: an open /dev/fuse
 *
 * The program's file descriptor is resolved in the writer's file table, so a
 * privileged process that is tricked into writing what another one prepared
 * must not be able to attach.
 */
bool extfuse_foreign_writer(const struct file *file)
{
	const struct cred *opener = file->f_cred;
	const struct cred *writer = current_cred();

	return !uid_eq(opener->uid, writer->uid) ||
	       !uid_eq(opener->euid, writer->euid) ||
	       !uid_eq(opener->suid, writer->suid) ||
	       !uid_eq(opener->fsuid, writer->fsuid) ||
	       !gid_eq(opener->gid, writer->gid) ||
	       !gid_eq(opener->egid, writer->egid) ||
	       !gid_eq(opener->sgid, writer->sgid) ||
	       !gid_eq(opener->fsgid, writer->fsgid) ||
	       opener->user_ns != writer->user_ns ||
	       !cap_issubset(writer->cap_effective, opener->cap_effective);
}

static int extfuse_attach(struct fuse_mount *fm, struct fuse_args *args, int fd)
{
	struct fuse_conn *other, *fc = fm->fc;
	struct bpf_prog *prog;

	if (!extfuse_init_flags(fc))
		return -EOPNOTSUPP;
#ifdef CONFIG_FUSE_DAX
	/* Stores through DAX mappings make no request */
	if (fc->dax)
		return -EOPNOTSUPP;
#endif
	/* A nodeid may name several inodes */
	if (fc->auto_submounts)
		return -EOPNOTSUPP;
	/* An answer does not depend on who asks, so the kernel has to check */
	if (fc->allow_other && !fc->default_permissions)
		return -EACCES;
	if (args->extfuse.foreign_writer)
		return -EPERM;

	/* Nodeids of two connections must not meet in one program's maps */
	guard(mutex)(&fuse_mutex);
	prog = bpf_prog_get_type(fd, BPF_PROG_TYPE_EXTFUSE);
	if (IS_ERR(prog))
		return PTR_ERR(prog);

	list_for_each_entry(other, &fuse_conn_list, entry) {
		if (rcu_access_pointer(other->extfuse.prog) == prog) {
			bpf_prog_put(prog);
			return -EBUSY;
		}
	}
	/* INIT is answered once, and nothing else sets it */
	rcu_assign_pointer(fc->extfuse.prog, prog);
	return 0;
}

/**
 * extfuse_init_reply - attach the program that the INIT reply names
 * @fm: the mount
 * @args: the INIT request
 * @flags: the flags of the reply
 * @out: the reply
 *
 * Runs in the context of the server's write(2), before any other request can be
 * sent.  A refused attach leaves a mount that works without a program.
 */
void extfuse_init_reply(struct fuse_mount *fm, struct fuse_args *args,
			u64 flags, const struct fuse_init_out *out)
{
	struct fuse_conn *fc = fm->fc;
	struct fuse_args event = {};
	u32 dev = fc->dev;
	int err;

	if (!(flags & FUSE_FS_EXTFUSE))
		return;

	err = extfuse_attach(fm, args, out->extfuse_prog_fd);
	if (err) {
		fc->extfuse.error = err;
		pr_warn_ratelimited("extfuse: connection %u: program not attached, error %d%s\n",
				    dev, err,
				    err == -EACCES ? " (allow_other needs default_permissions)" :
				    err == -EPERM ? " (the writer is not who opened /dev/fuse)" :
				    err == -EOPNOTSUPP ? " (dax, submounts or not offered)" :
				    err == -EBUSY ? " (attached to another connection)" :
				    " (not a program of this type?)");
		return;
	}

	pr_info_ratelimited("extfuse: connection %u: program attached\n", dev);
	event.in_numargs = 1;
	event.in_args[0].size = sizeof(dev);
	event.in_args[0].value = &dev;
	extfuse_event(fc, &event, EXTFUSE_EV_ATTACH);
	WRITE_ONCE(fc->extfuse.unwanted_events, event.extfuse.cookie[0]);
	WRITE_ONCE(fc->extfuse.unwanted_attrs, event.extfuse.cookie[1]);
}

/**
 * extfuse_conn_free - give back the program
 * @fc: the connection; nobody else has a reference to it
 *
 * A lookup in RCU-walk may still run the program: its memory, like that of the
 * connection and of its namespaces, is freed after a grace period.
 */
void extfuse_conn_free(struct fuse_conn *fc)
{
	struct bpf_prog *prog;

	prog = rcu_replace_pointer(fc->extfuse.prog, NULL, true);
	if (prog)
		bpf_prog_put(prog);
}

/**
 * extfuse_state - what the control file system shows of a connection
 * @fc: the connection
 *
 * Return: the id of the attached program, the negative error of a refused
 * attach, or 0
 */
s64 extfuse_state(struct fuse_conn *fc)
{
	struct bpf_prog *prog;
	s64 state;

	rcu_read_lock();
	prog = rcu_dereference(fc->extfuse.prog);
	if (prog)
		state = prog->aux->id;
	else
		state = READ_ONCE(fc->extfuse.error);
	rcu_read_unlock();
	return state;
}

/* Give the argument's bytes, zeroing what is larger; all of it on error */
static int extfuse_copy(void *dst, u32 size, const void *src, u32 len)
{
	if (len > size || (len && !src)) {
		memset(dst, 0, size);
		return src ? -E2BIG : -EINVAL;
	}
	if (len)
		memcpy(dst, src, len);
	memset(dst + len, 0, size - len);
	return 0;
}

static int extfuse_copy_exact(void *dst, u32 size, const void *src, u32 len)
{
	if (size != len) {
		memset(dst, 0, size);
		return -EINVAL;
	}
	memcpy(dst, src, len);
	return 0;
}

BPF_CALL_4(bpf_extfuse_read_args, struct extfuse_req *, req, u32, type,
	   void *, dst, u32, size)
{
	struct extfuse_ctx *ctx = container_of(req, struct extfuse_ctx, req);
	struct fuse_args *args = ctx->args;
	unsigned int i;

	switch (type) {
	case OPCODE:
		return extfuse_copy_exact(dst, size, &req->opcode,
					  sizeof(req->opcode));
	case NODEID:
		return extfuse_copy_exact(dst, size, &req->nodeid,
					  sizeof(req->nodeid));
	case NUM_IN_ARGS:
		return extfuse_copy_exact(dst, size, &req->in_numargs,
					  sizeof(req->in_numargs));
	case NUM_OUT_ARGS:
		return extfuse_copy_exact(dst, size, &req->out_numargs,
					  sizeof(req->out_numargs));
	case IN_PARAM_0_SIZE:
	case IN_PARAM_1_SIZE:
	case IN_PARAM_2_SIZE:
		i = (type - IN_PARAM_0_SIZE) / 2;
		if (i >= args->in_numargs)
			break;
		return extfuse_copy_exact(dst, size, &req->in_size[i],
					  sizeof(req->in_size[i]));
	case IN_PARAM_0_VALUE:
	case IN_PARAM_1_VALUE:
	case IN_PARAM_2_VALUE:
		i = (type - IN_PARAM_0_VALUE) / 2;
		if (i >= args->in_numargs || extfuse_in_pages(args, i))
			break;
		return extfuse_copy(dst, size, args->in_args[i].value,
				    args->in_args[i].size);
	case OUT_PARAM_0:
	case OUT_PARAM_1:
		i = type - OUT_PARAM_0;
		if (req->phase != EXTFUSE_REPLY || req->error ||
		    i >= args->out_numargs || extfuse_out_pages(args, i))
			break;
		return extfuse_copy(dst, size, args->out_args[i].value,
				    args->out_args[i].size);
	default:
		memset(dst, 0, size);
		return -EBADRQC;
	}

	memset(dst, 0, size);
	return -EINVAL;
}

static const struct bpf_func_proto bpf_extfuse_read_args_proto = {
	.func		= bpf_extfuse_read_args,
	.gpl_only	= true,
	.ret_type	= RET_INTEGER,
	.arg1_type	= ARG_PTR_TO_CTX,
	.arg2_type	= ARG_ANYTHING,
	.arg3_type	= ARG_PTR_TO_UNINIT_MEM,
	.arg4_type	= ARG_CONST_SIZE,
};

BPF_CALL_4(bpf_extfuse_write_args, struct extfuse_req *, req, u32, type,
	   const void *, src, u32, size)
{
	struct extfuse_ctx *ctx = container_of(req, struct extfuse_ctx, req);
	struct fuse_args *args = ctx->args;
	unsigned int i = type - OUT_PARAM_0;
	u32 len;

	if (type > OUT_PARAM_1)
		return -EBADRQC;
	if (type < OUT_PARAM_0)
		return -EINVAL;
	if (req->phase != EXTFUSE_REQUEST ||
	    !extfuse_may_give_outputs(req->opcode) ||
	    i >= args->out_numargs || extfuse_out_pages(args, i))
		return -EINVAL;

	len = args->out_args[i].size;
	if (size > len)
		return -E2BIG;
	if (size < len && !(args->out_argvar && i == args->out_numargs - 1))
		return -EINVAL;

	memcpy(args->out_args[i].value, src, size);
	req->out_size[i] = size;
	ctx->written |= BIT(i);
	return 0;
}

static const struct bpf_func_proto bpf_extfuse_write_args_proto = {
	.func		= bpf_extfuse_write_args,
	.gpl_only	= true,
	.ret_type	= RET_INTEGER,
	.arg1_type	= ARG_PTR_TO_CTX,
	.arg2_type	= ARG_ANYTHING,
	.arg3_type	= ARG_PTR_TO_MEM | MEM_RDONLY,
	.arg4_type	= ARG_CONST_SIZE_OR_ZERO,
};

static const struct bpf_func_proto *
extfuse_get_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
	switch (func_id) {
	case BPF_FUNC_extfuse_read_args:
		return &bpf_extfuse_read_args_proto;
	case BPF_FUNC_extfuse_write_args:
		return &bpf_extfuse_write_args_proto;
	default:
		return bpf_base_func_proto(func_id, prog);
	}
}

static bool extfuse_is_valid_access(int off, int size,
				    enum bpf_access_type type,
				    const struct bpf_prog *prog,
				    struct bpf_insn_access_aux *info)
{
	if (off < 0 || off + size > (int)sizeof(struct extfuse_req) || off % size)
		return false;

	if (type == BPF_WRITE)
		return size == sizeof(u64) &&
		       off >= (int)offsetof(struct extfuse_req, cookie);

	return true;
}

const struct bpf_verifier_ops extfuse_verifier_ops = {
	.get_func_proto		= extfuse_get_func_proto,
	.is_valid_access	= extfuse_is_valid_access,
};

/* Arguments of one test run may not be larger than this in all */
#define EXTFUSE_TEST_MAX	(256 * 1024)

static void extfuse_test_args(struct extfuse_ctx *ctx, struct fuse_args *args,
			      void *in, void *out)
{
	const struct extfuse_req *req = &ctx->req;
	unsigned int i;

	args->opcode = req->opcode;
	args->nodeid = req->nodeid;
	args->in_numargs = req->in_numargs;
	args->out_numargs = req->out_numargs;
	for (i = 0; i < req->in_numargs; i++) {
		args->in_args[i].size = req->in_size[i];
		args->in_args[i].value = in;
		in += req->in_size[i];
	}
	for (i = 0; i < req->out_numargs; i++) {
		args->out_args[i].size = req->out_size[i];
		args->out_args[i].value = out;
		out += req->out_size[i];
	}

	/* As fuse_getxattr() and fuse_listxattr(): a size of 0 is a query */
	if ((req->opcode == FUSE_GETXATTR || req->opcode == FUSE_LISTXATTR) &&
	    req->out_numargs == 1 &&
	    args->in_args[0].size >= sizeof(struct fuse_getxattr_in)) {
		const struct fuse_getxattr_in *inarg = args->in_args[0].value;

		args->out_argvar = inarg->size != 0;
	}
	ctx->args = args;
}

static int extfuse_test_sizes(const struct extfuse_req *req, u32 *in_total,
			      u32 *out_total)
{
	u64 in = 0, out = 0;
	unsigned int i;

	if (req->phase > EXTFUSE_EVENT ||
	    (req->flags & ~EXTFUSE_F_READER) ||
	    req->in_numargs > ARRAY_SIZE(req->in_size) ||
	    req->out_numargs > ARRAY_SIZE(req->out_size) ||
	    req->error > 0 || req->error < EXTFUSE_WITHDRAWN)
		return -EINVAL;
	for (i = 0; i < req->in_numargs; i++)
		in += req->in_size[i];
	for (i = 0; i < req->out_numargs; i++)
		out += req->out_size[i];
	if (in + out > EXTFUSE_TEST_MAX)
		return -E2BIG;
	*in_total = in;
	*out_total = out;
	return 0;
}

static int extfuse_test_finish(const struct extfuse_ctx *ctx,
			       const union bpf_attr *kattr,
			       union bpf_attr __user *uattr, void *out,
			       u32 retval, u32 duration)
{
	void __user *ctx_out = u64_to_user_ptr(kattr->test.ctx_out);
	void __user *data_out = u64_to_user_ptr(kattr->test.data_out);
	u32 ctx_size = sizeof(ctx->req), size = 0, copied;
	unsigned int i;
	int err = 0;

	/* Outputs that the program wrote; only the last may be short */
	for (i = 0; i < ctx->req.out_numargs; i++) {
		if (!(ctx->written & BIT(i)))
			break;
		size += ctx->req.out_size[i];
	}

	copied = min(size, kattr->test.data_size_out);
	if (data_out && copy_to_user(data_out, out, copied))
		return -EFAULT;
	if (data_out && copied < size)
		err = -ENOSPC;
	if (copy_to_user(&uattr->test.data_size_out, &size, sizeof(size)))
		return -EFAULT;

	if (ctx_out) {
		copied = min(ctx_size, kattr->test.ctx_size_out);
		if (copy_to_user(ctx_out, &ctx->req, copied))
			return -EFAULT;
		if (copied < ctx_size)
			err = -ENOSPC;
		if (copy_to_user(&uattr->test.ctx_size_out, &ctx_size,
				 sizeof(ctx_size)))
			return -EFAULT;
	}

	if (copy_to_user(&uattr->test.retval, &retval, sizeof(retval)) ||
	    copy_to_user(&uattr->test.duration, &duration, sizeof(duration)))
		return -EFAULT;
	return err;
}

/* BPF_PROG_TEST_RUN; the layout of its buffers is in linux/extfuse.h */
static int extfuse_test_run(struct bpf_prog *prog, const union bpf_attr *kattr,
			    union bpf_attr __user *uattr)
{
	u32 repeat = max(kattr->test.repeat, 1U), i, in_total, out_total;
	struct extfuse_ctx *ctx = NULL;
	struct extfuse_req start;
	struct fuse_args args = {};
	void *buf = NULL;
	u64 begin, time = 0;
	u32 data_size;
	int err, raw = 0, ret;

	if (kattr->test.flags || kattr->test.cpu || kattr->test.batch_size)
		return -EINVAL;
	if (!kattr->test.ctx_in || kattr->test.ctx_size_in != sizeof(start))
		return -EINVAL;
	if (copy_from_user(&start, u64_to_user_ptr(kattr->test.ctx_in),
			   sizeof(start)))
		return -EFAULT;

	err = extfuse_test_sizes(&start, &in_total, &out_total);
	if (err)
		return err;
	data_size = in_total;
	if (start.phase == EXTFUSE_REPLY && !start.error)
		data_size += out_total;
	if (kattr->test.data_size_in != data_size)
		return -EINVAL;

	ctx = kzalloc(sizeof(*ctx), GFP_USER | __GFP_ACCOUNT);
	/* inputs and outputs start at aligned addresses, as in the driver */
	buf = kvzalloc(ALIGN(in_total, 8) + out_total + 1,
		       GFP_USER | __GFP_ACCOUNT);
	err = -ENOMEM;
	if (!ctx || !buf)
		goto out;

	err = -EFAULT;
	if (copy_from_user(buf, u64_to_user_ptr(kattr->test.data_in), in_total))
		goto out;
	if (data_size > in_total &&
	    copy_from_user(buf + ALIGN(in_total, 8),
			   u64_to_user_ptr(kattr->test.data_in) + in_total,
			   out_total))
		goto out;

	ctx->req = start;
	extfuse_test_args(ctx, &args, buf, buf + ALIGN(in_total, 8));

	for (i = 0; i < repeat; i++) {
		ctx->req = start;
		ctx->written = 0;
		begin = ktime_get_ns();
		rcu_read_lock();
		raw = extfuse_run(prog, ctx);
		rcu_read_unlock();
		time += ktime_get_ns() - begin;
		err = -EINTR;
		if (signal_pending(current))
			goto out;
		cond_resched();
	}

	ret = raw;
	if (start.phase == EXTFUSE_REQUEST) {
		ssize_t res = 0;

		ret = raw == EXTFUSE_UPCALL_QUIET ? raw : EXTFUSE_UPCALL;
		if (extfuse_accept(ctx, raw, &res) == EXTFUSE_TAKE)
			ret = min_t(ssize_t, res, 0);
		if (ret)
			ctx->written = 0;
	}

	err = extfuse_test_finish(ctx, kattr, uattr, buf + ALIGN(in_total, 8),
				  ret, min_t(u64, div_u64(time, repeat), U32_MAX));
out:
	kvfree(buf);
	kfree(ctx);
	return err;
}

const struct bpf_prog_ops extfuse_prog_ops = {
	.test_run	= extfuse_test_run,
};
