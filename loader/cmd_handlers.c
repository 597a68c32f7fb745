// SPDX-License-Identifier: GPL-2.0-only
/* cmd_handlers.c - extfuse handlers */
#include "cmd.h"

/* "LOOKUP request,reply" for what an object fills, in the order of the slots. */
static void print_slots(const struct ext_object *object)
{
	char buf[16];

	for (uint32_t opcode = 0; opcode < EXT_OPCODES; opcode++) {
		bool request = false;
		bool reply = false;

		for (size_t i = 0; i < object->nprogs; i++) {
			if (object->progs[i].kind != EXT_SECTION_SLOT)
				continue;
			request |= object->progs[i].slot == EXT_SLOT_REQUEST + opcode;
			reply |= object->progs[i].slot == EXT_SLOT_REPLY + opcode;
		}
		if (request || reply)
			printf("%s %s%s%s", ext_opcode_label(opcode, buf), request ? "request" : "",
			       request && reply ? "," : "", reply ? "reply" : "");
	}
	for (size_t i = 0; i < object->nprogs; i++) {
		const struct ext_prog *prog = &object->progs[i];

		if (prog->kind == EXT_SECTION_ENTRY)
			printf("- every request, reply and event");
		else if (prog->kind == EXT_SECTION_FILL)
			printf("- the daemon's fills");
		else if (prog->kind == EXT_SECTION_SLOT && prog->slot >= EXT_SLOT_EVENT)
			printf("%s event", prog->section + sizeof("extfuse/event/") - 1);
	}
}

int cmd_handlers(int argc, char **argv)
{
	_cleanup_strings_ struct ext_strings paths = { 0 };
	int code = cmd_no_arguments(argc, argv);
	bool any = false;

	if (code)
		return code;
	if (ext_find_handlers(&paths))
		return EXIT_TROUBLE;
	for (size_t i = 0; i < paths.n; i++) {
		struct ext_object *object = NULL;

		if (ext_object_read(&cmd_log, paths.v[i], &object)) {
			code = EXIT_TROUBLE;
			continue;
		}
		if (!object->is_policy && object->nprogs) {
			print_slots(object);
			printf(": %s\n", object->description ? object->description : object->name);
			any = true;
		}
		ext_object_free(object);
	}
	if (!any) {
		_cleanup_free_ char *searched = ext_search_path_text();

		cmd_error("no handlers found in %s; set EXTFUSE_OBJECT_PATH",
			  searched ? searched : "?");
		return EXIT_TROUBLE;
	}
	return code;
}
