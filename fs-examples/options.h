/* SPDX-License-Identifier: GPL-2.0-only */
/* options.h - the command line of stackfs, checked and with absolute paths */
#ifndef STACKFS_OPTIONS_H
#define STACKFS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)
#include <fuse_lowlevel.h>

enum cache_mode { CACHE_NONE, CACHE_AUTO, CACHE_ALWAYS };

struct options {
	bool foreground;
	bool debug;
	bool single_thread;
	bool help;
	bool version;
	bool clone_fd;
	unsigned int max_threads;
	unsigned int max_idle_threads;

	char *source;
	char *mountpoint;
	bool allow_other;
	bool allow_root;
	bool default_permissions;
	bool fsname_given;
	bool subtype_given;

	double entry_timeout;
	double attr_timeout;
	double negative_timeout;
	enum cache_mode cache;
	bool writeback;
	bool passthrough;
	bool no_xattr;

	char *policy;	 /* NULL: a plain FUSE file system */
	char **params;	 /* "name=value" for the policy, NULL-terminated, or NULL */
	char **handlers; /* likewise */
	bool fill_daemon;
	bool extfuse_require;
	char *opstats;
	char *control;

	/* for tests */
	bool debug_reuse_nodeid;
	unsigned int debug_delay_lookup;  /* ms */
	unsigned int debug_delay_replies; /* us */
	char *debug_delay_prefix;

	/* what libfuse gets */
	struct fuse_args fuse;
	struct fuse_conn_info_opts *conn;
};

/*
 * Reads the command line and checks what can be checked without touching a file system. Returns
 * 0, or -1 with one line in @err that says what is wrong and what to do. options_free() in both
 * cases. With help or version nothing else is checked.
 */
int options_parse(struct options *opts, int argc, char *argv[], char *err, size_t err_size);

/*
 * Makes the paths of @opts absolute, because a daemon changes its working directory, and tells
 * libfuse the mount's source and type. Returns 0, or -1 with a line in @err.
 */
int options_resolve(struct options *opts, char *err, size_t err_size);
void options_free(struct options *opts);

void options_usage(void);

#endif
