// SPDX-License-Identifier: GPL-2.0-only
/* cmd_policies.c - extfuse policies */
#include <string.h>

#include "cmd.h"

static void print_params(const struct ext_object *object)
{
	for (size_t i = 0; i < object->nparams; i++) {
		const struct ext_param *param = &object->params[i];
		_cleanup_free_ char *usage = ext_param_usage(param);
		_cleanup_free_ char *preset = ext_param_preset(param);

		printf("    %-24s %s (default %s)\n", usage ? usage : param->name, param->help,
		       preset ? preset : "?");
	}
}

static int print_policies(void)
{
	_cleanup_strings_ struct ext_strings paths = { 0 };
	int code = 0;
	bool any = false;

	if (ext_find_policies(&paths))
		return EXIT_TROUBLE;
	for (size_t i = 0; i < paths.n; i++) {
		struct ext_object *object = NULL;

		if (ext_object_read(&cmd_log, paths.v[i], &object)) {
			code = EXIT_TROUBLE;
			continue;
		}
		if (object->is_policy) {
			printf("%s\n    %s\n", object->name,
			       object->description ? object->description : "");
			print_params(object);
			any = true;
		}
		ext_object_free(object);
	}
	if (!any) {
		_cleanup_free_ char *searched = ext_search_path_text();

		cmd_error("no policies found in %s; set EXTFUSE_OBJECT_PATH",
			  searched ? searched : "?");
		return EXIT_TROUBLE;
	}
	return code;
}

/* Parameters that every policy has: those of the dispatcher and the store. */
static int print_common(void)
{
	_cleanup_strings_ struct ext_strings paths = { 0 };
	bool first = true;

	if (ext_find_handlers(&paths))
		return EXIT_TROUBLE;
	for (size_t i = 0; i < paths.n; i++) {
		struct ext_object *object = NULL;

		if (ext_object_read(&cmd_log, paths.v[i], &object))
			return EXIT_TROUBLE;
		if (!object->is_policy && object->nparams) {
			if (first)
				printf("with every policy\n");
			first = false;
			print_params(object);
		}
		ext_object_free(object);
	}
	return 0;
}

int cmd_policies(int argc, char **argv)
{
	int code = cmd_no_arguments(argc, argv);

	if (code)
		return code;
	code = print_policies();

	int common = print_common();

	return code ? code : common;
}
