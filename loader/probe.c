// SPDX-License-Identifier: LGPL-2.1-or-later
/* probe.c - what this kernel offers */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <string.h>

#include <bpf/bpf.h>

#include "internal.h"

#define SYSFS_FUSE "/sys/module/fuse"

enum ext_switch ext_probe_switch(void)
{
	_cleanup_fclose_ FILE *file = fopen(SYSFS_FUSE "/parameters/extfuse", "re");

	if (file) {
		int c = fgetc(file);

		return c == 'N' || c == 'n' || c == '0' ? EXT_SWITCH_OFF : EXT_SWITCH_ON;
	}
	/* Without sysfs, or with FUSE not loaded, its absence says nothing. */
	return errno == ENOENT && !access(SYSFS_FUSE, F_OK) ? EXT_SWITCH_ABSENT
							    : EXT_SWITCH_UNKNOWN;
}

int ext_probe_prog_type(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_EXTFUSE, "ext_probe", "GPL", insns,
			       EXT_ARRAY_SIZE(insns), NULL);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	switch (errno) {
	case EPERM:
	case EACCES:
		return -EPERM;
	case EINVAL:
	case ENOSYS:
		return -EOPNOTSUPP;
	default:
		return -errno;
	}
}
