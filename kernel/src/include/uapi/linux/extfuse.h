/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * extfuse.h - interface between the FUSE driver and BPF_PROG_TYPE_EXTFUSE programs
 *
 * A program of this type is attached to one FUSE connection by the daemon's
 * INIT reply.  The driver runs it, with preemption disabled, when a request is
 * about to be sent (EXTFUSE_REQUEST), when its reply arrived (EXTFUSE_REPLY)
 * and when the driver changes a cache of its own (EXTFUSE_EVENT).
 */
#ifndef _UAPI_LINUX_EXTFUSE_H
#define _UAPI_LINUX_EXTFUSE_H

#include <linux/types.h>

/*
 * Argument codes of bpf_extfuse_read_args() and bpf_extfuse_write_args().
 *
 * OPCODE (__u32), NODEID (__u64), NUM_IN_ARGS, NUM_OUT_ARGS and the sizes
 * (__u32) must be read with exactly that size, else -EINVAL.  IN_PARAM_n_VALUE
 * needs a destination of at least the argument's size, else -E2BIG; what is
 * larger is zeroed.  OUT_PARAM_n can be read in EXTFUSE_REPLY with error 0, and
 * written in EXTFUSE_REQUEST.  Arguments that live in pages give -EINVAL, an
 * unknown code gives -EBADRQC.  Whenever a read fails, all of the destination
 * is zeroed.
 */
enum extfuse_arg {
	OPCODE			= 0,
	NODEID			= 1,
	NUM_IN_ARGS		= 2,
	NUM_OUT_ARGS		= 3,
	IN_PARAM_0_SIZE		= 4,
	IN_PARAM_0_VALUE	= 5,
	IN_PARAM_1_SIZE		= 6,
	IN_PARAM_1_VALUE	= 7,
	IN_PARAM_2_SIZE		= 8,
	IN_PARAM_2_VALUE	= 9,
	OUT_PARAM_0		= 10,
	OUT_PARAM_1		= 11,
};

/*
 * Returned in EXTFUSE_REQUEST to ask the server: -ENOSYS, by its number, since
 * BPF programs have no errno.h of the kernel that runs them.
 */
#define EXTFUSE_UPCALL	(-38)

/*
 * Returned in EXTFUSE_REQUEST to ask the server as well, by a program that has
 * no use for its success: EXTFUSE_REPLY follows only if the request fails or is
 * withdrawn, with an error that is not 0.
 */
#define EXTFUSE_UPCALL_QUIET	(-1038)

/*
 * extfuse_req.error of a request that was not sent, since it could not be
 * answered on the way that the kernel tried first: the same request follows.
 */
#define EXTFUSE_WITHDRAWN	(-512)

/* Values of extfuse_req.phase. */
enum extfuse_phase {
	/*
	 * A request is about to be sent.  Return EXTFUSE_UPCALL or
	 * EXTFUSE_UPCALL_QUIET to send it to the server, 0 when every output was
	 * written (LOOKUP, GETATTR, STATX, GETXATTR, LISTXATTR, ACCESS and
	 * STATFS only), or -511..-1 to answer with that error.  Anything else is
	 * an upcall with a warning.  The kernel may refuse an answer; then
	 * EXTFUSE_REPLY follows as after an upcall, with the cookie that the
	 * program left.
	 */
	EXTFUSE_REQUEST		= 0,
	/*
	 * The daemon answered, or the request failed (error is not 0).  Exactly
	 * one for each EXTFUSE_REQUEST that was not answered by the program, none
	 * for one that succeeded after EXTFUSE_UPCALL_QUIET.  The return value
	 * is ignored.
	 */
	EXTFUSE_REPLY		= 1,
	/*
	 * The driver changed a cache of its own; opcode is one of enum
	 * extfuse_event.  The return value is ignored.
	 */
	EXTFUSE_EVENT		= 2,
};

