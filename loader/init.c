// SPDX-License-Identifier: LGPL-2.1-or-later
/* init.c - reads INIT requests and completes INIT replies; knows bytes, not sessions */
#include <linux/fuse.h>
#include <stddef.h>
#include <string.h>

#include "internal.h"

_Static_assert(sizeof(struct fuse_init_out) == 64, "the reply ends with the program's descriptor");
_Static_assert(sizeof(struct fuse_out_header) + sizeof(struct fuse_init_out) <= EXT_INIT_REPLY_MAX,
	       "room for a completed reply");

bool ext_init_request(const void *buf, size_t len, struct ext_init_request *request)
{
	struct fuse_in_header head;
	struct fuse_init_in init = { 0 };

	if (len < sizeof(head))
		return false;
	memcpy(&head, buf, sizeof(head));
	if (head.opcode != FUSE_INIT)
		return false;

	/* Old kernels send less; what is missing is zero, so nothing is offered. */
	size_t body = len - sizeof(head);

	memcpy(&init, (const char *)buf + sizeof(head), body < sizeof(init) ? body : sizeof(init));

	uint64_t flags = init.flags;

	if (flags & FUSE_INIT_EXT)
		flags |= (uint64_t)init.flags2 << 32;
	*request = (struct ext_init_request){
		.unique = head.unique,
		.extfuse_offered = init.major == FUSE_KERNEL_VERSION && (flags & FUSE_FS_EXTFUSE),
		.passthrough_offered =
			init.major == FUSE_KERNEL_VERSION && (flags & FUSE_PASSTHROUGH),
	};
	return true;
}

size_t ext_init_complete(const struct ext_init_request *request,
			 const struct ext_init_answer *answer, const void *in, size_t len,
			 void *out)
{
	struct fuse_out_header head;
	struct fuse_init_out init = { 0 };
	bool attach = answer->prog_fd >= 0 && request->extfuse_offered;
	bool passthrough = answer->passthrough_depth && request->passthrough_offered;

	if ((!attach && !passthrough) || len < sizeof(head) || len > EXT_INIT_REPLY_MAX)
		return 0;
	memcpy(&head, in, sizeof(head));

	size_t body = len - sizeof(head);

	/* Up to flags the layout is that of protocol 7.6; shorter replies negotiate nothing. */
	if (head.error || body < offsetof(struct fuse_init_out, max_background))
		return 0;
	memcpy(&init, (const char *)in + sizeof(head), body < sizeof(init) ? body : sizeof(init));
	if (init.major != FUSE_KERNEL_VERSION)
		return 0;

	uint64_t flags = FUSE_INIT_EXT;

	if (attach) {
		flags |= FUSE_FS_EXTFUSE;
		init.extfuse_prog_fd = (uint32_t)answer->prog_fd;
	}
	if (passthrough) {
		flags |= FUSE_PASSTHROUGH;
		init.max_stack_depth = answer->passthrough_depth;
	}
	/* A reply without FUSE_INIT_EXT may carry anything in what is now flags2. */
	if (!(init.flags & FUSE_INIT_EXT))
		init.flags2 = 0;
	init.flags |= (uint32_t)flags;
	init.flags2 |= (uint32_t)(flags >> 32);

	size_t total = body > sizeof(init) ? len : sizeof(head) + sizeof(init);

	memcpy(out, in, len);
	head.len = (uint32_t)total;
	memcpy(out, &head, sizeof(head));
	memcpy((char *)out + sizeof(head), &init, sizeof(init));
	return total;
}
