// SPDX-License-Identifier: LGPL-2.1-or-later
/* vars.c - global variables of the linked object, by name */
#include <errno.h>
#include <string.h>

#include <bpf/btf.h>

#include "internal.h"

int ext_var_find(const struct bpf_object *bpf, const char *name, struct ext_var *var)
{
	const struct btf *btf = bpf_object__btf(bpf);
	struct bpf_map *map;

	if (!btf)
		return -ENOENT;
	bpf_object__for_each_map(map, bpf) {
		if (!bpf_map__is_internal(map))
			continue;

		/* "extfuse.bss" stands for the section .bss. */
		const char *section = strchr(bpf_map__name(map), '.');
		int id = section ? btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC) : 0;
		const struct btf_type *sec = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;

		for (int i = 0; sec && i < btf_vlen(sec); i++) {
			const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[i];
			const struct btf_type *t = btf__type_by_id(btf, info->type);
			const char *known = t ? btf__name_by_offset(btf, t->name_off) : NULL;

			if (!known || strcmp(known, name))
				continue;
			if ((uint64_t)info->offset + info->size > bpf_map__value_size(map))
				return -EINVAL;
			*var = (struct ext_var){ map, info->offset, info->size };
			return 0;
		}
	}
	return -ENOENT;
}

int ext_var_set(const struct bpf_object *bpf, const char *name, const void *value, size_t size)
{
	struct ext_var var;
	size_t room;
	int err = ext_var_find(bpf, name, &var);

	if (err)
		return err;

	/* Ours to write until load, whatever the declaration says. */
	char *data = (char *)bpf_map__initial_value(var.map, &room);

	if (!data || size != var.size || var.offset + size > room)
		return -EINVAL;
	memcpy(data + var.offset, value, size);
	return 0;
}
