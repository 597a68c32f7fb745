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
 * What may be assumed. A program runs with preemption disabled and may not
 * sleep; the same program runs on other CPUs at the same time, for other requests
 * of the same inode, too. It shares 512 bytes of stack with the functions that
 * it calls. These may be eight deep, the program included; one that calls
 * ext_put_...(), and so a policy's hook, is at six. Global names that begin with
 * ext_ are ours. It sees the context (struct extfuse_req of linux/extfuse.h) as
 * ctx: its fields are read one by one, each in its own size; cookie is the
 * dispatcher's and not to be written. Maps of its own are allowed.
 *
 * Every function here may be called from any program of this file's object
 * unless it says in which, is safe while others run, never sleeps and cannot
 * fail halfway. One that is called in the wrong place, or with nothing to do, does
 * nothing. Numbers of inodes (nodeid) are the daemon's; times are nanoseconds
 * where nothing else is said; errors are negative errnos, 0 is success.
 *
 * opcodes.h has what each request carries and each reply brings, by its name.
 * What an object was compiled with is in it (EXT_CONTRACT of ext_types.h): the
 * library refuses an older or newer one and says which to build again. The number
 * changes when a handler or policy that is right would no longer be.
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

/* What the handler does, in one sentence, for 'extfuse handlers'. Once per file. */
#define EXT_HANDLER(text) EXT_FACT(ext_fact_handler, "handler:" text)

/*
 * Parameters: mount options of stackfs (-o NAME=VALUE), global constants for the
 * program. The library checks the value and sets the variable ext_param_NAME
 * between open and load. A name may not be that of another parameter of the same
 * mount or of a mount option. The host build of the unit tests defines EXT_KNOB
 * itself, so that a test can set them.
 */
#ifndef EXT_KNOB
#define EXT_KNOB const volatile
#endif

/*
 * type is duration (u64 nanoseconds; needs a unit in the option: us, ms, s, m, h) or
 * count (u64, a plain integer). help is shown by 'extfuse policies'.
 */
#define EXT_PARAM(type, name, default_value, help) \
	EXT_KNOB __u64 ext_param_##name EXT_TAG("param:" #type ":" #name ":" help) = default_value

/* One of the words in values ("strict,relaxed"); the variable (u64) holds its index, from 0. */
#define EXT_PARAM_ENUM(name, default_value, values, help) \
	EXT_KNOB __u64 ext_param_##name EXT_TAG("param:enum=" values ":" #name ":" help) = \
		default_value

/*
 * A text of less than size bytes: ext_param_NAME is an array of size characters,
 * filled up with NULs. A mount option's value holds a comma as "\,".
 */
#define EXT_PARAM_STRING(name, size, default_value, help) \
	EXT_KNOB char ext_param_##name[size] EXT_TAG("param:string:" #name ":" help) = default_value

/* ---- Programs ---- */

/*
 * Programs and where they run: EXT_REQUEST(OPCODE) before a request is sent,
 * EXT_REPLY(OPCODE) when its reply arrived or it failed, exactly once for each
 * request that was not answered here, EXT_EVENT(EVENT) when the driver says that
 * its caches changed. OPCODE is one of enum fuse_opcode without FUSE_, EVENT one of
 * enum extfuse_event without EXTFUSE_EV_; another word is an error when the object
 * is opened. Each may stand once in an object, and an object that has one program
 * for an opcode stands for the opcode: the built-in handler's other phase is not
 * used then.
 *
 * A program for a request ends in ext_hit(), ext_negative_hit(), ext_miss() or
 * ext_refuse(), whose result it returns at once. Returning another number sends
 * the request to the daemon (-ENOSYS, or what is no error), or fails it with that
 * error and leaves what the dispatcher began for it unfinished: that costs the
 * answers for its inode until the file system is unmounted. What the programs for
 * replies and events return is ignored.
 */
#ifndef EXT_PROGRAM
#define EXT_PROGRAM(section, name) SEC(section) int name(struct extfuse_req *ctx)
#endif
#define EXT_REQUEST(opcode) EXT_PROGRAM("extfuse/" #opcode, on_##opcode)
#define EXT_REPLY(opcode) EXT_PROGRAM("extfuse/" #opcode "/reply", re_##opcode)
#define EXT_EVENT(event) EXT_PROGRAM("extfuse/event/" #event, ev_##event)

