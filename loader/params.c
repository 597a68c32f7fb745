// SPDX-License-Identifier: LGPL-2.1-or-later
/* params.c - parameters: types, values and names */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "internal.h"

static const struct {
	const char *suffix;
	uint64_t ns;
} units[] = {
	{ "us", 1000ULL },	     { "ms", 1000000ULL },	    { "s", 1000000000ULL },
	{ "m", 60 * 1000000000ULL }, { "h", 3600 * 1000000000ULL },
};

/*
 * Options of stackfs and of libfuse 3 with its mount helper. A parameter of
 * the same name could never be reached, or would change what an option means.
 * "atime" is missing on purpose: as atime=VALUE it is a parameter of ours.
 */
static const char *const reserved[] = {
	/* stackfs and the loader */
	"policy",
	"handler",
	"fill",
	"opstats",
	"extfuse",
	"entry_timeout",
	"attr_timeout",
	"negative_timeout",
	"cache",
	"source",
	"help",
	"version",
	/* libfuse */
	"debug",
	"foreground",
	"singlethread",
	"clone_fd",
	"max_idle_threads",
	"max_threads",
	"allow_other",
	"allow_root",
	"auto_unmount",
	"default_permissions",
	"fsname",
	"subtype",
	"blkdev",
	"blksize",
	"max_read",
	"max_write",
	"max_readahead",
	"max_background",
	"congestion_threshold",
	"async_read",
	"sync_read",
	"fd",
	"rootmode",
	"user_id",
	"group_id",
	"kernel_cache",
	"auto_cache",
	"noauto_cache",
	"ac_attr_timeout",
	"noforget",
	"remember",
	"modules",
	"nopath",
	"intr",
	"intr_signal",
	"direct_io",
	"hard_remove",
	"use_ino",
	"readdir_ino",
	"umask",
	"uid",
	"gid",
	"show_help",
	/* mount(8) */
	"ro",
	"rw",
	"suid",
	"nosuid",
	"dev",
	"nodev",
	"exec",
	"noexec",
	"async",
	"sync",
	"dirsync",
	"noatime",
	"diratime",
	"nodiratime",
	"relatime",
	"norelatime",
	"strictatime",
	"lazytime",
	"context",
	"fscontext",
	"defcontext",
	"rootcontext",
	"user",
	"users",
	"nouser",
	"owner",
	"group",
	"auto",
	"noauto",
	"nofail",
	"defaults",
	"_netdev",
	"comment",
	"remount",
};

bool ext_param_reserved(const char *name)
{
	for (size_t i = 0; i < EXT_ARRAY_SIZE(reserved); i++)
		if (!strcmp(reserved[i], name))
			return true;
	return false;
}

/* Decimal digits alone; leaves *end behind them. */
static int parse_digits(const char *text, uint64_t *value, const char **end)
{
	uint64_t v = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	if (p == text)
		return -EINVAL;
	*value = v;
	*end = p;
	return 0;
}

int ext_duration_parse(const char *text, uint64_t *ns)
{
	const char *suffix;
	uint64_t v;
	int err = parse_digits(text, &v, &suffix);

	if (err)
		return err;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(units); i++) {
		if (strcmp(suffix, units[i].suffix))
			continue;
		/* Half the range, so that "now + duration" cannot wrap. */
		if (__builtin_mul_overflow(v, units[i].ns, &v) || v > INT64_MAX)
			return -ERANGE;
		*ns = v;
		return 0;
	}
	return -EINVAL;
}

int ext_count_parse(const char *text, uint64_t *count)
{
	const char *end;
	uint64_t v;
	int err = parse_digits(text, &v, &end);

	if (err)
		return err;
	if (*end || !v)
		return -EINVAL;
	if (v > UINT32_MAX)
		return -ERANGE;
	*count = v;
	return 0;
}

static int enum_parse(const char *values, const char *text, uint64_t *index)
{
	size_t len = strlen(text);
	uint64_t i = 0;

	for (const char *v = values; len; i++) {
		size_t n = strcspn(v, ",");

		if (n == len && !strncmp(v, text, n)) {
			*index = i;
			return 0;
		}
		if (!v[n])
			break;
		v += n + 1;
	}
	return -EINVAL;
}

static int string_parse(size_t size, const char *text, uint64_t *len)
{
	*len = strlen(text);
	return *len < size ? 0 : -ERANGE;
}

/* "a duration with a unit ..." */
static char *expected(const struct ext_param *param)
{
	char *text = NULL;
	int len;

	switch (param->type) {
	case EXT_PARAM_DURATION:
		return strdup("a whole number with a unit us, ms, s, m or h, as in 5s");
	case EXT_PARAM_COUNT:
		return strdup("a whole number from 1 to 4294967295 without a unit");
	case EXT_PARAM_STRING:
		len = asprintf(&text, "a text of at most %zu bytes", param->size - 1);
		return len < 0 ? NULL : text;
	default:
		len = asprintf(&text, "one of %s", param->values);
		return len < 0 ? NULL : text;
	}
}

