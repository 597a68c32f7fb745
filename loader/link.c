// SPDX-License-Identifier: LGPL-2.1-or-later
/* link.c - joins objects into one with libbpf's static linker */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

static void cleanup_linker(struct bpf_linker **linker)
{
	bpf_linker__free(*linker);
}

static int link_into(const struct ext_objects *objects, const char *path,
		     const struct ext_object **culprit)
{
	__attribute__((cleanup(cleanup_linker))) struct bpf_linker *linker =
		bpf_linker__new(path, NULL);

	if (!linker)
		return -errno;
	for (size_t i = 0; i < objects->n; i++) {
		*culprit = objects->v[i];

		int err = bpf_linker__add_file(linker, objects->v[i]->path, NULL);

		if (err)
			return err;
	}
	*culprit = NULL;
	return bpf_linker__finalize(linker);
}

int ext_link(const struct ext_log *log, const struct ext_objects *objects, int *fd)
{
	/* The linker wants a path; an anonymous file leaves nothing behind, whatever happens. */
	_cleanup_close_ int file = memfd_create("extfuse-linked", MFD_CLOEXEC);
	char path[64];

	if (file < 0) {
		int err = -errno;

		ext_err(log, "cannot create an anonymous file to link into: %s", strerror(-err));
		return err;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);

	const struct ext_object *culprit = NULL;
	struct ext_libbpf_scope scope;

	ext_libbpf_begin(&scope, log);
	int err = link_into(objects, path, &culprit);
	ext_libbpf_end(&scope);
	if (err) {
		ext_err(log, "cannot link %s%s: %s", culprit ? "object " : "the objects together",
			culprit ? culprit->path : "",
			*scope.warning ? scope.warning : strerror(-err));
		return err == -ENOMEM ? err : -EINVAL;
	}
	*fd = file;
	file = -1;
	return 0;
}
