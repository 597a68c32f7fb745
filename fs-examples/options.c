// SPDX-License-Identifier: GPL-2.0-only
/* options.c - the command line of stackfs, checked and with absolute paths */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct options *opts;
	char *err;
	size_t err_size;
};

#define FAIL(parser, ...) (snprintf((parser)->err, (parser)->err_size, __VA_ARGS__), -1)

static const char usage[] = "usage: stackfs [-o OPTIONS] SOURCE MOUNTPOINT";
static const char try_help[] = "'stackfs --help' lists the options";

/* How a value is read, and into which kind of field. */
enum kind { SECONDS, COUNT, STRING, STRINGS, CHOICE };

struct choice {
	const char *name;
	int value;
};

static const struct choice cache_choices[] = {
	{ "none", CACHE_NONE },
	{ "never", CACHE_NONE },
	{ "auto", CACHE_AUTO },
	{ "always", CACHE_ALWAYS },
	{ NULL, 0 },
};
static const struct choice fill_choices[] = {
	{ "daemon", true },
	{ "reply", false },
	{ NULL, 0 },
};
static const struct choice extfuse_choices[] = {
	{ "auto", false },
	{ "require", true },
	{ NULL, 0 },
};

struct valued {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *expects;
	const struct choice *choices;
};

#define VALUED(n, k, field, what) \
	{ \
		.name = (n), .kind = (k), .offset = offsetof(struct options, field), \
		.expects = (what) \
	}
#define CHOSEN(n, field, what, list) \
	{ \
		.name = (n), .kind = CHOICE, .offset = offsetof(struct options, field), \
		.expects = (what), .choices = (list) \
	}

static const struct valued valued[] = {
	VALUED("entry_timeout", SECONDS, entry_timeout, "seconds, like 1.5"),
	VALUED("attr_timeout", SECONDS, attr_timeout, "seconds, like 1.5"),
	VALUED("negative_timeout", SECONDS, negative_timeout, "seconds, like 1.5"),
	CHOSEN("cache", cache, "none, auto or always", cache_choices),
	VALUED("max_threads", COUNT, max_threads, "a positive number"),
	VALUED("max_idle_threads", COUNT, max_idle_threads, "a positive number"),
	VALUED("policy", STRING, policy, "a policy, see 'extfuse policies'"),
	VALUED("handler", STRINGS, handlers, "the path of a handler's object"),
	CHOSEN("fill", fill_daemon, "reply or daemon", fill_choices),
	CHOSEN("extfuse", extfuse_require, "auto or require", extfuse_choices),
	VALUED("opstats", STRING, opstats, "the path of a file to write"),
	VALUED("control", STRING, control, "the path of a socket to make"),
	VALUED("debug_delay_lookup", COUNT, debug_delay_lookup, "milliseconds"),
	VALUED("debug_delay_replies", COUNT, debug_delay_replies, "microseconds"),
	VALUED("debug_delay_prefix", STRING, debug_delay_prefix, "the beginning of a name"),
};

struct flag {
	const char *name;
	size_t offset;
	bool pass_on; /* libfuse has to see it too */
};

#define FLAG(n, field, keep) \
	{ \
		.name = (n), .offset = offsetof(struct options, field), .pass_on = (keep) \
	}

static const struct flag flags[] = {
	FLAG("-f", foreground, false),
	FLAG("-s", single_thread, false),
	FLAG("-d", debug, true),
	FLAG("debug", debug, true),
	FLAG("-h", help, false),
	FLAG("--help", help, false),
	FLAG("-V", version, false),
	FLAG("--version", version, false),
	FLAG("clone_fd", clone_fd, false),
	FLAG("writeback", writeback, false),
	FLAG("passthrough", passthrough, false),
	FLAG("no_xattr", no_xattr, false),
	FLAG("allow_other", allow_other, true),
	FLAG("allow_root", allow_root, true),
	FLAG("default_permissions", default_permissions, true),
	FLAG("debug_reuse_nodeid", debug_reuse_nodeid, false),
};

