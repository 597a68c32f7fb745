// SPDX-License-Identifier: LGPL-2.1-or-later
/* load.c - puts the linked program into the kernel, and takes it out again */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "internal.h"
#include "session.h"

/* The object that a program of the linked object came from. */
static const struct ext_object *origin(const struct extfuse *ext, const char *section)
{
	for (size_t i = 0; i < ext->objects.n; i++)
		for (size_t j = 0; j < ext->objects.v[i]->nprogs; j++)
			if (!strcmp(ext->objects.v[i]->progs[j].section, section))
				return ext->objects.v[i];
	return NULL;
}

static void log_load_error(const struct extfuse *ext, const struct ext_libbpf_scope *scope,
			   const char *summary, int err)
{
	const char *name = scope->prog;
	const struct ext_object *object = NULL;
	const struct bpf_program *prog = NULL;

	if (*name)
		prog = bpf_object__find_program_by_name(ext->bpf, name);
	if (prog)
		object = origin(ext, bpf_program__section_name(prog));

	const struct ext_object *called = ext_verifier_blames(summary, &ext->objects);

	if (summary && called && called != object)
		ext_err(&ext->log, "the kernel's verifier refuses %s, which %s calls: %s",
			called->path, *name ? name : "a program", summary);
	else if (summary)
		ext_err(&ext->log, "the kernel's verifier refuses %s of %s: %s",
			*name ? name : "a program", object ? object->path : "the linked program",
			summary);
	else if (err == -E2BIG || err == -ENOMEM)
		ext_err(&ext->log,
			"the kernel cannot create the maps (%s): try a smaller max_entries",
			*scope->warning ? scope->warning : strerror(-err));
	else
		ext_err(&ext->log, "the program cannot be loaded: %s (%s)", strerror(-err),
			*scope->warning ? scope->warning : "no details");
}

static int load_object(struct extfuse *ext)
{
	struct ext_libbpf_scope scope;

	ext_libbpf_begin(&scope, &ext->log);
	int err = bpf_object__load(ext->bpf);
	_cleanup_free_ char *summary = err ? ext_verifier_summary(scope.verifier_log) : NULL;
	ext_libbpf_end(&scope);
	if (!err)
		return 0;
	log_load_error(ext, &scope, summary, err);
	/* Some complaints of the verifier come as -EACCES, which is no matter of permission. */
	if (summary && err != -ENOMEM)
		return -EINVAL;
	return err == -EACCES ? -EPERM : err;
}

static int fill_slots(struct extfuse *ext)
{
	int progs = bpf_object__find_map_fd_by_name(ext->bpf, "ext_progs");
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, ext->bpf) {
		int fd = bpf_program__fd(prog);
		uint32_t slot;

		switch (ext_section_parse(bpf_program__section_name(prog), &slot)) {
		case EXT_SECTION_ENTRY:
			ext->entry_fd = fd;
			break;
		case EXT_SECTION_FILL:
			ext->fill_fd = fd;
			break;
		default:
			if (progs < 0) {
				ext_err(&ext->log, "the dispatcher has no map ext_progs");
				return -EINVAL;
			}
			if (bpf_map_update_elem(progs, &slot, &fd, BPF_ANY)) {
				int err = -errno;

				ext_err(&ext->log, "slot %u cannot be filled with %s: %s", slot,
					bpf_program__name(prog), strerror(-err));
				return err;
			}
		}
	}
	return 0;
}

static void *bss_var(const struct extfuse *ext, const char *name, size_t size)
{
	struct ext_var var;

	if (ext_var_find(ext->bpf, name, &var) || var.size != size ||
	    !strstr(bpf_map__name(var.map), ".bss"))
		return NULL;
	return (char *)ext->bss + var.offset;
}

/* libbpf maps .bss only for skeletons; the program's variables are ours to share. */
static int map_bss(struct extfuse *ext)
{
	struct bpf_map *map = bpf_object__find_map_by_name(ext->bpf, ".bss");

	if (!map) {
		ext_err(&ext->log, "the program has no variables ext_epoch, ext_seq, ext_attached");
		return -EINVAL;
	}

	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (bpf_map__value_size(map) + page - 1) / page * page;
	void *bss = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (bss == MAP_FAILED) {
		int err = -errno;

		ext_err(&ext->log, "the program's variables cannot be mapped: %s", strerror(-err));
		return err;
	}
	ext->bss = bss;
	ext->bss_size = size;
	ext->epoch = bss_var(ext, "ext_epoch", sizeof(*ext->epoch));
	ext->seq = bss_var(ext, "ext_seq", sizeof(*ext->seq));
	ext->attached = bss_var(ext, "ext_attached", sizeof(*ext->attached));
	if (!ext->epoch || !ext->seq || !ext->attached) {
		ext_err(&ext->log, "the program lacks one of ext_epoch, ext_seq, ext_attached");
		return -EINVAL;
	}
	return 0;
}

/* A missing feature is told apart from a broken program before anything big is tried. */
static int probe(const struct extfuse *ext)
{
	enum ext_switch sw = ext_probe_switch();

	if (sw == EXT_SWITCH_ABSENT) {
		ext_log(&ext->log, EXTFUSE_LOG_INFO, "this kernel has no ExtFUSE");
		return -EOPNOTSUPP;
	}
	if (sw == EXT_SWITCH_OFF) {
		ext_log(&ext->log, EXTFUSE_LOG_INFO,
			"ExtFUSE is switched off by the module parameter fuse.extfuse");
		return -EOPNOTSUPP;
	}

	int err = ext_probe_prog_type();

	if (err == -EOPNOTSUPP)
		ext_log(&ext->log, EXTFUSE_LOG_INFO, "this kernel has no ExtFUSE program type");
	else if (err == -EPROTONOSUPPORT)
		ext_log(&ext->log, EXTFUSE_LOG_INFO,
			"this kernel's ExtFUSE is older than the library: build the kernel again");
	else if (err == -EPERM)
		ext_log(&ext->log, EXTFUSE_LOG_INFO,
			"no permission to load BPF (needs CAP_BPF and CAP_PERFMON, or root)");
	else if (err)
		ext_log(&ext->log, EXTFUSE_LOG_INFO, "BPF cannot be loaded: %s", strerror(-err));
	return err == -EPROTONOSUPPORT ? -EOPNOTSUPP : err;
}

int extfuse_load(struct extfuse *ext)
{
	if (!ext)
		return -EINVAL;
	if (ext->loaded)
		return -EALREADY;

	int err = probe(ext);

	if (!err)
		err = load_object(ext);
	if (!err)
		err = fill_slots(ext);
	if (!err)
		err = map_bss(ext);
	if (!err)
		ext->loaded = true;
	return err;
}

struct bpf_object *extfuse_bpf_object(const struct extfuse *ext)
{
	return ext ? ext->bpf : NULL;
}

void extfuse_close(struct extfuse *ext)
{
	if (!ext)
		return;
	ext_session_forget(ext);
	if (ext->epoch)
		__atomic_store_n(ext->epoch, 0, __ATOMIC_RELEASE);
	if (ext->bss)
		munmap(ext->bss, ext->bss_size);
	bpf_object__close(ext->bpf);
	ext_objects_free(&ext->objects);
	free(ext->policy);
	free(ext);
}