/* The license that the kernel sees; helpers of ExtFUSE are for GPL programs. */
#define EXT_LICENSE static char _license[] SEC("license") __attribute__((used)) = "GPL"

/*
 * The two helpers of the program type; linux/extfuse.h documents them and the
 * numbers of arguments. They return 0 or more on success.
 */
#ifndef EXT_FAKE_HELPERS
static long (*bpf_extfuse_read_args)(void *ctx, __u32 arg, void *dst, __u32 size) = (void *)212;
static long (*bpf_extfuse_write_args)(void *ctx, __u32 arg, const void *src,
				      __u32 size) = (void *)213;
#endif

/* ---- Outcome of a request ---- */

/*
 * EXT_REQUEST: the request is answered with the outputs that were written in full.
 * Valid for LOOKUP, GETATTR, STATX, GETXATTR, LISTXATTR, ACCESS and STATFS; the
 * kernel asks the daemon for any other, and for an answer that it does not like:
 * an output missing, a mode that is none, an inode that is not in use (then it
 * counts as a miss, not_live, and EXT_REPLY follows). Counts a hit. Returns 0.
 */
__hidden int ext_hit(struct extfuse_req *ctx);

/*
 * EXT_REQUEST: as ext_hit(), for the news that something does not exist. error is 0
 * when outputs say it (LOOKUP with nodeid 0), or the negative errno to answer with
 * (-ENOENT, -ENODATA, -ERANGE), which needs no outputs. Counts a negative hit.
 * Returns error.
 */
__hidden int ext_negative_hit(struct extfuse_req *ctx, int error);

/*
 * EXT_REQUEST: the daemon is to answer. reason (enum ext_miss) goes to the
 * statistics; the first one counts. Returns EXTFUSE_UPCALL, or EXTFUSE_UPCALL_QUIET
 * where nobody has a use for the reply.
 */
__hidden int ext_miss(struct extfuse_req *ctx, __u32 reason);

/*
 * EXT_REQUEST: fail the request with a negative errno (-511 to -1), whatever it
 * would do; what the dispatcher began for it is taken back. Requests that may not
 * wait for a reply (EXT_UNREFUSABLE in ext_types.h: READ, WRITE, FLUSH, RELEASE,
 * RELEASEDIR, ...) cannot be refused: they are sent, and a miss with the reason
 * error is counted. Counts a negative hit. Returns error, or as ext_miss() where it
 * cannot be refused.
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
 * Read input number which (a constant) as a name in the directory parent; opcodes.h
 * knows the numbers. Returns 0, -ENAMETOOLONG (more than 255 bytes, or none) or
 * another negative errno; then name is not to be used.
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
 * the cache knows: a consistent copy, as of a moment during this call. It is for
 * the request at hand, not for keeping. Validities (seconds and nanoseconds) are
 * what the daemon granted, and no longer than the policy lets the rows live.
 * Returns EXT_FOUND, EXT_NEGATIVE (entries: out
 * has nodeid 0 and the validity of that news), or the enum ext_miss for
 * ext_miss(), when out is not to be used.
 */
__hidden int ext_get_entry(const struct ext_name *name, struct fuse_entry_out *out);
__hidden int ext_get_attr(__u64 nodeid, struct fuse_attr_out *out);

/* ---- Extended attributes ---- */

/* Longer values and lists are not cached, nor are names longer than EXT_NAME_SHORT. */
#define EXT_XATTR_MAX 128

/* The value of an extended attribute, or the list of their names. */
struct ext_xattr {
	__u32 size; /* bytes of value; the rest of it is zero */
	__u32 reserved;
	__u64 value[EXT_XATTR_MAX / 8];
};

/*
 * The name of an extended attribute is read as that of an entry of its inode:
 * ext_name_read(ctx, ctx->nodeid, 1, &name) for GETXATTR. For LISTXATTR, which
 * has none, this makes one that no attribute has.
 */
__hidden void ext_name_of_list(__u64 nodeid, struct ext_name *name);

