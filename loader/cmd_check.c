// SPDX-License-Identifier: GPL-2.0-only
/* cmd_check.c - extfuse check */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#include "cmd.h"
#include "mounts.h"

#define FUSE_CTL_SUPER_MAGIC 0x65735543

static bool usable = true;

/* "yes"/"no" and, for what is missing, what to do. */
static void report(bool ok, const char *what, const char *state, const char *advice)
{
	printf("%-4s %s: %s%s%s\n", ok ? "ok" : "no", what, state, ok ? "" : "; ",
	       ok ? "" : advice);
	if (!ok)
		usable = false;
}

static void check_switch(void)
{
	switch (ext_probe_switch()) {
	case EXT_SWITCH_ON:
		report(true, "fuse.extfuse", "on", "");
		break;
	case EXT_SWITCH_OFF:
		report(false, "fuse.extfuse", "off",
		       "write Y to /sys/module/fuse/parameters/extfuse, or boot with "
		       "fuse.extfuse=1");
		break;
	case EXT_SWITCH_ABSENT:
		report(false, "fuse.extfuse", "this kernel's FUSE has no such parameter",
		       "boot a kernel built by kernel/build.sh");
		break;
	default:
		report(false, "fuse.extfuse", "unknown",
		       "mount sysfs on /sys, load the module fuse");
		break;
	}
}

static void check_type(int err)
{
	if (!err)
		report(true, "program type", "can be loaded", "");
	else if (err == -EPERM)
		report(false, "program type", "no permission to load BPF",
		       "run as root, or with CAP_BPF and CAP_PERFMON");
	else if (err == -EOPNOTSUPP)
		report(false, "program type", "unknown to this kernel",
		       "boot a kernel built by kernel/build.sh");
	else if (err == -EPROTONOSUPPORT)
		report(false, "program type", "older than this library",
		       "boot a kernel built by its kernel/build.sh");
	else
		report(false, "program type", strerror(-err), "see the kernel's log");
}

/* Reads the opcode into the stack, or writes four bytes of it: enough for the verifier to judge. */
static int probe_helper(int id)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = OPCODE },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = BPF_REG_3,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_3, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_4, .imm = 4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = id },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_EXTFUSE, "ext_probe", "GPL", insns,
			       EXT_ARRAY_SIZE(insns), NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void check_helper(const char *name, int id, int type_err)
{
	int err = type_err ? type_err : probe_helper(id);

	if (!err)
		report(true, name, "can be called", "");
	else if (type_err)
		report(false, name, "not tried", "it needs the program type");
	else
		report(false, name, "refused", "boot a kernel built by kernel/build.sh");
}

/* Only status and stats need it. */
static void check_fusectl(void)
{
	struct statfs fs;
	bool mounted = !statfs(EXT_CONNECTIONS, &fs) && fs.f_type == FUSE_CTL_SUPER_MAGIC;

	if (mounted)
		printf("ok   fusectl: mounted\n");
	else
		printf("note fusectl: not mounted; status and stats need it: mount -t fusectl fusectl %s\n",
		       EXT_CONNECTIONS);
}

static void check_objects(void)
{
	_cleanup_strings_ struct ext_strings policies = { 0 };
	_cleanup_strings_ struct ext_strings handlers = { 0 };
	_cleanup_free_ char *searched = ext_search_path_text();
	bool found = !ext_find_policies(&policies) && !ext_find_handlers(&handlers) && policies.n &&
		     handlers.n;
	char state[64];

	snprintf(state, sizeof(state), found ? "%zu policies, %zu handlers" : "not found",
		 policies.n, handlers.n);
	report(found, "objects", state, "set EXTFUSE_OBJECT_PATH");
	printf("     searched: %s\n", searched ? searched : "?");
}

int cmd_check(int argc, char **argv)
{
	struct utsname uts;
	int code = cmd_no_arguments(argc, argv);

	if (code)
		return code;
	if (!uname(&uts))
		printf("     kernel: %s\n", uts.release);
	check_switch();

	int err = ext_probe_prog_type();

	check_type(err);
	check_helper("bpf_extfuse_read_args", BPF_FUNC_extfuse_read_args, err);
	check_helper("bpf_extfuse_write_args", BPF_FUNC_extfuse_write_args, err);
	if (access("/dev/fuse", R_OK | W_OK))
		report(false, "/dev/fuse", strerror(errno), "load the module fuse, or run as root");
	else
		report(true, "/dev/fuse", "can be opened", "");
	check_fusectl();
	check_objects();
	printf("%s\n", usable ? "ExtFUSE can be used" : "ExtFUSE cannot be used");
	return usable ? 0 : EXIT_TROUBLE;
}
