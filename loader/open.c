// SPDX-License-Identifier: LGPL-2.1-or-later
/* open.c - from a policy expression to a linked object with its parameters set */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "internal.h"

#define POLICY_NAME_SIZE 64

/*
 * Maps that hold rows, and a policy's own; max_entries sizes them, the shape applies to the hashes
 * of rows.
 */
static bool is_own_map(const struct bpf_map *map)
{
	return !strncmp(bpf_map__name(map), "ext_own_", 8);
}

static bool is_row_map(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	return !strcmp(name, "ext_names") || !strcmp(name, "ext_names_long") ||
	       !strcmp(name, "ext_attrs") || !strcmp(name, "ext_xattrs") ||
	       !strncmp(name, "ext_rings", 9);
}

/* "ttl+lru" from what was read: paths are reduced to names, so that status stays one word. */
static char *policy_name(const struct ext_objects *objects)
{
	struct ext_text text = { 0 };

	for (size_t i = 0; i < objects->n; i++)
		if (objects->v[i]->is_policy)
			ext_text_add(&text, "%s%s", text.len ? "+" : "", objects->v[i]->name);
	for (char *p = text.s; p && *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			*p = '_';
	return text.s;
}

static int open_linked(struct extfuse *ext, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;

	size_t size = (size_t)st.st_size;
	void *image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (image == MAP_FAILED)
		return -errno;

	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "extfuse");
	struct ext_libbpf_scope scope;
	int err = 0;

	ext_libbpf_begin(&scope, &ext->log);
	ext->bpf = bpf_object__open_mem(image, size, &opts);
	if (!ext->bpf)
		err = -errno;
	ext_libbpf_end(&scope);
	munmap(image, size);
	if (err)
		ext_err(&ext->log, "the linked program cannot be opened: %s",
			*scope.warning ? scope.warning : strerror(-err));
	return err == -ENOMEM ? err : err ? -EINVAL : 0;
}

/* Sections of ours have a type that libbpf does not know, and mean nothing else to it. */
static int set_types(struct extfuse *ext)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, ext->bpf) {
		uint32_t slot;

		if (ext_section_parse(bpf_program__section_name(prog), &slot) == EXT_SECTION_NONE) {
			ext_err(&ext->log,
				"program %s is in section '%s', which is none of ExtFUSE's",
				bpf_program__name(prog), bpf_program__section_name(prog));
			return -EINVAL;
		}

		int err = bpf_program__set_type(prog, BPF_PROG_TYPE_EXTFUSE);

		if (err)
			return err;
	}
	return 0;
}

static int set_max_entries(struct extfuse *ext, uint64_t rows)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, ext->bpf) {
		int err = is_row_map(map) || is_own_map(map)
				  ? bpf_map__set_max_entries(map, (__u32)rows)
				  : 0;

		if (err)
			return err;
	}
	return 0;
}

static int set_shape(struct extfuse *ext)
{
	bool lru = false;
	struct bpf_map *map;

	for (size_t i = 0; i < ext->objects.n; i++)
		lru |= ext->objects.v[i]->lru;
	/* Maps cannot be empty. */
	if (ext_objects_keep_nothing(&ext->objects))
		return set_max_entries(ext, 1);
	if (!lru)
		return 0;
	bpf_object__for_each_map(map, ext->bpf) {
		if (!is_row_map(map) || bpf_map__type(map) != BPF_MAP_TYPE_HASH)
			continue;

		/* An LRU hash allocates its rows in advance; the kernel refuses the flag. */
		__u32 flags = bpf_map__map_flags(map) & ~(__u32)BPF_F_NO_PREALLOC;
		int err = bpf_map__set_type(map, BPF_MAP_TYPE_LRU_HASH);

		if (!err)
			err = bpf_map__set_map_flags(map, flags);
		if (err)
			return err;
	}
	return 0;
}

static int set_param(struct extfuse *ext, const struct ext_setting *setting)
{
	const struct ext_param *param = setting->param;
	char name[128];
	int err;

	snprintf(name, sizeof(name), "ext_param_%s", param->name);
	if (param->type == EXT_PARAM_STRING) {
		_cleanup_free_ char *text = calloc(1, param->size);

		if (!text)
			return -ENOMEM;
		memcpy(text, setting->text, setting->value);
		err = ext_var_set(ext->bpf, name, text, param->size);
	} else {
		err = ext_var_set(ext->bpf, name, &setting->value, sizeof(setting->value));
	}
	if (err)
		ext_err(&ext->log, "parameter %s cannot be set: the linked program has no %s",
			param->name, name);
	else if (!strcmp(param->name, "max_entries"))
		err = set_max_entries(ext, setting->value);
	return err;
}

