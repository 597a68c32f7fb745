// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * hide.bpf.c - names that match a pattern do not exist, and cannot be made
 *
 * A handler that does something other than caching. With
 *
 *	-o policy=writeinval,handler=build/examples/hide.bpf.o,hide=.DS_Store:*.tmp
 *
 * looking up such a name fails with ENOENT and making one (open, mkdir, mknod,
 * symlink, link, rename) with EPERM, in every directory of the mount, under any
 * policy, and the daemon is never asked. Patterns are separated by ':' and match
 * a whole name byte by byte: '*' stands for any bytes, '?' for one. Good against
 * droppings and for trees with parts that nobody should stumble over. Bad as a
 * wall: directories list what they hold (a program cannot edit the pages of a
 * READDIR reply), and the kernel sends some lookups to the daemon whatever a
 * program says.
 *
 * How a handler of one's own is written (handler.h is the contract). It replaces
 * the built-in handlers of its opcodes as a whole. So what those do for the cache
 * is done here as well, for names that are not hidden: LOOKUP asks the cache
 * and stores what the daemon replies, and each request that changes a name says
 * which one. Forgetting that would cost answers and no coherence: then the
 * dispatcher holds all names of the directory closed. A request is refused with
 * ext_refuse(), which also takes back what was begun for it; nothing is left to
 * do at a reply, since there is none.
 */
#include "opcodes.h"

EXT_HANDLER("hides names that match the patterns in hide=, and refuses to make them");
EXT_LICENSE;

#define PATTERNS 128
EXT_PARAM_STRING(hide, 128, "", "patterns of names to hide, such as .DS_Store:*.tmp");

/* More than any name and any patterns take: each byte of one meets each byte of the other once. */
#define STEPS (EXT_NAME_LONG * PATTERNS)

/* The name that is looked at: a handler's stack is too small for one. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[EXT_NAME_LONG]);
} hide_name SEC(".maps");

/* Where the comparison stands. */
struct match {
	const char *name;
	__u32 at;	/* in the name */
	__u32 pattern;	/* in the patterns */
	__u32 retry_at; /* where the last '*' ends for now, */
	__u32 retry;	/* and the pattern behind it; 0: there was none */
	__u32 skip;	/* this pattern has failed: on to the next */
	__u32 found;
};

static long mismatch(struct match *m)
{
	/* The last '*' takes one byte more, if there is one. */
	if (m->retry) {
		m->at = ++m->retry_at;
		m->pattern = m->retry;
	} else {
		m->skip = 1;
	}
	return 0;
}

/* One step; returns 1 when it is decided. */
static long step(__u32 i, void *data)
{
	struct match *m = data;
	char p = ext_param_hide[m->pattern & (PATTERNS - 1)];
	char c = m->name[m->at & (EXT_NAME_LONG - 1)];

	if (m->skip) {
		if (!p)
			return 1;
		m->pattern++;
		if (p == ':') {
			m->skip = 0;
			m->retry = 0;
			m->at = 0;
		}
		return 0;
	}
	if (p == '*') {
		m->retry = ++m->pattern;
		m->retry_at = m->at;
		return 0;
	}
	if (!p || p == ':') {
		if (!c) {
			m->found = 1;
			return 1;
		}
		return mismatch(m);
	}
	if (!c) {
		/* More bytes for a '*' would leave fewer still. */
		m->skip = 1;
		return 0;
	}
	if (p != '?' && p != c)
		return mismatch(m);
	m->pattern++;
	m->at++;
	return 0;
}

/* Does one of the patterns match the name? */
static __noinline int matches(const char *name)
{
	struct match m = { .name = name };

	if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
		return 0;
	bpf_loop(STEPS, step, &m, 0);
	return m.found;
}

/* How opcodes.h reads a name: its bytes, and as the cache knows it. */
typedef int (*text_reader)(struct extfuse_req *ctx, char *text);
typedef int (*name_reader)(struct extfuse_req *ctx, struct ext_name *name);

