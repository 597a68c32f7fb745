/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* names.h - what the handlers of opcodes that change names have in common */
#ifndef EXT_NAMES_H
#define EXT_NAMES_H

#include "opcodes.h"

/*
 * The request changes name, which was read with the result err. When a name
 * cannot be read, all names of the directory stay closed until the reply.
 */
static __always_inline int ext_changes_name(struct extfuse_req *ctx, int err,
					    const struct ext_name *name)
{
	if (err)
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_name(ctx, name);
	ext_narrow_names(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}

/* RENAME and RENAME2. An exchange or a whiteout changes these two names, too. */
static __always_inline int ext_changes_two_names(struct extfuse_req *ctx)
{
	struct ext_rename rename;

	if (ext_rename2_in(ctx, &rename))
		return ext_miss(ctx, EXT_MISS_ERROR);
	ext_change_name(ctx, &rename.from);
	ext_change_name(ctx, &rename.to);
	ext_narrow_names(ctx);
	return ext_miss(ctx, EXT_MISS_ABSENT);
}

#endif /* EXT_NAMES_H */