/* Options that libfuse reads: of the mount and of the connection. */
/* clang-format off */
static const char *const libfuse_options[] = {
	"auto_unmount", "blkdev", "ro", "rw", "suid", "nosuid", "dev", "nodev",
	"exec", "noexec", "async", "sync", "dirsync", "noatime", "-n", "-r",
	"fsname=", "subtype=", "max_read=", "blksize=", "user=", "context=", "fscontext=",
	"defcontext=", "rootcontext=",
	"max_write=", "max_readahead=", "max_background=", "congestion_threshold=", "time_gran=",
	"async_read", "sync_read", "atomic_o_trunc", "no_remote_lock", "no_remote_flock",
	"no_remote_posix_lock", "splice_write", "no_splice_write", "splice_move", "no_splice_move",
	"splice_read", "no_splice_read", "auto_inval_data", "no_auto_inval_data", "readdirplus=no",
	"readdirplus=yes", "readdirplus=auto", "async_dio", "no_async_dio", "writeback_cache",
	"no_writeback_cache",
};

/* Meant for mount(8) and fstab(5), or for the kernel's defaults: nothing to do. */
static const char *const ignored_options[] = {
	"defaults", "auto", "noauto", "nofail", "_netdev", "user", "nouser", "users", "owner", "group",
	"noowner", "nogroup", "atime", "diratime", "relatime", "nostrictatime", "comment=", "x-",
	"X-",
};
/* clang-format on */

/* A name that ends in '=' or '-' is the beginning of an option. */
static bool listed(const char *const *list, size_t n, const char *option)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);
		char last = list[i][len - 1];

		if (last == '=' || (last == '-' && len > 1) ? !strncmp(list[i], option, len)
							    : !strcmp(list[i], option))
			return true;
	}
	return false;
}

#define LISTED(list, option) listed(list, sizeof(list) / sizeof((list)[0]), option)

static int append(char ***list, const char *text)
{
	size_t n = 0;

	while (*list && (*list)[n])
		n++;

	char **longer = realloc(*list, (n + 2) * sizeof(*longer));

	if (!longer)
		return -1;
	*list = longer;
	longer[n] = strdup(text);
	longer[n + 1] = NULL;
	return longer[n] ? 0 : -1;
}

static int replace(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -1;
	free(*field);
	*field = copy;
	return 0;
}

static int bad_value(struct parser *p, const struct valued *option, const char *value)
{
	return FAIL(p, "option %s: '%s' is not valid, expected %s", option->name, value,
		    option->expects);
}

static int read_seconds(struct parser *p, const struct valued *option, double *field,
			const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end || !(seconds >= 0) || seconds > (double)INT32_MAX)
		return bad_value(p, option, value);
	*field = seconds;
	return 0;
}

static int read_count(struct parser *p, const struct valued *option, unsigned int *field,
		      const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || !n || n > INT_MAX)
		return bad_value(p, option, value);
	*field = (unsigned int)n;
	return 0;
}

static int read_choice(struct parser *p, const struct valued *option, void *field,
		       const char *value)
{
	for (const struct choice *choice = option->choices; choice->name; choice++) {
		if (strcmp(choice->name, value) != 0)
			continue;
		if (option->choices == cache_choices)
			*(enum cache_mode *)field = (enum cache_mode)choice->value;
		else
			*(bool *)field = choice->value;
		return 0;
	}
	return bad_value(p, option, value);
}

static int read_value(struct parser *p, const struct valued *option, const char *value)
{
	void *field = (char *)p->opts + option->offset;

	switch (option->kind) {
	case SECONDS:
		return read_seconds(p, option, field, value);
	case COUNT:
		return read_count(p, option, field, value);
	case CHOICE:
		return read_choice(p, option, field, value);
	case STRING:
	case STRINGS:
		break;
	}
	if (!*value)
		return FAIL(p, "option %s needs a value: %s", option->name, option->expects);
	if (option->kind == STRING ? replace(field, value) : append(field, value))
		return FAIL(p, "out of memory");
	return 0;
}

static int unknown(struct parser *p, const char *arg)
{
	return FAIL(p, "unknown option '%s'; %s", arg, try_help);
}

