/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * extfuse.h - libextfuse: compose handlers and a cache policy into one BPF
 * program and attach it to a FUSE connection
 *
 * Functions return 0 or a negative errno unless they say otherwise. A function
 * that fails leaves its out-parameters alone. The library never exits and
 * prints only through the log callback. A handle may be used by several
 * threads at once, except extfuse_close(), which must be the last call.
 */
#ifndef EXTFUSE_H
#define EXTFUSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fuse_session;
struct extfuse;

enum extfuse_log_level { EXTFUSE_LOG_ERROR, EXTFUSE_LOG_WARN, EXTFUSE_LOG_INFO, EXTFUSE_LOG_DEBUG };

/*
 * Receives one line of text without a newline. May be called from any thread
 * that calls into the library; must not call into it.
 */
typedef void (*extfuse_log_fn)(void *data, enum extfuse_log_level level, const char *line);

/*
 * Options of extfuse_open(). Zero means the default. size is the structure's
 * size as the caller knows it, so that fields may be added (libbpf's rule).
 */
struct extfuse_opts {
	size_t size;
	/* "ttl+lru": names, or paths that contain '/' (and no '+'); required */
	const char *policy;
	/* "name=value" strings, NULL-terminated, or NULL */
	const char *const *params;
	/* paths of handler objects that replace or add to the built-in ones, NULL-terminated, or NULL */
	const char *const *handlers;
	/* rows come from extfuse_fill_*() alone, not from replies */
	int fill_daemon;
	/* the daemon gives one nodeid to each inode, also to one with several names */
	int one_nodeid_per_inode;
	extfuse_log_fn log;
	void *log_data;
};

/*
 * Objects of known names are searched in the directories of the environment's
 * EXTFUSE_OBJECT_PATH (DIR:DIR), then around the library and the program, then
 * where the project was installed; in each as DIR/policies/NAME.bpf.o,
 * DIR/handlers/NAME.bpf.o or DIR/NAME.bpf.o. The first directory that has the
 * dispatcher ends the search for handlers: what is missing there is missing.
 *
 * Link, check and load nothing yet: reads the objects, links them, sets the
 * parameters. A user's error (unknown policy, bad parameter, conflict, broken
 * object) gives one EXTFUSE_LOG_ERROR line that says what to do, and -EINVAL,
 * -ENOENT or -EEXIST (conflict). Needs no privilege.
 */
int extfuse_open(const struct extfuse_opts *opts, struct extfuse **out);

/*
 * Load the linked program into the kernel. -EOPNOTSUPP: this kernel has no
 * ExtFUSE, or an older one than this library, or it is switched off; -EPERM: no
 * permission to load BPF; -EINVAL: the verifier refused a handler or policy;
 * -E2BIG, -ENOMEM: max_entries is too large. The last three are logged as errors,
 * the others as information.
 */
int extfuse_load(struct extfuse *ext);

/*
 * libbpf's object of the program: between extfuse_open() and extfuse_load() to
 * look at or alter its maps, afterwards to find its programs and maps. It is the
 * handle's: not to be loaded or closed.
 */
struct bpf_object;
struct bpf_object *extfuse_bpf_object(const struct extfuse *ext);

/*
 * Attach through the INIT exchange of @se: call after fuse_session_new() and
 * fuse_session_mount(), before the session loop. Uses
 * fuse_session_custom_io() on the session's own descriptor. The outcome is
 * known when the daemon has answered INIT: see extfuse_attach_state().
 *
 * on_attach, if not NULL, runs once in the thread that answered INIT, with 0
 * or a negative errno (-ECONNREFUSED: refused by the kernel, -EOPNOTSUPP: not
 * offered). on_request, if not NULL, runs for each request read from the
 * kernel with its opcode, before the daemon sees it, with or without a program.
 * @ext may be NULL: then only on_request and passthrough negotiation apply.
 *
 * clone_fd works. Replies are spliced as libfuse does; requests only without
 * on_request, since a spliced request cannot be looked at (libfuse then does
 * not offer FUSE_CAP_SPLICE_READ). One handle serves one session: -EBUSY.
 */
struct extfuse_session_opts {
	size_t size;
	void (*on_attach)(void *data, int error);
	void (*on_request)(void *data, uint32_t opcode);
	void *data;
	/* FUSE_PASSTHROUGH with this max_stack_depth is accepted in the INIT reply if offered; 0: not */
	uint32_t passthrough_depth;
};
int extfuse_session_setup(struct extfuse *ext, struct fuse_session *se,
			  const struct extfuse_session_opts *opts);

