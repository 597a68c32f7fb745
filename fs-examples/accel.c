// SPDX-License-Identifier: GPL-2.0-only
/* accel.c - the policy of a mount: load it, attach it, or do without */
#include "accel.h"

#include <extfuse.h>
#include <stdlib.h>
#include <string.h>

#include "opstats.h"
#include "startup.h"

static void (*on_ready)(struct stackfs *fs, bool keep);

/* What the library said of an error, line by line, until it is clear what it means for us. */
static char errors[16384];
static size_t errors_len;
/* Why there is no acceleration is no error to the library, but the last thing that it says. */
static char last_words[512];
static bool verbose;

static void library_log(void *data, enum extfuse_log_level level, const char *line)
{
	(void)data;
	if (level == EXTFUSE_LOG_ERROR) {
		int n = snprintf(errors + errors_len, sizeof(errors) - errors_len, "%s\n", line);

		if (n > 0 && (size_t)n < sizeof(errors) - errors_len)
			errors_len += (size_t)n;
		else
			errors[errors_len] = '\0';
	} else if (level == EXTFUSE_LOG_WARN || verbose) {
		say("%s", line);
	}
	if (level == EXTFUSE_LOG_INFO)
		snprintf(last_words, sizeof(last_words), "%s", line);
}

static void say_errors(int err)
{
	char *save = NULL;

	if (!errors_len)
		say("cannot use policy '%s'", strerror(-err));
	for (char *line = strtok_r(errors, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		say("%s", line);
	errors_len = 0;
}

static const char *reason(int err)
{
	switch (-err) {
	case EOPNOTSUPP:
		return "this kernel does not offer ExtFUSE";
	case EPERM:
		return "no permission to load BPF; run as root, or with CAP_BPF and CAP_PERFMON";
	case ECONNREFUSED:
		return "the kernel refused to attach the policy";
	}
	return strerror(-err);
}

/* Says why there is no acceleration. Returns whether to go on without. */
static bool do_without(const struct stackfs *fs, int err, const char *why)
{
	say("%s: %s; %s", fs->opts.extfuse_require ? "extfuse=require" : "not accelerated",
	    why && why[0] ? why : reason(err),
	    err == -ECONNREFUSED ? "'dmesg' says why" : "'extfuse check' says what is missing");
	return !fs->opts.extfuse_require;
}

int accel_load(struct stackfs *fs)
{
	const struct options *opts = &fs->opts;
	struct extfuse_opts open_opts = {
		.size = sizeof(open_opts),
		.policy = opts->policy,
		.params = (const char *const *)opts->params,
		.handlers = (const char *const *)opts->handlers,
		.fill_daemon = opts->fill_daemon,
		.one_nodeid_per_inode = 1,
		.log = library_log,
	};
	int err;

	if (!opts->policy)
		return 0;
	verbose = opts->debug;
	err = extfuse_open(&open_opts, &fs->ext);
	if (err) {
		say_errors(err);
		return -1;
	}
	errors_len = 0;
	last_words[0] = '\0';
	err = extfuse_load(fs->ext);
	if (!err)
		return 0;
	accel_close(fs);
	if (err == -EOPNOTSUPP || err == -EPERM)
		return do_without(fs, err, last_words) ? 0 : -1;
	say_errors(err);
	return -1;
}

static void attached(void *data, int err)
{
	struct stackfs *fs = data;

	on_ready(fs, !err || do_without(fs, err, NULL));
}

static void requested(void *data, uint32_t opcode)
{
	(void)data;
	opstats_count(opcode);
}

int accel_attach(struct stackfs *fs, void (*ready)(struct stackfs *fs, bool keep))
{
	struct extfuse_session_opts opts = {
		.size = sizeof(opts),
		.on_attach = attached,
		.on_request = fs->opts.opstats ? requested : NULL,
		.data = fs,
		.passthrough_depth = fs->opts.passthrough ? 1 : 0,
	};
	int err;

	on_ready = ready;
	if (!fs->ext && !fs->opts.opstats && !fs->opts.passthrough)
		return 0;
	err = extfuse_session_setup(fs->ext, fs->session, &opts);
	if (err) {
		if (errors_len)
			say_errors(err);
		else
			say("cannot follow the FUSE session: %s", strerror(-err));
	}
	return err ? -1 : 0;
}

void accel_close(struct stackfs *fs)
{
	if (!fs->ext && fs->session)
		extfuse_session_teardown(fs->session);
	extfuse_close(fs->ext);
	fs->ext = NULL;
}
