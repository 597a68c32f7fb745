// SPDX-License-Identifier: LGPL-2.1-or-later
/* running.c - finds a loaded program's maps from its id, and reads them */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "internal.h"
#include "mounts.h"

#define MAX_MAPS 64

static bool has_map(const uint32_t *ids, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

struct map_ids {
	uint32_t v[MAX_MAPS];
	size_t n;
};

static int add_maps_of(uint32_t prog_id, struct map_ids *ids)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(prog_id);
	uint32_t found[MAX_MAPS];
	struct bpf_prog_info info = { .nr_map_ids = MAX_MAPS,
				      .map_ids = (uint64_t)(uintptr_t)found };
	__u32 len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAX_MAPS; i++)
		if (ids->n < MAX_MAPS && !has_map(ids->v, ids->n, found[i]))
			ids->v[ids->n++] = found[i];
	return 0;
}

static int open_maps(const struct map_ids *ids, struct ext_running *running)
{
	for (size_t i = running->n; i < ids->n; i++) {
		int fd = bpf_map_get_fd_by_id(ids->v[i]);

		if (fd < 0)
			return -errno;
		running->maps[running->n++] = fd;
	}
	return 0;
}

int ext_running_open(uint32_t prog_id, struct ext_running *out)
{
	struct ext_running running = { .maps = calloc(MAX_MAPS, sizeof(int)) };
	struct map_ids ids = { .n = 0 };

	if (!running.maps)
		return -ENOMEM;

	int err = add_maps_of(prog_id, &ids);

	if (!err)
		err = open_maps(&ids, &running);

	/* The entry program knows only its own maps; the rows belong to what it calls. */
	int progs = err ? -1 : ext_running_map(&running, "ext_progs");

	for (uint32_t slot = 0; progs >= 0 && slot < EXT_SLOTS; slot++) {
		uint32_t id;

		/* A slot may be emptied while we look. */
		if (!bpf_map_lookup_elem(progs, &slot, &id))
			add_maps_of(id, &ids);
	}
	if (!err)
		err = open_maps(&ids, &running);
	if (err) {
		ext_running_close(&running);
		return err;
	}
	*out = running;
	return 0;
}

void ext_running_close(struct ext_running *running)
{
	for (size_t i = 0; i < running->n; i++)
		close(running->maps[i]);
	free(running->maps);
	*running = (struct ext_running){ 0 };
}

static int map_info(int fd, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &len) ? -errno : 0;
}

int ext_running_map(const struct ext_running *running, const char *name)
{
	for (size_t i = 0; i < running->n; i++) {
		struct bpf_map_info info;

		if (!map_info(running->maps[i], &info) && !strcmp(info.name, name))
			return running->maps[i];
	}
	return -ENOENT;
}

/* Copies variable @name out of a map's only value, if the map's BTF knows it. */
static bool read_var(const struct bpf_map_info *info, const char *value, const char *name, char *to,
		     size_t size)
{
	struct btf *btf = btf__load_from_kernel_by_id(info->btf_id);
	const struct btf_type *sec = btf ? btf__type_by_id(btf, info->btf_value_type_id) : NULL;
	bool found = false;

	for (int i = 0; sec && btf_is_datasec(sec) && i < btf_vlen(sec) && !found; i++) {
		const struct btf_var_secinfo *var = &btf_var_secinfos(sec)[i];
		const struct btf_type *t = btf__type_by_id(btf, var->type);
		const char *known = t ? btf__name_by_offset(btf, t->name_off) : NULL;

		if (!known || strcmp(known, name) || var->size > size ||
		    (uint64_t)var->offset + var->size > info->value_size)
			continue;
		memcpy(to, value + var->offset, var->size);
		found = true;
	}
	btf__free(btf);
	return found;
}

