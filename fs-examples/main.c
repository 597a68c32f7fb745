// SPDX-License-Identifier: GPL-2.0-only
/* main.c - stackfs: a pass-through file system whose answers the kernel may cache */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "accel.h"
#include "control.h"
#include "creds.h"
#include "lock_owners.h"
#include "mounts.h"
#include "opstats.h"
#include "stackfs.h"
#include "startup.h"

static struct stackfs stackfs = { .covered = { .fd = -1 } };
static bool unmount_at_once;

/* Each file that the kernel knows costs a descriptor. */
static void raise_open_files(void)
{
	struct rlimit limit;
	unsigned long most = 0;
	FILE *file = fopen("/proc/sys/fs/nr_open", "re");

	if (file && fscanf(file, "%lu", &most) == 1) {
		limit.rlim_cur = limit.rlim_max = most;
		if (!setrlimit(RLIMIT_NOFILE, &limit))
			most = 0;
	}
	if (file)
		fclose(file);
	if (most && !getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int open_source(struct stackfs *fs)
{
	struct stat st;
	int fd = open(fs->opts.source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0) {
		say("source '%s': %s; it must be an existing directory", fs->opts.source,
		    strerror(errno));
		return -1;
	}
	if (stat_fd(fd, &st) < 0) {
		say("source '%s': %s", fs->opts.source, strerror(errno));
		close(fd);
		return -1;
	}
	err = inode_table_init(&fs->inodes, fd, fs->opts.debug_reuse_nodeid, locks_free);
	if (err)
		say("source '%s': %s", fs->opts.source, strerror(-err));
	return err ? -1 : 0;
}

/* With a policy the start is over when it is known whether the kernel attached it. */
static void initialised(struct stackfs *fs)
{
	if (!fs->ext)
		startup_done(0);
}

static void decided(struct stackfs *fs, bool keep)
{
	if (keep) {
		startup_done(0);
		return;
	}
	unmount_at_once = true;
	fuse_session_exit(fs->session);
}

static void save_opstats(const struct stackfs *fs)
{
	int err = fs->opts.opstats ? opstats_write(fs->opts.opstats) : 0;

	if (err)
		say("cannot write opstats=%s: %s", fs->opts.opstats, strerror(-err));
}

/* SIGUSR1 is blocked everywhere and taken here. */
static void *opstats_thread(void *data)
{
	const struct stackfs *fs = data;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (!sigwait(&set, &signal))
		save_opstats(fs);
	return NULL;
}

static int start_opstats(struct stackfs *fs)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (!fs->opts.opstats)
		return 0;
	err = opstats_write(fs->opts.opstats);
	if (!err)
		err = run_detached(opstats_thread, fs);
	if (err)
		say("cannot write opstats=%s: %s; name a file in a directory that you may write to",
		    fs->opts.opstats, strerror(-err));
	return err ? -1 : 0;
}

static int loop(struct stackfs *fs)
{
	struct fuse_loop_config *config;
	int res;

	if (fs->opts.single_thread)
		return fuse_session_loop(fs->session);
	config = fuse_loop_cfg_create();
	fuse_loop_cfg_set_clone_fd(config, fs->opts.clone_fd);
	fuse_loop_cfg_set_max_threads(config, fs->opts.max_threads);
	fuse_loop_cfg_set_idle_threads(config, fs->opts.max_idle_threads);
	res = fuse_session_loop_mt(fs->session, config);
	fuse_loop_cfg_destroy(config);
	return res;
}

/* From the mount to its end. Returns the exit status. */
static int serve_mounted(struct stackfs *fs)
{
	if (accel_attach(fs, decided) < 0 || control_start(fs) < 0)
		return 1;
	/* A signal that asks to end is no failure, an error of the device is. */
	return loop(fs) < 0 || unmount_at_once;
}

static int serve(struct stackfs *fs)
{
	struct options *opts = &fs->opts;
	int status;

	raise_open_files();
	umask(0);
	creds_init();
	if (open_source(fs) < 0 || mounts_check(fs) < 0 || start_opstats(fs) < 0 ||
	    accel_load(fs) < 0)
		return 1;
	fs->session = fuse_session_new(&opts->fuse, &stackfs_ops, sizeof(stackfs_ops), fs);
	if (!fs->session) {
		say("%s; 'stackfs --help' lists the options", startup_fuse_error());
		return 1;
	}
	/* Before the mount: what has begun is ended properly. */
	if (fuse_set_signal_handlers(fs->session) < 0) {
		say("cannot catch signals: %s", startup_fuse_error());
		return 1;
	}
	fs->on_init = initialised;
	atomic_store(&fs->passthrough, opts->passthrough);
	if (fuse_session_mount(fs->session, opts->mountpoint) < 0) {
		say("cannot mount on '%s': %s", opts->mountpoint, startup_fuse_error());
		accel_close(fs);
		fuse_session_destroy(fs->session);
		return 1;
	}
	status = serve_mounted(fs);
	fuse_session_unmount(fs->session);
	fuse_remove_signal_handlers(fs->session);
	control_stop(fs);
	save_opstats(fs);
	accel_close(fs);
	fuse_session_destroy(fs->session);
	return status;
}

static void print_versions(void)
{
	printf("stackfs %s\nlibfuse %s\n", STACKFS_VERSION, fuse_pkgversion());
}

int main(int argc, char *argv[])
{
	struct options *opts = &stackfs.opts;
	char err[1024];
	int status;

	fuse_set_log_func(startup_fuse_log);
	if (options_parse(opts, argc, argv, err, sizeof(err)) < 0) {
		say("%s", err);
		return 1;
	}
	if (opts->help || opts->version) {
		if (opts->help)
			options_usage();
		else
			print_versions();
		options_free(opts);
		return 0;
	}
	if (options_resolve(opts, err, sizeof(err)) < 0) {
		say("%s", err);
		return 1;
	}
	startup_begin(opts->foreground);
	if (!opts->foreground && chdir("/") < 0)
		say("cannot change to the root directory: %s", strerror(errno));
	status = serve(&stackfs);
	startup_done(status);
	return status;
}