/*
 * What the daemon would answer to GETXATTR or LISTXATTR. Returns EXT_FOUND,
 * EXT_NEGATIVE (the attribute does not exist: ENODATA), or the enum ext_miss for
 * ext_miss(), when out is not to be used.
 */
__hidden int ext_get_xattr(const struct ext_name *name, struct ext_xattr *out);

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

/*
 * Each of the following is believed. What is said wrongly may be answered wrongly:
 * when in doubt, say nothing.
 */

/*
 * The names that this request changes have all been said: others in its
 * directories may be answered again.
 */
__hidden void ext_narrow_names(struct extfuse_req *ctx);

/* The inodes that this request changes have all been said (dispatcher's unknown opcodes). */
__hidden void ext_narrow_all(struct extfuse_req *ctx);

/* The request changes nothing after all, such as OPEN without O_TRUNC. */
__hidden void ext_harmless(struct extfuse_req *ctx);

/* 1: reading a file or directory is no change (atime=relaxed). */
__hidden int ext_atime_relaxed(void);

/* ---- The daemon's word, in EXT_REPLY and EXT_EVENT ---- */

/*
 * For replies that tell of inodes (LOOKUP, GETATTR, STATX, GETXATTR, LISTXATTR)
 * and the event DIRENTPLUS the dispatcher has opened a section: nothing that they
 * tell of is answered until it is closed. The functions ext_put_*() and
 * ext_told*() close it, except ext_told_no_name() and ext_told_size(); what comes
 * after the first of them does nothing. A section that no handler closed is closed
 * before the next program on this CPU, and kills what the reply could have told of.
 * Storing may fail (the policy does not want the row, it is full, something
 * changed meanwhile): then the rows that say otherwise are dead, the statistics
 * tell, and 0 is returned all the same.
 */

/* 1: a section is open, so there is something to put. 0 under policies that cache nothing. */
__hidden int ext_telling(void);

/*
 * The struct fuse_entry_out of the reply or event, read by the dispatcher; NULL
 * without one. Valid until this program ends.
 */
__hidden const struct fuse_entry_out *ext_told_entry(void);

/*
 * Would the driver take these from the daemon? What it would not take it does not
 * take from a program either, and complains each time: it is not worth a row.
 */
static __always_inline int ext_valid_attr(const struct fuse_attr *attr)
{
	/* Sockets, links, files, devices, directories and FIFOs, a bit each by their type */
	return (1U << (attr->mode >> 12 & 15) & 0x1556U) && !(attr->size >> 63);
}

static __always_inline int ext_valid_entry(const struct fuse_entry_out *entry)
{
	return !entry->nodeid || (entry->nodeid != FUSE_ROOT_ID && ext_valid_attr(&entry->attr));
}

/*
 * LOOKUP, DIRENTPLUS: name is entry. NULL, or nodeid 0: it does not exist; NULL is for
 * the error -ENOENT and no other. Returns 0.
 */
__hidden int ext_put_entry(struct extfuse_req *ctx, const struct ext_name *name,
			   const struct fuse_entry_out *entry);

/* GETATTR: the context's nodeid has these attributes. Returns 0. */
__hidden int ext_put_attr(struct extfuse_req *ctx, const struct fuse_attr_out *out);

/*
 * GETXATTR, LISTXATTR: name has this value; NULL: it does not exist, for the error
 * -ENODATA and no other. Returns 0.
 */
__hidden int ext_put_xattr(struct extfuse_req *ctx, const struct ext_name *name,
			   const struct ext_xattr *xattr);

/*
 * GETXATTR, LISTXATTR: the reply tells of name what is not stored: its row dies.
 * size is that of the value or list, or EXT_XATTR_UNKNOWN. Returns 0.
 */
#define EXT_XATTR_UNKNOWN (~0ULL)
__hidden int ext_told_xattr(const struct ext_name *name, __u64 size);

/* The reply tells of no name that is cached, only of inodes. */
__hidden void ext_told_no_name(void);

/* Something was told that is not stored: what may say otherwise dies. Returns 0. */
__hidden int ext_told(void);

/* Nothing was told: all rows stay. Believed, as ext_harmless() is. Returns 0. */
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