/*
 * Release what extfuse_session_setup() holds for a session without a program
 * (@ext was NULL), before fuse_session_destroy(). With a program,
 * extfuse_close() does it. A process may have 16 sessions set up at a time.
 */
void extfuse_session_teardown(const struct fuse_session *se);

/* 1: attached, 0: INIT not answered yet, negative errno: refused or not offered. */
int extfuse_attach_state(const struct extfuse *ext);

/*
 * Daemon-side fills (-EPERM if the process gave up its right to run BPF). Take a token before looking at the file; apply the fill
 * before replying to the request that pins the nodeids. A fill passes through
 * the policy and may be refused silently (0 is returned; statistics tell).
 * attr_flags are FUSE_ATTR_*; timeouts in seconds as in fuse_entry_param.
 */
uint64_t extfuse_fill_begin(struct extfuse *ext);
int extfuse_fill_attr(struct extfuse *ext, uint64_t token, uint64_t nodeid, const struct stat *st,
		      double attr_timeout);
int extfuse_fill_entry(struct extfuse *ext, uint64_t token, uint64_t parent, const char *name,
		       uint64_t nodeid, uint64_t generation, const struct stat *st,
		       double attr_timeout, double entry_timeout);
int extfuse_fill_negative(struct extfuse *ext, uint64_t token, uint64_t parent, const char *name,
			  double entry_timeout);

/* Invalidate from the daemon, for changes that it made or saw behind the mount. */
int extfuse_inval_inode(struct extfuse *ext, uint64_t nodeid);
int extfuse_inval_entry(struct extfuse *ext, uint64_t parent, const char *name);

/*
 * Leases, under a policy that has them (lease; docs/lease.md). A daemon that is
 * told by its server before anybody else changes a file, for a time that the
 * server states, lets the kernel answer for that file meanwhile: a lease on a
 * file covers its attributes and extended attributes, one on a directory also
 * its names. extfuse_lease_begin() before asking the server for the lease;
 * extfuse_lease_grant() when the server granted it, with the duration that it
 * stated, in nanoseconds: it counts from the begin, so that the kernel's lease
 * never outlives the server's. A grant that meets a lease in force prolongs it,
 * and never shortens it.
 *
 * What replies tell is kept if their request was read after the grant. What came
 * with the grant itself is kept when it is filled (fill_daemon) with the lease's
 * token in place of extfuse_fill_begin()'s.
 *
 * extfuse_lease_revoke() ends the lease: when it returns, nothing of it answers,
 * and a grant that began before has no effect. FORGET of the nodeid does the
 * same, and so does extfuse_close(). What the kernel keeps by the timeouts of
 * the daemon's replies is not the policy's to end: reply with timeouts of 0, or
 * notify the kernel too.
 *
 * All may be called by several threads at once. Returns 0, or of grants -EAGAIN:
 * overtaken by a revocation or FORGET; -ETIME: the duration had passed by then;
 * -ENOSPC: no room among max_entries leases, so the server may have it back. In
 * each case no lease of this grant is in force. Of all: -EOPNOTSUPP: the policy
 * has no leases; -ENOTCONN: not loaded; -EINTR: a signal came, and it may have
 * been done or not: call again; -EINVAL.
 */
struct extfuse_lease {
	/* for extfuse_fill_*() */
	uint64_t token;
	/* CLOCK_BOOTTIME in nanoseconds */
	uint64_t start;
};
int extfuse_lease_begin(struct extfuse *ext, struct extfuse_lease *lease);
int extfuse_lease_grant(struct extfuse *ext, const struct extfuse_lease *lease, uint64_t nodeid,
			uint64_t duration);
int extfuse_lease_revoke(struct extfuse *ext, uint64_t nodeid);

/*
 * Counters of one opcode (linux/fuse.h) since the program was loaded, summed
 * over the CPUs: requests = hits + negative_hits + misses. Opcodes from 64 on
 * share one set. The caller sets size to the structure's size as it knows it.
 */
struct extfuse_op_stats {
	size_t size;
	uint64_t requests;
	uint64_t hits;
	uint64_t negative_hits;
	uint64_t misses;
	uint64_t stores;
	uint64_t invalidations;
	uint64_t errors;
};
int extfuse_op_stats(const struct extfuse *ext, uint32_t opcode, struct extfuse_op_stats *stats);

/*
 * Stop answering, unload what is not held by the kernel, free the handle. Call
 * it after the session loop has ended. NULL is allowed.
 */
void extfuse_close(struct extfuse *ext);

#ifdef __cplusplus
}
#endif

#endif /* EXTFUSE_H */
