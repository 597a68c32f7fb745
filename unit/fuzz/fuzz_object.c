// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_object.c - fuzz target: the bytes of an object, and what is read from them */
#include <errno.h>

#include "fuzz.h"
#include "mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_log heard = { 0 };
	const struct ext_log log = { fuzz_hear, &heard };
	struct ext_object *object = NULL;
	int err = ext_object_parse(&log, "x/fuzz.bpf.o", data, size, &object);

	fuzz_outcome(&heard, err);
	if (err) {
		MUST(!object);
		return 0;
	}
	MUST(!strcmp(object->name, "fuzz") && object->size == size);
	for (size_t i = 0; i < object->nparams; i++) {
		const struct ext_param *param = &object->params[i];
		_cleanup_free_ char *usage = ext_param_usage(param);
		_cleanup_free_ char *preset = ext_param_preset(param);

		MUST(usage && preset && param->name && param->help);
		MUST((param->type == EXT_PARAM_ENUM) == !!param->values);
		MUST(!ext_param_reserved(param->name));
	}
	for (size_t i = 0; i < object->nprogs; i++) {
		MUST(object->progs[i].kind != EXT_SECTION_NONE);
		MUST(object->progs[i].kind != EXT_SECTION_SLOT ||
		     object->progs[i].slot < EXT_SLOTS);
	}

	/* It may stand for the policy of a set, whatever comes of that. */
	struct ext_objects objects = { 0 };

	MUST(!ext_objects_add(&objects, object));
	heard.errors = 0;
	err = ext_compose_objects(&log, &objects);
	fuzz_outcome(&heard, err);
	ext_objects_free(&objects);
	return 0;
}
