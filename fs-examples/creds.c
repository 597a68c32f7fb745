// SPDX-License-Identifier: GPL-2.0-only
/* creds.c - act on the source as the process that made the request */
#include "creds.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_GROUPS = 65536 };

/* The capabilities that setfsuid() takes away and gives back. */
static const uint64_t fs_caps = 1ULL << CAP_CHOWN | 1ULL << CAP_MKNOD | 1ULL << CAP_DAC_OVERRIDE |
				1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_FOWNER |
				1ULL << CAP_FSETID | 1ULL << CAP_LINUX_IMMUTABLE |
				1ULL << CAP_MAC_OVERRIDE;

static bool privileged;
static ino_t own_userns;

static ino_t userns_of(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

void creds_init(void)
{
	privileged = geteuid() == 0;
	if (!privileged)
		return;
	own_userns = userns_of(getpid());
	/* Root's own groups give it nothing; without them there is nothing to restore. */
	if (setgroups(0, NULL) < 0)
		privileged = false;
}

struct caller {
	gid_t *groups;
	size_t n_groups;
	uint64_t caps;
};

static void read_groups(const char *text, struct caller *caller)
{
	size_t room = 0;

	for (;;) {
		char *end;
		unsigned long gid = strtoul(text, &end, 10);

		if (end == text || caller->n_groups == MAX_GROUPS)
			return;
		text = end;
		if (caller->n_groups == room) {
			gid_t *more = realloc(caller->groups, (room + 32) * sizeof(*more));

			if (!more)
				return;
			caller->groups = more;
			room += 32;
		}
		caller->groups[caller->n_groups++] = (gid_t)gid;
	}
}

/* A caller that cannot be read (another PID namespace) has no groups and no capabilities. */
static void read_caller(pid_t pid, struct caller *caller)
{
	char path[64];
	char *line = NULL;
	size_t size = 0;
	FILE *status;

	*caller = (struct caller){};
	if (pid <= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	if (!status)
		return;
	while (getline(&line, &size, status) > 0) {
		if (!strncmp(line, "Groups:", 7))
			read_groups(line + 7, caller);
		else if (sscanf(line, "CapEff: %" SCNx64, &caller->caps) == 1)
			break;
	}
	free(line);
	fclose(status);
	caller->caps &= fs_caps;
	/* In another user namespace they say nothing about our files. */
	if (caller->caps && userns_of(pid) != own_userns)
		caller->caps = 0;
}

/* glibc's wrappers change all threads or report nothing: these are the system calls. */
static int raise_caps(uint64_t caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	data[0].effective |= (uint32_t)caps & data[0].permitted;
	data[1].effective |= (uint32_t)(caps >> 32) & data[1].permitted;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* The umask belongs to what threads share, until a thread unshares it. */
static int set_umask(mode_t mask)
{
	static _Thread_local bool own_umask;

	if (!own_umask) {
		if (unshare(CLONE_FS) < 0)
			return -errno;
		own_umask = true;
	}
	umask(mask);
	return 0;
}

int creds_assume(fuse_req_t req, bool with_umask, struct creds *creds)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct caller caller;
	int err = 0;

	*creds = (struct creds){};
	if (with_umask)
		err = set_umask(ctx->umask);
	if (err || !privileged || (!ctx->uid && !ctx->gid))
		return err;

	read_caller(ctx->pid, &caller);
	creds->changed = true;
	if (caller.n_groups) {
		creds->groups = true;
		if (syscall(SYS_setgroups, caller.n_groups, caller.groups) < 0)
			err = -errno;
	}
	free(caller.groups);
	syscall(SYS_setfsgid, ctx->gid);
	syscall(SYS_setfsuid, ctx->uid);
	if (!err && ctx->uid && caller.caps)
		err = raise_caps(caller.caps);
	if (err)
		creds_restore(creds);
	return err;
}

void creds_restore(struct creds *creds)
{
	int error = errno;

	if (creds->changed) {
		syscall(SYS_setfsuid, 0);
		syscall(SYS_setfsgid, 0);
	}
	if (creds->groups)
		syscall(SYS_setgroups, 0, NULL);
	*creds = (struct creds){};
	errno = error;
}
