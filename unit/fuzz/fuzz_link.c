// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_link.c - fuzz target: objects that the loader takes, linked by libbpf in
 * this very process and opened as extfuse_open() does; nothing here may crash it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../../loader/join.h"
#include "fuzz.h"
#include "mutate.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* An object that the other one is linked with. */
static char partner[1 << 16];
static size_t partner_size;

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *path = getenv("FUZZ_PARTNER");
	FILE *file = path ? fopen(path, "re") : NULL;

	(void)argc;
	(void)argv;
	libbpf_set_print(quiet);
	MUST(file);
	partner_size = fread(partner, 1, sizeof(partner), file);
	MUST(partner_size && partner_size < sizeof(partner));
	fclose(file);
	return 0;
}

static void no_progress(uint32_t object)
{
	(void)object;
}

static void use(struct bpf_object *bpf)
{
	static const char *const names[] = { "ext_epoch", "ext_seq", "ext_policy_name",
					     "ext_param_ttl", "ext_param_max_entries" };
	struct bpf_program *prog;
	struct ext_var var;
	uint64_t value = ~0ULL;
	uint32_t slot;

	bpf_object__for_each_program(prog, bpf)
		ext_section_parse(bpf_program__section_name(prog), &slot);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(names); i++) {
		if (ext_var_find(bpf, names[i], &var))
			continue;
		(void)ext_var_set(bpf, names[i], &value, sizeof(value));
	}
}

#ifdef FUZZ_LOAD
/*
 * Where libbpf is built in, it loads too, into a kernel that takes everything:
 * what is of interest is how libbpf prepares and relocates the programs.
 */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* Its callers pass as many arguments as they have. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
	va_list args;
	long a[6];

	va_start(args, number);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number != SYS_bpf)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	switch (a[0]) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_BTF_LOAD:
		return memfd_create("kernel", MFD_CLOEXEC);
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_FREEZE:
	case BPF_PROG_BIND_MAP:
		return 0;
	default:
		errno = EINVAL;
		return -1;
	}
}

static void load(struct bpf_object *bpf)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, bpf)
		bpf_program__set_type(prog, BPF_PROG_TYPE_EXTFUSE);
	(void)bpf_object__load(bpf);
}
#else
static void load(struct bpf_object *bpf)
{
	(void)bpf;
}
#endif

static void try_link(const uint8_t *data, size_t size, bool first)
{
	struct ext_join_image images[2] = { { partner, partner_size }, { partner, partner_size } };
	_cleanup_close_ int fd = memfd_create("linked", MFD_CLOEXEC);
	struct stat st;

	images[first ? 0 : 1] = (struct ext_join_image){ data, size };
	MUST(fd >= 0);
	if (ext_join(images, 2, fd, no_progress))
		return;
	MUST(!fstat(fd, &st));

	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "extfuse");
	void *linked = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

	MUST(linked != MAP_FAILED);

	struct bpf_object *bpf = bpf_object__open_mem(linked, (size_t)st.st_size, &opts);

	/* ext_join() has tried that. */
	MUST(bpf);
	use(bpf);
	load(bpf);
	bpf_object__close(bpf);
	munmap(linked, (size_t)st.st_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ext_log log = { 0 };
	struct ext_object *object = NULL;

	if (ext_object_parse(&log, "fuzz.bpf.o", data, size, &object))
		return 0;
	ext_object_free(object);
	try_link(data, size, true);
	try_link(data, size, false);
	return 0;
}
