// SPDX-License-Identifier: GPL-2.0-only
/* lookup.bpf.c - LOOKUP: what a name is, from the cache; the daemon's replies fill it */
#include "handler.h"

EXT_HANDLER("answers LOOKUP, positive and negative, and stores the daemon's replies");
EXT_LICENSE;

EXT_REQUEST(LOOKUP)
{
	struct fuse_entry_out out;
	struct ext_name name;
	int found;

	if (!ext_caching())
		return ext_miss(ctx, EXT_MISS_ABSENT);
	if (ext_name_read(ctx, ctx->nodeid, 0, &name))
		return ext_miss(ctx, EXT_MISS_ERROR);
	/* "." brings forgotten nodeids back to life, ".." changes with no word of it. */
	if (!name.size)
		return ext_miss(ctx, EXT_MISS_ABSENT);
	found = ext_get_entry(&name, &out);
	if (found >= 0)
		return ext_miss(ctx, found);

	/* Without a validity the news is an error, as the daemon's would be. */
	if (found == EXT_NEGATIVE && !out.entry_valid && !out.entry_valid_nsec)
		return ext_negative_hit(ctx, -ENOENT);
	if (bpf_extfuse_write_args(ctx, OUT_PARAM_0, &out, sizeof(out)) < 0)
		return ext_miss(ctx, EXT_MISS_ERROR);
	return found == EXT_NEGATIVE ? ext_negative_hit(ctx, 0) : ext_hit(ctx);
}

EXT_REPLY(LOOKUP)
{
	const struct fuse_entry_out *entry;
	struct ext_name name;

	if (!ext_telling())
		return 0;
	if (ext_name_read(ctx, ctx->nodeid, 0, &name))
		return ext_told();
	entry = ctx->error ? NULL : ext_told_entry();
	if (entry && !ext_valid_entry(entry))
		return ext_told();
	return ext_put_entry(ctx, &name, entry);
}
