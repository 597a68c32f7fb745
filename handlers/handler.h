/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * handler.h - the contract for authors of handlers
 *
 * A handler is one file, OPCODE.bpf.c, with a program for the request of one
 * FUSE opcode (EXT_REQUEST), one for its reply (EXT_REPLY), or one for an event
 * of the driver (EXT_EVENT). It knows FUSE and the functions declared here;
 * when a row may be stored and how long it may answer is the policy's affair,
 * and whether it is still true the store's.
 *
 *	#include "handler.h"
 *
 *	EXT_HANDLER("answers ACCESS for the superuser");
 *
 *	EXT_REQUEST(ACCESS)
 *	{
 *		if (ctx->uid)
 *			return ext_miss(ctx, EXT_MISS_ABSENT);
 *		return ext_hit(ctx);
 *	}
 *
 * What holds without a handler's help: every request is counted, every opcode
 * that is not known to be harmless is treated as a change to all that it can
 * reach, and a reply that tells of an inode kills what the cache believed of
 * it. A handler makes this precise. One that is missing, or that does nothing,
 * costs answers and never coherence.
 *
 * A program runs with preemption disabled, may not sleep, and shares 512 bytes
 * of stack with the functions that it calls. Programs of this file see the
 * context (struct extfuse_req) as ctx.
 */
#ifndef EXT_HANDLER_H
#define EXT_HANDLER_H

#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/fuse.h>
#include <linux/extfuse.h>
#include <bpf/bpf_helpers.h>

#include "ext_types.h"

/* ---- Declarations of facts, read by the library from the object's BTF ---- */

#define EXT_STR_(x) #x
#define EXT_STR(x) EXT_STR_(x)
#ifndef EXT_TAG
#define EXT_TAG(text) __attribute__((btf_decl_tag("extfuse:" text)))
#endif

/* A fact without a value of its own; name must be unique in the file. */
#define EXT_FACT(name, text) \
	static const volatile char name SEC(".rodata") __attribute__((used)) EXT_TAG(text) = 0

/* The version of this contract; the library refuses objects of another one. */
EXT_FACT(ext_fact_contract, "contract:" EXT_STR(EXT_CONTRACT));

/* What the handler does, in one sentence. Once per file. */
#define EXT_HANDLER(text) EXT_FACT(ext_fact_handler, "handler:" text)

/*
 * Parameters: global constants that the library sets between open and load.
 * The variable is ext_param_NAME. The host build of the unit tests defines
 * EXT_KNOB itself, so that a test can set them.
 */
#ifndef EXT_KNOB
#define EXT_KNOB const volatile
#endif

/* type is duration (u64 nanoseconds) or count (u64). */
#define EXT_PARAM(type, name, default_value, help) \
	EXT_KNOB __u64 ext_param_##name EXT_TAG("param:" #type ":" #name ":" help) = default_value

/* One of the words in values; the variable (u64) holds its index. */
#define EXT_PARAM_ENUM(name, default_value, values, help) \
	EXT_KNOB __u64 ext_param_##name EXT_TAG("param:enum=" values ":" #name ":" help) = \
		default_value

/* ---- Programs ---- */

/*
 * Programs and where they run. The section name is the slot. A program for a
 * request ends in ext_hit(), ext_negative_hit(), ext_miss() or ext_refuse(),
 * whose result it returns; what the others return is ignored.
 */
#ifndef EXT_PROGRAM
#define EXT_PROGRAM(section, name) SEC(section) int name(struct extfuse_req *ctx)
#endif
#define EXT_REQUEST(opcode) EXT_PROGRAM("extfuse/" #opcode, on_##opcode)
#define EXT_REPLY(opcode) EXT_PROGRAM("extfuse/" #opcode "/reply", re_##opcode)
#define EXT_EVENT(event) EXT_PROGRAM("extfuse/event/" #event, ev_##event)

/* The license that the kernel sees; helpers of ExtFUSE are for GPL programs. */
#define EXT_LICENSE static char _license[] SEC("license") __attribute__((used)) = "GPL"

/* The two helpers of the program type, see linux/extfuse.h. */
#ifndef EXT_FAKE_HELPERS
static long (*bpf_extfuse_read_args)(void *ctx, __u32 arg, void *dst, __u32 size) = (void *)212;
static long (*bpf_extfuse_write_args)(void *ctx, __u32 arg, const void *src,
				      __u32 size) = (void *)213;
#endif

/* ---- Outcome of a request ---- */

/*
 * The request is answered with the outputs that were written in full.
 * Valid for LOOKUP, GETATTR, STATX, GETXATTR, LISTXATTR, ACCESS and STATFS; the
 * kernel asks the daemon for any other, and for an answer that it does not like
 * (then it counts as a miss, not_live). Returns 0.
 */
__hidden int ext_hit(struct extfuse_req *ctx);

/*
 * As ext_hit(), for the news that something does not exist. error is 0 when
 * outputs say it (LOOKUP with nodeid 0), or the negative errno to answer with.
 * Returns error.
 */
__hidden int ext_negative_hit(struct extfuse_req *ctx, int error);

/* The daemon is to answer. reason (enum ext_miss) goes to the statistics. Returns -ENOSYS. */
__hidden int ext_miss(struct extfuse_req *ctx, __u32 reason);

/*
 * Fail the request with a negative errno, whatever it would do; what the
 * dispatcher began for it is taken back. Requests that may not wait for a reply
 * (READ, WRITE, FLUSH, RELEASE, RELEASEDIR, FORGET, ...) cannot be refused: they
 * are sent. Returns error, or -ENOSYS where it cannot be refused.
 */
__hidden int ext_refuse(struct extfuse_req *ctx, int error);