/* Returns as libfuse wants it: 1 keeps @arg for libfuse, 0 has taken it, -1 is an error. */
static int read_option(struct parser *p, const char *arg)
{
	struct options *opts = p->opts;
	const char *equals = strchr(arg, '=');
	size_t name_len = equals ? (size_t)(equals - arg) : strlen(arg);

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].name, arg) != 0)
			continue;
		*(bool *)((char *)opts + flags[i].offset) = true;
		return flags[i].pass_on;
	}
	for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++) {
		if (strlen(valued[i].name) != name_len ||
		    strncmp(valued[i].name, arg, name_len) != 0)
			continue;
		if (!equals)
			return FAIL(p, "option %s needs a value: %s=..., %s", arg, arg,
				    valued[i].expects);
		return read_value(p, &valued[i], equals + 1);
	}
	if (LISTED(libfuse_options, arg)) {
		opts->fsname_given |= !strncmp(arg, "fsname=", 7);
		opts->subtype_given |= !strncmp(arg, "subtype=", 8);
		return 1;
	}
	if (LISTED(ignored_options, arg))
		return 0;
	if (arg[0] == '-' || !equals || !name_len)
		return unknown(p, arg);
	/* Whether it is a parameter of the policy is for the library to say. */
	return append(&opts->params, arg) ? FAIL(p, "out of memory") : 0;
}

static int process(void *data, const char *arg, int key, struct fuse_args *outargs)
{
	struct parser *p = data;
	struct options *opts = p->opts;
	char **path;

	(void)outargs;
	if (key == FUSE_OPT_KEY_OPT)
		return read_option(p, arg);
	if (key != FUSE_OPT_KEY_NONOPT)
		return 1;
	path = !opts->source ? &opts->source : &opts->mountpoint;
	if (*path)
		return FAIL(p, "one source and one mount point are expected, '%s' is too much; %s",
			    arg, try_help);
	return replace(path, arg) ? FAIL(p, "out of memory") : 0;
}

static int check_without_policy(struct parser *p)
{
	struct options *opts = p->opts;

	if (opts->params)
		return unknown(p, opts->params[0]);
	if (opts->handlers)
		return FAIL(p, "handler= has no meaning without policy=");
	if (opts->fill_daemon)
		return FAIL(p, "fill=daemon has no meaning without policy=");
	if (opts->extfuse_require)
		return FAIL(p, "extfuse=require has no meaning without policy=");
	return 0;
}

static int check(struct parser *p)
{
	struct options *opts = p->opts;

	if (!opts->source)
		return FAIL(p, "no source directory given; %s", usage);
	if (!opts->mountpoint)
		return FAIL(p, "no mount point given; %s", usage);
	if (opts->passthrough && opts->writeback)
		return FAIL(p, "passthrough cannot be combined with writeback");
	if (!opts->policy)
		return check_without_policy(p);
	/* libfuse enforces it in the daemon, which cached answers do not reach. */
	if (opts->allow_root)
		return FAIL(p, "allow_root cannot be combined with policy=; use allow_other");
	return 0;
}

int options_parse(struct options *opts, int argc, char *argv[], char *err, size_t err_size)
{
	struct parser parser = { .opts = opts, .err = err, .err_size = err_size };

	*opts = (struct options){
		.entry_timeout = 1.0,
		.attr_timeout = 1.0,
		.cache = CACHE_AUTO,
		.max_threads = 10,
		.max_idle_threads = 10,
		.fuse = FUSE_ARGS_INIT(argc, argv),
	};
	err[0] = '\0';
	if (fuse_opt_parse(&opts->fuse, &parser, NULL, process) < 0)
		return err[0] ? -1 : FAIL(&parser, "cannot read the command line; %s", try_help);
	opts->foreground |= opts->debug;
	if (opts->help || opts->version)
		return 0;
	if (check(&parser) < 0)
		return -1;
	if (!opts->debug_delay_prefix && replace(&opts->debug_delay_prefix, "delay") < 0)
		return FAIL(&parser, "out of memory");
	opts->conn = fuse_parse_conn_info_opts(&opts->fuse);
	if (!opts->conn)
		return FAIL(&parser, "a connection option has a bad value; %s", try_help);
	return 0;
}

static void free_strings(char **list)
{
	for (char **text = list; text && *text; text++)
		free(*text);
	free(list);
}

void options_free(struct options *opts)
{
	free(opts->source);
	free(opts->mountpoint);
	free(opts->policy);
	free(opts->opstats);
	free(opts->control);
	free(opts->debug_delay_prefix);
	free_strings(opts->params);
	free_strings(opts->handlers);
	free(opts->conn);
	fuse_opt_free_args(&opts->fuse);
}
