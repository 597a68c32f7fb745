// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_expr.c - fuzz target: a policy expression, and parameters on the lines behind it */
#include <errno.h>

#include "fuzz.h"

#define MAX_STRINGS 32

#define PARAM(kind, title, about, ...) \
	{ \
		.type = (kind), .name = (char *)(title), .help = (char *)(about), __VA_ARGS__ \
	}

static struct ext_param params[] = {
	PARAM(EXT_PARAM_DURATION, "ttl", "help", .preset = 1000000000),
	PARAM(EXT_PARAM_DURATION, "negative_ttl", "help", .preset = UINT64_MAX),
	PARAM(EXT_PARAM_COUNT, "max_entries", "help", .preset = 65536),
	PARAM(EXT_PARAM_ENUM, "atime", "help", .values = (char *)"strict,relaxed"),
	PARAM(EXT_PARAM_ENUM, "odd", "", .values = (char *)",,a", .preset = 7),
	PARAM(EXT_PARAM_STRING, "hide", "help", .size = 16, .text = (char *)".*"),
};

static void try_expression(const char *text)
{
	struct fuzz_log heard = { 0 };
	const struct ext_log log = { fuzz_hear, &heard };
	struct ext_strings parts = { 0 };
	int err = ext_expr_parse(&log, text, &parts);

	fuzz_outcome(&heard, err);
	if (err) {
		MUST(!parts.n);
		return;
	}

	/* Joined again it is what was given. */
	const char *at = text;

	for (size_t i = 0; i < parts.n; i++) {
		size_t len = strlen(parts.v[i]);

		MUST(len && !strchr(parts.v[i], '+') && !strncmp(at, parts.v[i], len));
		at += len;
		MUST(*at == (i + 1 < parts.n ? '+' : '\0'));
		at += *at == '+';
	}
	ext_strings_free(&parts);

	/* Names are looked for where there is nothing; paths would be this machine's files. */
	if (strchr(text, '/'))
		return;

	struct ext_objects objects = { 0 };

	err = ext_expr_read(&log, text, &objects);
	MUST(err == -ENOENT);
	fuzz_outcome(&heard, err);
}

static void try_value(const struct ext_param *param, const char *text)
{
	struct fuzz_log heard = { 0 };
	const struct ext_log log = { fuzz_hear, &heard };
	uint64_t value = 0;
	int err = ext_param_parse(&log, param, text, &value);

	fuzz_outcome(&heard, err);
	if (err)
		return;
	if (param->type == EXT_PARAM_COUNT)
		MUST(value && value <= UINT32_MAX);
	if (param->type == EXT_PARAM_DURATION)
		MUST(value <= INT64_MAX);
	if (param->type == EXT_PARAM_ENUM)
		MUST(value < 3);
	if (param->type == EXT_PARAM_STRING) {
		MUST(strlen(text) < param->size);
		return;
	}

	/* What is shown as a preset is the same value again. */
	struct ext_param shown = *param;

	shown.preset = value;

	_cleanup_free_ char *preset = ext_param_preset(&shown);
	uint64_t again = value + 1;

	MUST(preset);
	if (param->type == EXT_PARAM_ENUM && !*preset)
		return;
	MUST(!ext_param_parse(&log, param, preset, &again) && again == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	const char *strings[MAX_STRINGS + 1] = { 0 };
	struct ext_setting settings[MAX_STRINGS + 1];
	struct fuzz_log heard = { 0 };
	const struct ext_log log = { fuzz_hear, &heard };
	struct ext_object object = { .params = params, .nparams = EXT_ARRAY_SIZE(params) };
	struct ext_object *pointer = &object;
	const struct ext_objects objects = { &pointer, 1 };
	size_t n = 0;

	MUST(text);

	char *rest = text;
	const char *expression = strsep(&rest, "\n");

	while (rest && n < MAX_STRINGS)
		strings[n++] = strsep(&rest, "\n");
	setenv("EXTFUSE_OBJECT_PATH", "/nonexistent", 1);
	try_expression(expression);

	size_t settled = 0;
	int err = ext_params_apply(&log, &objects, strings, settings, &settled);

	fuzz_outcome(&heard, err);
	MUST(err || settled == n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < EXT_ARRAY_SIZE(params); j++)
			try_value(&params[j], strings[i]);
	return 0;
}
