// SPDX-License-Identifier: LGPL-2.1-or-later
/* join.c - joins objects into one with libbpf's static linker, which trusts them */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "internal.h"
#include "join.h"

static void cleanup_linker(struct bpf_linker **linker)
{
	bpf_linker__free(*linker);
}

/* The linker wants a path; an anonymous file leaves nothing behind, whatever happens. */
static void path_of(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int add(struct bpf_linker *linker, const struct ext_join_image *image)
{
	_cleanup_close_ int fd = memfd_create("extfuse-object", MFD_CLOEXEC);
	char path[32];
	int err = fd < 0 ? -errno : write_all(fd, image->data, image->size);

	if (err)
		return err;
	path_of(fd, path);
	return bpf_linker__add_file(linker, path, NULL);
}

/* What it cannot survive here it would not survive in the library's process. */
static int try_open(int fd)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "extfuse");
	struct stat st;

	if (fstat(fd, &st))
		return -errno;

	size_t size = (size_t)st.st_size;
	void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (data == MAP_FAILED)
		return -errno;

	struct bpf_object *object = bpf_object__open_mem(data, size, &opts);
	int err = object ? 0 : -errno;

	bpf_object__close(object);
	munmap(data, size);
	return err;
}

int ext_join(const struct ext_join_image *images, uint32_t count, int out,
	     void (*progress)(uint32_t object))
{
	char path[32];

	path_of(out, path);

	__attribute__((cleanup(cleanup_linker))) struct bpf_linker *linker =
		bpf_linker__new(path, NULL);

	if (!linker)
		return -errno;
	for (uint32_t i = 0; i < count; i++) {
		progress(i);

		int err = add(linker, &images[i]);

		if (err)
			return err;
	}
	progress(EXT_JOIN_NOBODY);

	int err = bpf_linker__finalize(linker);

	return err ? err : try_open(out);
}
