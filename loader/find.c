// SPDX-License-Identifier: LGPL-2.1-or-later
/* find.c - where the built-in objects are */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "internal.h"
#include "join.h"

/* An object without it would not be a complete set. */
#define DISPATCHER "dispatch" EXT_OBJECT_SUFFIX

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* Adds what lies around the file @path: the build tree, or an installed prefix. */
static int add_around(struct ext_strings *out, const char *path)
{
	static const char *const around[] = { "..", "extfuse", EXT_BESIDE_BIN };
	_cleanup_free_ char *real = realpath(path, NULL);

	if (!real)
		return 0;
	*strrchr(real, '/') = '\0';
	for (size_t i = 0; i < EXT_ARRAY_SIZE(around); i++) {
		_cleanup_free_ char *dir = NULL;

		if (asprintf(&dir, "%s/%s/.", real, around[i]) < 0) {
			dir = NULL;
			return -ENOMEM;
		}

		_cleanup_free_ char *clean = realpath(dir, NULL);
		int err = clean ? ext_strings_add(out, clean) : 0;

		if (err)
			return err;
	}
	return 0;
}

/* Where the library, the program and the installation are. */
static int add_own(struct ext_strings *out)
{
	Dl_info info;
	int err = 0;

	if (dladdr((void *)ext_search_path, &info) && info.dli_fname && strchr(info.dli_fname, '/'))
		err = add_around(out, info.dli_fname);
	if (!err)
		err = add_around(out, "/proc/self/exe");
	if (!err)
		err = ext_strings_add(out, EXT_INSTALL_DIR);
	return err;
}

int ext_search_path(struct ext_strings *out)
{
	const char *env = getenv("EXTFUSE_OBJECT_PATH");
	_cleanup_free_ char *copy = strdup(env ? env : "");
	char *save = NULL;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (char *dir = strtok_r(copy, ":", &save); dir && !err; dir = strtok_r(NULL, ":", &save))
		err = ext_strings_add(out, dir);
	return err ? err : add_own(out);
}

/* Objects are data, which are checked; a program to run comes from no environment. */
int ext_find_linker(char **out)
{
	_cleanup_strings_ struct ext_strings dirs = { 0 };
	int err = add_own(&dirs);

	for (size_t i = 0; !err && i < dirs.n; i++) {
		for (size_t j = 0; j < 2; j++) {
			char *path = NULL;

			if (asprintf(&path, "%s/%s" EXT_LINKER, dirs.v[i], j ? "" : "bin/") < 0)
				return -ENOMEM;
			if (!access(path, X_OK)) {
				*out = path;
				return 0;
			}
			free(path);
		}
	}
	return err ? err : -ENOENT;
}

char *ext_search_path_text(void)
{
	_cleanup_strings_ struct ext_strings dirs = { 0 };
	struct ext_text text = { 0 };

	if (ext_search_path(&dirs))
		return NULL;
	for (size_t i = 0; i < dirs.n; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= !strcmp(dirs.v[i], dirs.v[j]);
		if (!seen)
			ext_text_add(&text, "%s%s", text.len ? ":" : "", dirs.v[i]);
	}
	return text.s;
}

int ext_find_policy(const char *name, char **out)
{
	_cleanup_strings_ struct ext_strings dirs = { 0 };
	int err = ext_search_path(&dirs);

	for (size_t i = 0; !err && i < dirs.n; i++) {
		for (size_t j = 0; j < 2; j++) {
			char *path = NULL;
			int len = j ? asprintf(&path, "%s/%s" EXT_OBJECT_SUFFIX, dirs.v[i], name)
				    : asprintf(&path, "%s/policies/%s" EXT_OBJECT_SUFFIX, dirs.v[i],
					       name);

			if (len < 0)
				return -ENOMEM;
			if (exists(path)) {
				*out = path;
				return 0;
			}
			free(path);
		}
	}
	return err ? err : -ENOENT;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

/* Adds the objects in @dir whose names are not in @out yet. */
static int add_dir(const char *dir, struct ext_strings *out)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, NULL, alphasort);
	int err = 0;

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);
		size_t suffix = strlen(EXT_OBJECT_SUFFIX);
		bool wanted = len > suffix && !strcmp(name + len - suffix, EXT_OBJECT_SUFFIX);

		for (size_t j = 0; wanted && j < out->n; j++)
			wanted = strcmp(base_name(out->v[j]), name) != 0;
		if (wanted && !err) {
			_cleanup_free_ char *path = NULL;

			if (asprintf(&path, "%s/%s", dir, name) < 0) {
				path = NULL;
				err = -ENOMEM;
			} else {
				err = ext_strings_add(out, path);
			}
		}
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* Adds the objects of DIR/@kind and, for directories without such folders, of DIR itself. */
static int add_objects(const char *dir, const char *kind, struct ext_strings *out, bool *complete)
{
	_cleanup_free_ char *sub = NULL;
	_cleanup_free_ char *nested = NULL;
	_cleanup_free_ char *flat = NULL;

	if (asprintf(&sub, "%s/%s", dir, kind) < 0) {
		sub = NULL;
		return -ENOMEM;
	}
	if (asprintf(&nested, "%s/" DISPATCHER, sub) < 0) {
		nested = NULL;
		return -ENOMEM;
	}
	if (asprintf(&flat, "%s/" DISPATCHER, dir) < 0) {
		flat = NULL;
		return -ENOMEM;
	}
	*complete = exists(nested) || exists(flat);

	int err = add_dir(sub, out);

	return err ? err : add_dir(dir, out);
}

static int find_kind(const char *kind, bool stop_when_complete, struct ext_strings *out)
{
	_cleanup_strings_ struct ext_strings dirs = { 0 };
	_cleanup_strings_ struct ext_strings found = { 0 };
	int err = ext_search_path(&dirs);
	bool complete = false;

	for (size_t i = 0; !err && i < dirs.n; i++) {
		err = add_objects(dirs.v[i], kind, &found, &complete);
		if (complete && stop_when_complete)
			break;
	}
	if (err)
		return err;
	if (found.n)
		qsort(found.v, found.n, sizeof(*found.v), compare_paths);
	*out = found;
	found = (struct ext_strings){ 0 };
	return 0;
}

int ext_find_policies(struct ext_strings *out)
{
	return find_kind("policies", false, out);
}

int ext_find_handlers(struct ext_strings *out)
{
	return find_kind("handlers", true, out);
}