static int set_params(struct extfuse *ext, const char *const *strings)
{
	size_t n = 0;

	while (strings && strings[n])
		n++;

	_cleanup_free_ struct ext_setting *settings = calloc(n + 1, sizeof(*settings));

	if (!settings)
		return -ENOMEM;

	int err = ext_params_apply(&ext->log, &ext->objects, strings, settings, &n);

	if (err)
		return err;

	/* The preset sizes the maps too, so that the object states it in one place. */
	for (size_t i = 0; i < ext->objects.n; i++)
		for (size_t j = 0; j < ext->objects.v[i]->nparams; j++)
			if (!strcmp(ext->objects.v[i]->params[j].name, "max_entries"))
				err = set_max_entries(ext, ext->objects.v[i]->params[j].preset);

	for (size_t i = 0; i < n && !err; i++)
		err = set_param(ext, &settings[i]);
	return err;
}

static uint32_t idleness(const struct ext_objects *objects)
{
	if (!ext_objects_keep_nothing(objects))
		return EXT_KEEPS_ROWS;
	for (size_t i = 0; i < objects->n; i++)
		if (ext_object_has_kind(objects->v[i], EXT_SECTION_SLOT))
			return EXT_KEEPS_NOTHING;
	return EXT_COUNTS_ALONE;
}

/* The opcodes or events for which there is a program in the slots from @first on, a bit each. */
static uint64_t slots_with_program(const struct ext_objects *objects, uint32_t first)
{
	uint64_t opcodes = 0;

	for (size_t i = 0; i < objects->n; i++) {
		const struct ext_object *object = objects->v[i];

		for (size_t j = 0; j < object->nprogs; j++) {
			uint32_t opcode = object->progs[j].slot - first;

			if (object->progs[j].kind == EXT_SECTION_SLOT && opcode < EXT_OPCODES)
				opcodes |= UINT64_C(1) << opcode;
		}
	}
	return opcodes;
}

/* What the store and the dispatcher are told. A program without a variable has no use for it. */
static int set_globals(struct extfuse *ext, const struct extfuse_opts *opts)
{
	char name[POLICY_NAME_SIZE] = "";
	uint32_t fill = opts->fill_daemon ? 1 : 0;
	uint32_t one_nodeid = opts->one_nodeid_per_inode ? 1 : 0;
	uint32_t idle = idleness(&ext->objects);
	uint64_t replies = slots_with_program(&ext->objects, EXT_SLOT_REPLY);
	uint64_t events = slots_with_program(&ext->objects, EXT_SLOT_EVENT);

	snprintf(name, sizeof(name), "%s", ext->policy);

	const struct {
		const char *name;
		const void *value;
		size_t size;
	} vars[] = {
		{ "ext_policy_name", name, sizeof(name) },
		{ "ext_fill", &fill, sizeof(fill) },
		{ "ext_one_nodeid", &one_nodeid, sizeof(one_nodeid) },
		{ "ext_idle", &idle, sizeof(idle) },
		{ "ext_replies", &replies, sizeof(replies) },
		{ "ext_events", &events, sizeof(events) },
	};

	for (size_t i = 0; i < EXT_ARRAY_SIZE(vars); i++) {
		int err = ext_var_set(ext->bpf, vars[i].name, vars[i].value, vars[i].size);

		if (err && err != -ENOENT) {
			ext_err(&ext->log,
				"the linked program's %s has another size than %zu bytes",
				vars[i].name, vars[i].size);
			return -EINVAL;
		}
	}
	return 0;
}

/* Fields that the caller's structure does not have yet stay zero. */
static int copy_opts(const struct extfuse_opts *from, struct extfuse_opts *to)
{
	if (!from || from->size < offsetof(struct extfuse_opts, params))
		return -EINVAL;
	*to = (struct extfuse_opts){ 0 };
	memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
	/* A newer caller's fields must be unused: we would ignore a wish. */
	for (size_t i = sizeof(*to); i < from->size; i++)
		if (((const char *)from)[i])
			return -E2BIG;
	return to->policy ? 0 : -EINVAL;
}

int extfuse_open(const struct extfuse_opts *options, struct extfuse **out)
{
	struct extfuse_opts opts;
	int err = copy_opts(options, &opts);

	if (err)
		return err;

	struct extfuse *ext = calloc(1, sizeof(*ext));

	if (!ext)
		return -ENOMEM;
	ext->log = (struct ext_log){ opts.log, opts.log_data };
	ext->entry_fd = -1;
	ext->fill_fd = -1;

	err = ext_compose(&ext->log, opts.policy, opts.handlers, &ext->objects);
	if (!err) {
		_cleanup_close_ int fd = -1;

		err = ext_link(&ext->log, &ext->objects, &fd);
		if (!err)
			err = open_linked(ext, fd);
	}
	if (!err) {
		ext->policy = policy_name(&ext->objects);
		err = ext->policy ? set_types(ext) : -ENOMEM;
	}
	if (!err)
		err = set_params(ext, opts.params);
	if (!err)
		err = set_globals(ext, &opts);
	if (!err)
		err = set_shape(ext);
	if (err) {
		if (err == -ENOMEM)
			ext_err(&ext->log, "out of memory");
		extfuse_close(ext);
		return err;
	}
	*out = ext;
	return 0;
}