int ext_running_policy(const struct ext_running *running, char **out)
{
	for (size_t i = 0; i < running->n; i++) {
		struct bpf_map_info info;
		char name[65] = "";
		uint32_t zero = 0;

		if (map_info(running->maps[i], &info) || !info.btf_id ||
		    !strstr(info.name, ".rodata"))
			continue;

		_cleanup_free_ char *value = malloc(info.value_size);

		if (!value)
			return -ENOMEM;
		if (bpf_map_lookup_elem(running->maps[i], &zero, value) ||
		    !read_var(&info, value, "ext_policy_name", name, sizeof(name) - 1))
			continue;
		*out = strdup(name);
		return *out ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

/* Sums one opcode's counters over the CPUs. */
static int sum_stats(int fd, uint32_t opcode, struct ext_op_stats *sum)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;

	_cleanup_free_ struct ext_op_stats *values = calloc((size_t)cpus, sizeof(*values));
	uint64_t *to = (uint64_t *)sum;

	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &opcode, values))
		return -errno;
	memset(sum, 0, sizeof(*sum));
	_Static_assert(sizeof(*sum) % sizeof(uint64_t) == 0, "counters only");
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
			to[i] += ((const uint64_t *)&values[cpu])[i];
	return 0;
}

int extfuse_op_stats(const struct extfuse *ext, uint32_t opcode, struct extfuse_op_stats *stats)
{
	if (!stats || stats->size < sizeof(stats->size))
		return -EINVAL;
	if (!ext || !ext->loaded)
		return -ENOTCONN;

	int fd = bpf_object__find_map_fd_by_name(ext->bpf, "ext_stats");
	struct ext_op_stats sum;
	int err =
		fd < 0 ? -ENOENT : sum_stats(fd, opcode < EXT_OPCODES ? opcode : EXT_OPCODES, &sum);

	if (err)
		return err;

	struct extfuse_op_stats out = {
		.size = stats->size,
		.requests = sum.requests,
		.hits = sum.hits,
		.negative_hits = sum.negative_hits,
		.stores = sum.stores,
		.invalidations = sum.invalidations,
		.errors = sum.errors,
	};

	for (size_t i = 0; i < EXT_MISS_MAX; i++)
		out.misses += sum.misses[i];
	/* What this version does not know is zero. */
	memset(stats, 0, out.size);
	memcpy(stats, &out, out.size < sizeof(out) ? out.size : sizeof(out));
	return 0;
}

/* Rows in a hash; buckets are read whole, so a busy map cannot keep us forever. */
static int count_rows(int fd, const struct bpf_map_info *info, uint64_t *rows)
{
	enum { BATCH = 1024 };
	_cleanup_free_ char *keys = malloc((size_t)BATCH * info->key_size);
	_cleanup_free_ char *values = malloc((size_t)BATCH * info->value_size);
	uint32_t cursor = 0;
	bool first = true;

	if (!keys || !values)
		return -ENOMEM;
	for (;;) {
		uint32_t n = BATCH;
		int res = bpf_map_lookup_batch(fd, first ? NULL : &cursor, &cursor, keys, values,
					       &n, NULL);

		if (res && errno != ENOENT)
			return -errno;
		*rows += n;
		first = false;
		if (res)
			return 0;
	}
}

int ext_stats_read(const struct ext_running *running, struct ext_stats *out)
{
	int fd = ext_running_map(running, "ext_stats");
	struct bpf_map_info info;
	uint64_t inserts = 0;
	uint64_t reclaims = 0;
	uint64_t rows = 0;
	bool lru = false;

	if (fd < 0)
		return fd;

	int err = map_info(fd, &info);

	if (err)
		return err;
	if (info.value_size != sizeof(struct ext_op_stats))
		return -EPROTO;

	memset(out, 0, sizeof(*out));

	/*
	 * Counters run on while they are read. They come before the rows, so that
	 * what is inserted meanwhile cannot seem evicted.
	 */
	for (uint32_t opcode = 0; opcode < EXT_STATS_ROWS; opcode++) {
		err = sum_stats(fd, opcode, &out->ops[opcode]);
		if (err)
			return err;
		inserts += out->ops[opcode].inserts;
		reclaims += out->ops[opcode].reclaims;
		out->evictions += out->ops[opcode].evictions;
	}
	for (size_t i = 0; i < running->n; i++) {
		if (map_info(running->maps[i], &info) || info.type != BPF_MAP_TYPE_LRU_HASH ||
		    (strncmp(info.name, "ext_names", 9) && strcmp(info.name, "ext_attrs") &&
		     strcmp(info.name, "ext_xattrs")))
			continue;
		lru = true;
		err = count_rows(running->maps[i], &info, &rows);
		if (err)
			return err;
	}
	if (lru && inserts > reclaims + rows)
		out->evictions += inserts - reclaims - rows;
	return 0;
}