/* Is the name hidden? One that cannot be read is the daemon's affair. */
static __always_inline int hidden(struct extfuse_req *ctx, text_reader text)
{
	__u32 zero = 0;
	char *name = bpf_map_lookup_elem(&hide_name, &zero);

	if (!name || !ext_param_hide[0] || text(ctx, name))
		return 0;
	return matches(name);
}

/* ---- Names that are looked up ---- */

EXT_REQUEST(LOOKUP)
{
	struct fuse_entry_out out;
	struct ext_name name;
	int found;

	if (hidden(ctx, ext_lookup_text))
		return ext_refuse(ctx, -ENOENT);

	if (!ext_caching())
		return ext_miss(ctx, EXT_MISS_ABSENT);
	if (ext_lookup_name(ctx, &name))
		return ext_miss(ctx, EXT_MISS_ERROR);
	/* "." and "..": never cached. */
	if (!name.size)
		return ext_miss(ctx, EXT_MISS_ABSENT);
	found = ext_get_entry(&name, &out);
	if (found >= 0)
		return ext_miss(ctx, found);
	if (found == EXT_NEGATIVE && !out.entry_valid && !out.entry_valid_nsec)
		return ext_negative_hit(ctx, -ENOENT);
	if (ext_lookup_answer(ctx, &out))
		return ext_miss(ctx, EXT_MISS_ERROR);
	return found == EXT_NEGATIVE ? ext_negative_hit(ctx, 0) : ext_hit(ctx);
}

EXT_REPLY(LOOKUP)
{
	struct ext_name name;

	if (!ext_telling())
		return 0;
	if (ext_lookup_name(ctx, &name))
		return ext_told();
	return ext_put_entry(ctx, &name, ctx->error ? NULL : ext_told_entry());
}

/* ---- Names that are changed ---- */

/* The request changes its name, if that is not hidden. */
static __always_inline int changes(struct extfuse_req *ctx, text_reader text, name_reader read,
				   int error)
{
	struct ext_name name;

	if (hidden(ctx, text))
		return ext_refuse(ctx, error);
	if (read(ctx, &name))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_name(ctx, &name);
	ext_narrow_names(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}

EXT_REQUEST(CREATE)
{
	return changes(ctx, ext_create_text, ext_create_name, -EPERM);
}

EXT_REQUEST(MKNOD)
{
	return changes(ctx, ext_mknod_text, ext_mknod_name, -EPERM);
}

EXT_REQUEST(MKDIR)
{
	return changes(ctx, ext_mkdir_text, ext_mkdir_name, -EPERM);
}

EXT_REQUEST(SYMLINK)
{
	return changes(ctx, ext_symlink_text, ext_symlink_name, -EPERM);
}

EXT_REQUEST(LINK)
{
	return changes(ctx, ext_link_text, ext_link_name, -EPERM);
}

EXT_REQUEST(UNLINK)
{
	return changes(ctx, ext_unlink_text, ext_unlink_name, -ENOENT);
}

EXT_REQUEST(RMDIR)
{
	return changes(ctx, ext_rmdir_text, ext_rmdir_name, -ENOENT);
}

/* An exchange makes both names. */
static __always_inline int renames(struct extfuse_req *ctx)
{
	struct ext_rename rename;

	if (hidden(ctx, ext_rename_from_text))
		return ext_refuse(ctx, -ENOENT);
	if (hidden(ctx, ext_rename_to_text))
		return ext_refuse(ctx, -EPERM);
	if (ext_rename2_in(ctx, &rename))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_name(ctx, &rename.from);
	ext_change_name(ctx, &rename.to);
	ext_narrow_names(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}

EXT_REQUEST(RENAME)
{
	return renames(ctx);
}

EXT_REQUEST(RENAME2)
{
	return renames(ctx);
}