/* Values of extfuse_req.opcode in EXTFUSE_EVENT, and their inputs. */
enum extfuse_event {
	/*
	 * The program was attached, before any request is shown.  in[0]: __u32
	 * number of the connection, as in /sys/fs/fuse/connections.  What the
	 * program leaves in the cookie it does not want to see: in cookie[0]
	 * events, 1 << EXTFUSE_EV_*, in cookie[1] attributes, STATX_*, which
	 * are no INVAL_ATTR if nothing else became stale; zero is everything.
	 * A notification that comes before the INIT reply was processed may
	 * be shown all the same
	 */
	EXTFUSE_EV_ATTACH	= 1,
	/* nodeid is forgotten, before FORGET is queued.  in[0]: __u64 nlookup */
	EXTFUSE_EV_FORGET	= 2,
	/* Attributes of nodeid became stale.  in[0]: __u32 STATX_* mask */
	EXTFUSE_EV_INVAL_ATTR	= 3,
	/*
	 * An entry of a READDIRPLUS reply for the directory nodeid; child[0] is
	 * the entry's nodeid and cookie that of the READDIRPLUS request.
	 * in[0]: struct fuse_entry_out, in[1]: the name with its NUL
	 */
	EXTFUSE_EV_DIRENTPLUS	= 4,
	/*
	 * Daemon notifications, before the driver looks at its own caches.
	 * INVAL_INODE and STORE: nodeid.
	 * INVAL_ENTRY, EXPIRE and DELETE: nodeid is the parent, child[0] the
	 * child (DELETE only), in[0] the name with its NUL
	 */
	EXTFUSE_EV_INVAL_INODE	= 5,
	EXTFUSE_EV_INVAL_ENTRY	= 6,
	EXTFUSE_EV_EXPIRE	= 7,
	EXTFUSE_EV_DELETE	= 8,
	EXTFUSE_EV_STORE	= 9,
	/* nodeid lost its passthrough backing file */
	EXTFUSE_EV_BACKING	= 10,
	EXTFUSE_EV_MAX,
};

/* Bits of extfuse_req.flags; bits that a program does not know may be set. */
enum extfuse_req_flags {
	/*
	 * FLUSH, RELEASE, RELEASEDIR: the file was opened for reading only
	 * (O_RDONLY).  A server that keeps one buffer for all who write may
	 * write it out at any of them.
	 */
	EXTFUSE_F_READER	= 1 << 0,
};

/**
 * struct extfuse_req - context of a program
 * @nodeid:	inode that the request or event is about
 * @opcode:	enum fuse_opcode, or enum extfuse_event in EXTFUSE_EVENT
 * @phase:	enum extfuse_phase
 * @uid:	requester's fsuid as the daemon sees it
 * @gid:	requester's fsgid as the daemon sees it
 * @pid:	requester's thread id as the daemon sees it
 * @error:	EXTFUSE_REPLY: 0, the negative error of the request, or
 *		EXTFUSE_WITHDRAWN
 * @child:	inodes besides @nodeid that the kernel knows the request changes
 *		(UNLINK, RMDIR: the victim; RENAME, RENAME2: what moves, what is
 *		replaced; LINK: the inode that gets a name), else 0
 * @in_numargs:	number of inputs
 * @out_numargs: number of outputs
 * @in_size:	sizes of the inputs in bytes
 * @out_size:	sizes of the outputs in bytes; in EXTFUSE_REPLY as received
 * @flags:	enum extfuse_req_flags
 * @cookie:	zero at first; what the program leaves here in EXTFUSE_REQUEST
 *		it finds in EXTFUSE_REPLY of the same request; see
 *		EXTFUSE_EV_ATTACH.  The only writable field, in naturally
 *		aligned 8 byte accesses
 *
 * Fields are read in naturally aligned accesses of their own size.
 *
 * BPF_PROG_TEST_RUN: ctx_in is this structure (ctx_out returns @cookie and
 * @out_size), data_in the inputs back to back by in_size[] followed, in
 * EXTFUSE_REPLY with error 0, by the outputs by out_size[]; data_out receives
 * the outputs that the program wrote, back to back by out_size[].  retval is
 * the program's return value after the kernel's rules: EXTFUSE_UPCALL, or
 * EXTFUSE_UPCALL_QUIET if it said so, when the kernel would have asked the
 * server.
 */
struct extfuse_req {
	__u64 nodeid;
	__u32 opcode;
	__u32 phase;
	__u32 uid;
	__u32 gid;
	__u32 pid;
	__s32 error;
	__u64 child[2];
	__u32 in_numargs;
	__u32 out_numargs;
	__u32 in_size[3];
	__u32 out_size[2];
	__u32 flags;
	__u64 cookie[2];
};

#endif /* _UAPI_LINUX_EXTFUSE_H */
