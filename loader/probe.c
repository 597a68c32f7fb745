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

/* Does the kernel know the newest of what a program may return? It says so itself in a test run. */
static bool knows_quiet_upcalls(int fd)
{
	const struct extfuse_req request = { .phase = EXTFUSE_REQUEST };

	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &request, .ctx_size_in = sizeof(request));

	return !bpf_prog_test_run_opts(fd, &run) && (int)run.retval == EXTFUSE_UPCALL_QUIET;
}

int ext_probe_prog_type(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .dst_reg = BPF_REG_0,
		  .imm = EXTFUSE_UPCALL_QUIET },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_EXTFUSE, "ext_probe", "GPL", insns,
			       EXT_ARRAY_SIZE(insns), NULL);

	if (fd >= 0) {
		bool known = knows_quiet_upcalls(fd);

		close(fd);
		return known ? 0 : -EPROTONOSUPPORT;
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
