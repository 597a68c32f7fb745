// SPDX-License-Identifier: GPL-2.0-only
/* fill.c - with fill=daemon, put what the daemon found into the kernel's cache */
#include "fill.h"

#include <extfuse.h>

static bool filling(const struct stackfs *fs)
{
	return fs->opts.fill_daemon && fs->ext;
}

uint64_t fill_begin(const struct stackfs *fs)
{
	return filling(fs) ? extfuse_fill_begin(fs->ext) : 0;
}

/* A fill that fails costs an answer from the cache; the reply is right all the same. */
void fill_entry(const struct stackfs *fs, uint64_t token, fuse_ino_t parent, const char *name,
		const struct fuse_entry_param *entry)
{
	if (filling(fs))
		extfuse_fill_entry(fs->ext, token, parent, name, entry->ino, entry->generation,
				   &entry->attr, entry->attr_timeout, entry->entry_timeout);
}

void fill_negative(const struct stackfs *fs, uint64_t token, fuse_ino_t parent, const char *name)
{
	if (filling(fs))
		extfuse_fill_negative(fs->ext, token, parent, name, fs->opts.negative_timeout);
}

void fill_attr(const struct stackfs *fs, uint64_t token, fuse_ino_t nodeid, const struct stat *st)
{
	if (filling(fs))
		extfuse_fill_attr(fs->ext, token, nodeid, st, fs->opts.attr_timeout);
}
