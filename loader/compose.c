// SPDX-License-Identifier: LGPL-2.1-or-later
/* compose.c - chooses the objects that make one program, and checks that they fit together */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "internal.h"

static const struct ext_prog *slot_program(const struct ext_object *object, uint32_t slot)
{
	for (size_t i = 0; i < object->nprogs; i++)
		if (object->progs[i].kind == EXT_SECTION_SLOT && object->progs[i].slot == slot)
			return &object->progs[i];
	return NULL;
}

/* Whether both have a program for one opcode (in whatever phase) or one event. */
static bool share_opcode(const struct ext_object *a, const struct ext_object *b)
{
	for (size_t i = 0; i < a->nprogs; i++) {
		uint32_t slot = a->progs[i].slot;

		if (a->progs[i].kind != EXT_SECTION_SLOT)
			continue;
		if (slot_program(b, slot))
			return true;
		if (slot < EXT_SLOT_EVENT && slot_program(b, slot ^ EXT_SLOT_REPLY))
			return true;
	}
	return false;
}

static const struct ext_object *replacement(const struct ext_objects *objects,
					    const struct ext_object *object)
{
	if (object->from_user || object->is_policy)
		return NULL;
	for (size_t i = 0; i < objects->n; i++)
		if (objects->v[i]->from_user && share_opcode(object, objects->v[i]))
			return objects->v[i];
	return NULL;
}

static void drop(struct ext_objects *objects, size_t i)
{
	ext_object_free(objects->v[i]);
	memmove(&objects->v[i], &objects->v[i + 1], (objects->n - i - 1) * sizeof(*objects->v));
	objects->n--;
}

/* A user's handler replaces the built-in object of the same opcode as a whole. */
static void drop_replaced(const struct ext_log *log, struct ext_objects *objects)
{
	for (size_t i = 0; i < objects->n;) {
		const struct ext_object *by = replacement(objects, objects->v[i]);

		if (!by) {
			i++;
			continue;
		}
		ext_log(log, EXTFUSE_LOG_INFO, "%s replaces the built-in handler %s", by->path,
			objects->v[i]->name);
		drop(objects, i);
	}
}

/* Where the policy keeps nothing, the built-in handlers would run in vain. */
static void drop_idle(struct ext_objects *objects)
{
	bool idle = ext_objects_keep_nothing(objects);

	for (size_t i = 0; idle && i < objects->n;) {
		const struct ext_object *object = objects->v[i];

		if (!object->from_user && ext_object_has_kind(object, EXT_SECTION_SLOT))
			drop(objects, i);
		else
			i++;
	}
}

static int check_slots(const struct ext_log *log, const struct ext_objects *objects)
{
	bool entry = false;

	for (size_t i = 0; i < objects->n; i++) {
		const struct ext_object *object = objects->v[i];

		if ((object->from_user || object->is_handler) && !object->nprogs) {
			ext_err(log,
				"missing slot: handler %s has no program in a section extfuse/OPCODE or "
				"extfuse/event/NAME",
				object->path);
			return -EINVAL;
		}
		for (size_t j = 0; j < object->nprogs; j++) {
			const struct ext_prog *prog = &object->progs[j];

			for (size_t k = 0; k <= i; k++) {
				const struct ext_object *other = objects->v[k];
				size_t end = k == i ? j : other->nprogs;

				for (size_t l = 0; l < end; l++) {
					if (strcmp(other->progs[l].section, prog->section))
						continue;
					ext_err(log, "duplicate slot: %s and %s both fill '%s'",
						other->path, object->path, prog->section);
					return -EEXIST;
				}
			}
		}
		entry |= ext_object_has_kind(object, EXT_SECTION_ENTRY);
	}
	if (!entry) {
		_cleanup_free_ char *searched = ext_search_path_text();

		ext_err(log,
			"missing slot: no dispatcher (dispatch" EXT_OBJECT_SUFFIX
			") found in %s; set EXTFUSE_OBJECT_PATH or install the handlers",
			searched ? searched : "?");
		return -ENOENT;
	}
	return 0;
}

static const char *kind_of(const struct ext_object *object)
{
	return object->is_policy ? "policies" : "objects";
}

/* Looks for a definition of @name; a strong one is preferred. */
static const struct ext_object *find_definition(const struct ext_objects *objects, const char *name,
						size_t end, bool *weak)
{
	const struct ext_object *found = NULL;

	for (size_t i = 0; i < end; i++) {
		const struct ext_object *object = objects->v[i];

		for (size_t j = 0; j < object->nsymbols; j++) {
			const struct ext_symbol *symbol = &object->symbols[j];

			if (symbol->undefined || strcmp(symbol->name, name))
				continue;
			if (found && symbol->weak)
				continue;
			found = object;
			*weak = symbol->weak;
			if (!symbol->weak)
				return found;
		}
	}
	return found;
}

/* Hooks are what the defaults define, weakly. Returns the one whose name is closest to @name. */
static const char *closest_hook(const struct ext_objects *objects, const char *name)
{
	const char *best = NULL;
	unsigned int least = UINT_MAX;

	for (size_t i = 0; i < objects->n; i++) {
		const struct ext_object *object = objects->v[i];

		for (size_t j = 0; j < object->nsymbols; j++) {
			const struct ext_symbol *symbol = &object->symbols[j];
			unsigned int far = symbol->weak && !symbol->undefined
						   ? ext_word_distance(name, symbol->name)
						   : UINT_MAX;

			if (far < least) {
				best = symbol->name;
				least = far;
			}
		}
	}
	return best;
}

