// SPDX-License-Identifier: GPL-2.0-only
/* options_paths.c - absolute paths, and what libfuse is told of the mount */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct failure {
	char *err;
	size_t err_size;
};

#define FAIL(failure, ...) (snprintf((failure)->err, (failure)->err_size, __VA_ARGS__), -1)

/* An absolute path for one that may not exist yet. */
static char *absolute(const char *path)
{
	char *cwd, *joined;

	if (path[0] == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd || asprintf(&joined, "%s/%s", cwd, path) < 0)
		joined = NULL;
	free(cwd);
	return joined;
}

static int make_absolute(char **path)
{
	char *whole = *path ? absolute(*path) : NULL;

	if (!*path)
		return 0;
	if (!whole)
		return -1;
	free(*path);
	*path = whole;
	return 0;
}

/* Each part of "ttl+./mine.bpf.o" that contains a '/' is a path. */
static int resolve_policy(char **policy)
{
	char *rest = *policy;
	char *out = NULL;
	char *part;

	/* Empty parts stay, for the library to refuse. */
	while ((part = strsep(&rest, "+"))) {
		char *whole = strchr(part, '/') ? absolute(part) : strdup(part);
		char *longer = NULL;
		int n = whole ? asprintf(&longer, "%s%s%s", out ? out : "", out ? "+" : "", whole)
			      : -1;

		free(whole);
		free(out);
		if (n < 0)
			return -1;
		out = longer;
	}
	free(*policy);
	*policy = out;
	return 0;
}

/* A '/' at the end of a mount point would keep it from being found in the list of mounts. */
static int resolve_directory(struct failure *p, char **path, const char *what)
{
	char *real = realpath(*path, NULL);

	if (!real && errno == ENOTCONN)
		return FAIL(p,
			    "%s '%s' is a mount whose daemon died; "
			    "unmount it first: fusermount3 -u '%s'",
			    what, *path, *path);
	if (!real)
		return FAIL(p, "%s '%s': %s; it must be an existing directory", what, *path,
			    strerror(errno));
	free(*path);
	*path = real;
	return 0;
}

static int tell_libfuse(struct options *opts)
{
	char *option = NULL;

	if (!opts->fsname_given) {
		char *text = NULL;
		int bad = asprintf(&text, "fsname=%s", opts->source) < 0 ||
			  fuse_opt_add_opt_escaped(&option, text) < 0;

		free(text);
		if (bad)
			return -1;
	}
	if (!opts->subtype_given && fuse_opt_add_opt(&option, "subtype=stackfs") < 0)
		return -1;
	/*
	 * The daemon may do more than the callers: with other users it must be the kernel that
	 * checks permissions.
	 */
	if ((opts->allow_other || opts->allow_root) && !opts->default_permissions) {
		opts->default_permissions = true;
		if (fuse_opt_add_opt(&option, "default_permissions") < 0)
			return -1;
	}
	if (!option)
		return 0;

	int bad = fuse_opt_add_arg(&opts->fuse, "-o") < 0 ||
		  fuse_opt_add_arg(&opts->fuse, option) < 0;

	free(option);
	return bad ? -1 : 0;
}

int options_resolve(struct options *opts, char *err, size_t err_size)
{
	struct failure failure = { .err = err, .err_size = err_size };

	if (resolve_directory(&failure, &opts->source, "source") < 0)
		return -1;
	/* An open /dev/fuse that mount.fuse3 hands over. */
	if (strncmp(opts->mountpoint, "/dev/fd/", 8) != 0 &&
	    resolve_directory(&failure, &opts->mountpoint, "mount point") < 0)
		return -1;

	bool bad = make_absolute(&opts->opstats) < 0 || make_absolute(&opts->control) < 0 ||
		   (opts->policy && resolve_policy(&opts->policy) < 0) || tell_libfuse(opts) < 0;

	for (char **handler = opts->handlers; handler && *handler && !bad; handler++)
		bad = make_absolute(handler) < 0;
	return bad ? FAIL(&failure, "out of memory") : 0;
}