/* ---- Names ---- */

/* Names up to this size, NUL included, have short rows. */
#define EXT_NAME_SHORT 32
#define EXT_NAME_WORDS (EXT_NAME_SHORT / 8)
#define EXT_NAME_LONG 256

/*
 * A name in a directory. Its text is here if it is short. A longer
 * name stays in per-CPU memory until another one with the same parity of its
 * argument number is read, or the program ends. size 0: "." or "..", which are
 * never cached.
 */
struct ext_name {
	__u64 parent;
	__u64 text[EXT_NAME_WORDS];
	__u64 hash;
	__u32 size;
	__u32 slot;
};

__hidden int ext_name_load(struct extfuse_req *ctx, __u32 arg, __u32 size, struct ext_name *name);

/*
 * Read input number which (a constant) as a name in the directory parent.
 * Returns 0 or a negative errno; then name is not to be used.
 */
static __always_inline int ext_name_read(struct extfuse_req *ctx, __u64 parent, const int which,
					 struct ext_name *name)
{
	name->parent = parent;
	name->slot = which & 1;
	if (which == 0)
		return ext_name_load(ctx, IN_PARAM_0_VALUE, ctx->in_size[0], name);
	if (which == 1)
		return ext_name_load(ctx, IN_PARAM_1_VALUE, ctx->in_size[1], name);
	return ext_name_load(ctx, IN_PARAM_2_VALUE, ctx->in_size[2], name);
}

/* ---- Answers from the cache ---- */

/* 0: the policy keeps no rows, so there is no point in looking for one. */
__hidden int ext_caching(void);

/* Results of ext_get_*() that are no enum ext_miss. */
#define EXT_FOUND (-1)
#define EXT_NEGATIVE (-2)

/*
 * What the daemon would answer to LOOKUP of name, or to GETATTR of nodeid, if
 * the cache knows. Validities are what the daemon granted, and no longer than
 * the policy lets the rows live. Returns EXT_FOUND, EXT_NEGATIVE (entries: out
 * has nodeid 0 and the validity of that news), or the enum ext_miss for
 * ext_miss(), when out is not to be used.
 */
__hidden int ext_get_entry(const struct ext_name *name, struct fuse_entry_out *out);
__hidden int ext_get_attr(__u64 nodeid, struct fuse_attr_out *out);

/* ---- Making a change precise, in EXT_REQUEST ---- */

/*
 * The request changes name: say so before ext_narrow_names(). Room for two
 * names; one more is ignored, and the directory stays coarse.
 */
__hidden void ext_change_name(struct extfuse_req *ctx, const struct ext_name *name);

/*
 * The request changes inode nodeid besides its own and the context's children.
 * There is room for one; RENAME's has been taken by the new directory.
 */
__hidden void ext_change_inode(struct extfuse_req *ctx, __u64 nodeid);

/* The names that this request changes have all been said: others may be answered again. */
__hidden void ext_narrow_names(struct extfuse_req *ctx);

/* The inodes that this request changes have all been said (dispatcher's unknown opcodes). */
__hidden void ext_narrow_all(struct extfuse_req *ctx);

/* The request changes nothing after all, such as OPEN without O_TRUNC. */
__hidden void ext_harmless(struct extfuse_req *ctx);

/* 1: reading a file or directory is no change (atime=relaxed). */
__hidden int ext_atime_relaxed(void);

/* ---- The daemon's word, in EXT_REPLY and EXT_EVENT ---- */

/*
 * For replies that tell of inodes (LOOKUP, GETATTR, STATX) and the event
 * DIRENTPLUS the dispatcher has opened a section: nothing that they tell of is
 * answered until it is closed. Each of the following closes it; a section that
 * no handler closed is closed by the dispatcher, and kills what the reply could
 * have told of.
 */

/* 1: a section is open, so there is something to put. 0 under policies that cache nothing. */
__hidden int ext_telling(void);

/* The struct fuse_entry_out of the reply or event, read by the dispatcher; NULL without one. */
__hidden const struct fuse_entry_out *ext_told_entry(void);

/* name is entry (nodeid 0: does not exist; error -ENOENT: entry may be NULL). */
__hidden int ext_put_entry(struct extfuse_req *ctx, const struct ext_name *name,
			   const struct fuse_entry_out *entry);

/* The context's nodeid has these attributes. */
__hidden int ext_put_attr(struct extfuse_req *ctx, const struct fuse_attr_out *out);

/* The reply tells of no name that is cached, only of inodes. */
__hidden void ext_told_no_name(void);

/* Something was told that is not stored. */
__hidden int ext_told(void);

/* Nothing was told. */
__hidden int ext_told_nothing(void);

/*
 * A reply without a section (READ) revealed something of nodeid's size: it is
 * between least and most. A row that says otherwise dies.
 */
__hidden void ext_told_size(__u64 nodeid, __u64 least, __u64 most);

/* ---- Events ---- */

/*
 * For every other event the dispatcher has closed the stripes of the nodeid,
 * the child, and for events with a name those of all names of the nodeid.
 */

/* The name of this event; the directory's other names may be answered again. */
__hidden void ext_event_name(struct extfuse_req *ctx, const struct ext_name *name);

/* What the event is about has changed. Returns 0. */
__hidden int ext_event_changed(struct extfuse_req *ctx);

/* The event changes nothing that is cached. Returns 0. */
__hidden int ext_event_ignore(void);

/* Drop nodeid's dead row at once, to save memory. */
__hidden void ext_drop_attr(__u64 nodeid);

/* ---- Statistics ---- */

/* Something failed that should not; the request is sent all the same. */
__hidden void ext_count_error(struct extfuse_req *ctx);

#endif /* EXT_HANDLER_H */
