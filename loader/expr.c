// SPDX-License-Identifier: LGPL-2.1-or-later
/* expr.c - policy expressions: "ttl+lru", names or paths */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* A name that may stand in a file name without leading elsewhere. */
static bool is_plain_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";

	return name[0] != '.' && !name[strspn(name, allowed)];
}

int ext_expr_parse(const struct ext_log *log, const char *expr, struct ext_strings *out)
{
	_cleanup_strings_ struct ext_strings parts = { 0 };
	_cleanup_free_ char *copy = strdup(expr ? expr : "");
	char *rest = copy;

	if (!copy)
		return -ENOMEM;
	while (rest) {
		const char *part = strsep(&rest, "+");

		if (!*part) {
			ext_err(log,
				"policy '%s' contains an empty name: write NAME or NAME+NAME "
				"without spaces",
				expr ? expr : "");
			return -EINVAL;
		}
		for (size_t i = 0; i < parts.n; i++) {
			if (!strcmp(parts.v[i], part)) {
				ext_err(log, "policy '%s' names %s twice", expr, part);
				return -EINVAL;
			}
		}

		int err = ext_strings_add(&parts, part);

		if (err)
			return err;
	}
	*out = parts;
	parts = (struct ext_strings){ 0 };
	return 0;
}

/* "lru, never, ttl" */
static char *known_policies(void)
{
	_cleanup_strings_ struct ext_strings paths = { 0 };
	struct ext_log quiet = { 0 };
	struct ext_text text = { 0 };

	if (ext_find_policies(&paths))
		return NULL;
	for (size_t i = 0; i < paths.n; i++) {
		struct ext_object *object = NULL;

		if (ext_object_read(&quiet, paths.v[i], &object))
			continue;
		if (object->is_policy)
			ext_text_add(&text, "%s%s", text.len ? ", " : "", object->name);
		ext_object_free(object);
	}
	return text.s;
}

static int unknown_policy(const struct ext_log *log, const char *name)
{
	_cleanup_free_ char *known = known_policies();
	_cleanup_free_ char *searched = ext_search_path_text();

	if (known)
		ext_err(log, "unknown policy '%s': known are %s, or a path that contains '/'", name,
			known);
	else
		ext_err(log,
			"unknown policy '%s': no policies found in %s; set EXTFUSE_OBJECT_PATH",
			name, searched ? searched : "?");
	return -ENOENT;
}

static int read_policy(const struct ext_log *log, const char *part, struct ext_object **out)
{
	_cleanup_free_ char *path = NULL;
	struct ext_object *object = NULL;
	int err;

	if (strchr(part, '/')) {
		path = strdup(part);
		if (!path)
			return -ENOMEM;
	} else {
		err = is_plain_name(part) ? ext_find_policy(part, &path) : -ENOENT;
		if (err == -ENOENT)
			return unknown_policy(log, part);
		if (err)
			return err;
	}

	err = ext_object_read(log, path, &object);
	if (err)
		return err;
	if (!object->is_policy) {
		bool by_name = !strchr(part, '/');

		ext_object_free(object);
		if (by_name)
			return unknown_policy(log, part);
		ext_err(log, "%s is not a policy: it carries no EXT_POLICY", path);
		return -EINVAL;
	}
	*out = object;
	return 0;
}

int ext_expr_read(const struct ext_log *log, const char *expr, struct ext_objects *out)
{
	_cleanup_strings_ struct ext_strings parts = { 0 };
	_cleanup_objects_ struct ext_objects objects = { 0 };
	int err = ext_expr_parse(log, expr, &parts);

	if (err)
		return err;
	for (size_t i = 0; i < parts.n; i++) {
		struct ext_object *object = NULL;

		err = read_policy(log, parts.v[i], &object);
		if (err)
			return err;

		/* One policy under two spellings. */
		for (size_t j = 0; j < objects.n; j++) {
			_cleanup_free_ char *a = realpath(object->path, NULL);
			_cleanup_free_ char *b = realpath(objects.v[j]->path, NULL);

			if (a && b && !strcmp(a, b)) {
				ext_err(log, "policy '%s' names %s twice", expr, object->name);
				ext_object_free(object);
				return -EINVAL;
			}
		}
		err = ext_objects_add(&objects, object);
		if (err) {
			ext_object_free(object);
			return err;
		}
	}
	*out = objects;
	objects = (struct ext_objects){ 0 };
	return 0;
}