/* A hook that nobody calls is a slip of the pen: the default would hold without a word. */
static int check_hooks(const struct ext_log *log, const struct ext_objects *objects)
{
	for (size_t i = 0; i < objects->n; i++) {
		const struct ext_object *object = objects->v[i];

		for (size_t j = 0; object->is_policy && j < object->nsymbols; j++) {
			const char *name = object->symbols[j].name;

			if (object->symbols[j].undefined || strncmp(name, "ext_policy_", 11) != 0)
				continue;

			const char *close = closest_hook(objects, name);

			if (close && !strcmp(close, name))
				continue;
			ext_err(log,
				"unknown hook: policy %s defines %s, which nothing calls%s%s%s; "
				"policy.h lists the hooks",
				object->path, name, close ? " (is " : "", close ? close : "",
				close ? " meant?)" : "");
			return -EINVAL;
		}
	}
	return 0;
}

static int check_symbols(const struct ext_log *log, const struct ext_objects *objects)
{
	for (size_t i = 0; i < objects->n; i++) {
		const struct ext_object *object = objects->v[i];

		for (size_t j = 0; j < object->nsymbols; j++) {
			const struct ext_symbol *symbol = &object->symbols[j];
			const struct ext_object *other;
			bool weak = true;

			if (symbol->undefined) {
				other = find_definition(objects, symbol->name, objects->n, &weak);
				if (other || symbol->weak)
					continue;
				ext_err(log,
					"undefined: %s calls %s, which no policy, handler or default "
					"defines%s%s%s; define it there, or use what handler.h and "
					"policy.h declare",
					object->path, symbol->name, symbol->used_at ? " (" : "",
					symbol->used_at ? symbol->used_at : "",
					symbol->used_at ? ")" : "");
				return -EINVAL;
			}
			if (symbol->weak)
				continue;
			other = find_definition(objects, symbol->name, i, &weak);
			if (!other || weak)
				continue;
			if (!strncmp(symbol->name, "ext_param_", 10))
				ext_err(log,
					"%s %s and %s both have a parameter %s and cannot be combined",
					kind_of(object), other->name, object->name,
					symbol->name + 10);
			else
				ext_err(log, "%s %s and %s both define %s and cannot be combined",
					kind_of(object), other->name, object->name, symbol->name);
			return -EEXIST;
		}
	}
	return 0;
}

/*
 * The linker of libbpf 1.1 keeps a weak definition that it met first even if a
 * strong one follows, so strong ones have to come first: policies before
 * everything, the defaults after everything.
 */
static int link_rank(const struct ext_object *object)
{
	size_t weak = 0;

	if (object->is_policy)
		return 0;
	for (size_t i = 0; i < object->nsymbols; i++)
		weak += object->symbols[i].weak && !object->symbols[i].undefined;
	if (ext_object_has_kind(object, EXT_SECTION_ENTRY))
		return 2;
	if (ext_object_has_kind(object, EXT_SECTION_FILL))
		return 3;
	if (weak)
		return 4;
	return 1;
}

static void sort_for_linking(struct ext_objects *objects)
{
	/* Insertion keeps the order of equals: policies stay as the user wrote them. */
	for (size_t i = 1; i < objects->n; i++) {
		struct ext_object *object = objects->v[i];
		size_t j = i;

		for (; j && link_rank(objects->v[j - 1]) > link_rank(object); j--)
			objects->v[j] = objects->v[j - 1];
		objects->v[j] = object;
	}
}

int ext_compose_objects(const struct ext_log *log, struct ext_objects *objects)
{
	drop_replaced(log, objects);
	drop_idle(objects);
	sort_for_linking(objects);

	int err = check_slots(log, objects);

	if (!err)
		err = check_hooks(log, objects);
	return err ? err : check_symbols(log, objects);
}

static int add_file(const struct ext_log *log, const char *path, bool from_user,
		    struct ext_objects *objects)
{
	struct ext_object *object = NULL;
	int err = ext_object_read(log, path, &object);

	if (err)
		return err;
	if (object->is_policy) {
		bool given = from_user;

		ext_object_free(object);
		if (!given)
			return 0;
		ext_err(log, "%s is a policy, not a handler: name it in policy=", path);
		return -EINVAL;
	}
	object->from_user = from_user;
	err = ext_objects_add(objects, object);
	if (err)
		ext_object_free(object);
	return err;
}

int ext_compose(const struct ext_log *log, const char *expr, const char *const *handlers,
		struct ext_objects *out)
{
	_cleanup_strings_ struct ext_strings paths = { 0 };
	_cleanup_objects_ struct ext_objects objects = { 0 };
	int err = ext_expr_read(log, expr, &objects);

	for (; !err && handlers && *handlers; handlers++)
		err = add_file(log, *handlers, true, &objects);
	if (!err)
		err = ext_find_handlers(&paths);
	for (size_t i = 0; !err && i < paths.n; i++)
		err = add_file(log, paths.v[i], false, &objects);
	if (!err)
		err = ext_compose_objects(log, &objects);
	if (err)
		return err;
	*out = objects;
	objects = (struct ext_objects){ 0 };
	return 0;
}