char *ext_param_usage(const struct ext_param *param)
{
	char *text = NULL;
	int len;

	switch (param->type) {
	case EXT_PARAM_DURATION:
		len = asprintf(&text, "%s=DURATION", param->name);
		break;
	case EXT_PARAM_COUNT:
		len = asprintf(&text, "%s=COUNT", param->name);
		break;
	case EXT_PARAM_STRING:
		len = asprintf(&text, "%s=TEXT", param->name);
		break;
	default:
		len = asprintf(&text, "%s=%s", param->name, param->values);
		if (len < 0)
			break;
		for (char *p = text + strlen(param->name); *p; p++)
			if (*p == ',')
				*p = '|';
		break;
	}
	return len < 0 ? NULL : text;
}

char *ext_param_preset(const struct ext_param *param)
{
	char *text = NULL;
	int len = -1;

	if (param->type == EXT_PARAM_DURATION) {
		/* By contract: another parameter decides. */
		if (param->preset == UINT64_MAX)
			return strdup("as ttl");
		for (size_t i = EXT_ARRAY_SIZE(units); i-- && len < 0;)
			if (param->preset && !(param->preset % units[i].ns))
				len = asprintf(&text, "%" PRIu64 "%s", param->preset / units[i].ns,
					       units[i].suffix);
		if (len < 0)
			len = asprintf(&text, "%" PRIu64 "%s", param->preset,
				       param->preset ? "ns" : "s");
	} else if (param->type == EXT_PARAM_COUNT) {
		len = asprintf(&text, "%" PRIu64, param->preset);
	} else if (param->type == EXT_PARAM_STRING) {
		len = asprintf(&text, "'%s'", param->text);
	} else {
		const char *v = param->values;

		for (uint64_t i = 0; i < param->preset && v; i++) {
			v = strchr(v, ',');
			v = v ? v + 1 : NULL;
		}
		len = asprintf(&text, "%.*s", v ? (int)strcspn(v, ",") : 1, v ? v : "?");
	}
	return len < 0 ? NULL : text;
}

int ext_param_parse(const struct ext_log *log, const struct ext_param *param, const char *text,
		    uint64_t *value)
{
	int err;

	if (param->type == EXT_PARAM_DURATION)
		err = ext_duration_parse(text, value);
	else if (param->type == EXT_PARAM_COUNT)
		err = ext_count_parse(text, value);
	else if (param->type == EXT_PARAM_STRING)
		err = string_parse(param->size, text, value);
	else
		err = enum_parse(param->values, text, value);
	if (err) {
		_cleanup_free_ char *want = expected(param);

		ext_err(log, "bad parameter %s='%s'%s: expected %s", param->name, text,
			err == -ERANGE ? " (too large)" : "", want ? want : "something else");
		return -EINVAL;
	}
	return 0;
}

static const struct ext_param *find_param(const struct ext_objects *objects, const char *name,
					  size_t len)
{
	for (size_t i = 0; i < objects->n; i++) {
		const struct ext_object *object = objects->v[i];

		for (size_t j = 0; j < object->nparams; j++)
			if (strlen(object->params[j].name) == len &&
			    !strncmp(object->params[j].name, name, len))
				return &object->params[j];
	}
	return NULL;
}

static int unknown_param(const struct ext_log *log, const struct ext_objects *objects,
			 const char *name, size_t len)
{
	_cleanup_text_ struct ext_text text = { 0 };

	for (size_t i = 0; i < objects->n; i++) {
		for (size_t j = 0; j < objects->v[i]->nparams; j++) {
			const struct ext_param *param = &objects->v[i]->params[j];
			_cleanup_free_ char *usage = ext_param_usage(param);

			ext_text_add(&text, "%s%s (%s)", text.len ? ", " : "",
				     usage ? usage : param->name, param->help);
		}
	}
	ext_err(log, "unknown parameter '%.*s': known are %s", (int)len, name,
		text.s ? text.s : "none");
	return -EINVAL;
}

int ext_params_apply(const struct ext_log *log, const struct ext_objects *objects,
		     const char *const *strings, struct ext_setting *settings, size_t *n)
{
	size_t count = 0;

	for (; strings && *strings; strings++) {
		const char *string = *strings;
		size_t len = strcspn(string, "=");
		const struct ext_param *param = find_param(objects, string, len);

		if (!param)
			return unknown_param(log, objects, string, len);
		if (!string[len]) {
			_cleanup_free_ char *usage = ext_param_usage(param);

			ext_err(log, "parameter %s has no value: write %s", param->name,
				usage ? usage : param->name);
			return -EINVAL;
		}
		for (size_t i = 0; i < count; i++) {
			if (settings[i].param == param) {
				ext_err(log, "parameter %s is given twice", param->name);
				return -EINVAL;
			}
		}

		struct ext_setting setting = { .param = param, .text = string + len + 1 };
		int err = ext_param_parse(log, param, setting.text, &setting.value);

		if (err)
			return err;
		settings[count++] = setting;
	}
	*n = count;
	return 0;
}
