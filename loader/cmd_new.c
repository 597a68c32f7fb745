// SPDX-License-Identifier: GPL-2.0-only
/* cmd_new.c - extfuse new: projects for handlers and policies, from the templates */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/fuse.h>

#include "cmd.h"

/* Generated from templates/: there is nothing to install or to find. */
#include "templates.inc"

/* NAME is a part of C identifiers, file names and mount options. */
#define NAME_SIZE 32

struct project {
	const char *name;
	/* of a handler: "LOOKUP", "lookup" and what templates ask about */
	const char *opcode;
	char lower[NAME_SIZE];
	char request[64];
	bool refusable;
};

struct file {
	/* with @NAME@ */
	const char *path;
	const char *template;
};

static const struct file policy_files[] = {
	{ "@NAME@.bpf.c", template_policy_source_c },
	{ "test_@NAME@.c", template_policy_test_c },
	{ "CMakeLists.txt", template_policy_CMakeLists_txt },
	{ "README.md", template_policy_README_md },
	{ NULL, NULL },
};

static const struct file handler_files[] = {
	{ "@NAME@.bpf.c", template_handler_source_c },
	{ "test_@NAME@.c", template_handler_test_c },
	{ "CMakeLists.txt", template_handler_CMakeLists_txt },
	{ "README.md", template_handler_README_md },
	{ NULL, NULL },
};

/* What the kit's call for an opcode is given; it has one for each but DESTROY and those of DAX. */
static const struct {
	const char *opcode;
	const char *arguments;
} requests[] = {
	{ "ACCESS", "42, 4" },
	{ "BMAP", "42, 0, 4096" },
	{ "COPY_FILE_RANGE", "42, 43" },
	{ "CREATE", "DIR, \"name\"" },
	{ "FALLOCATE", "42, 0, 0, 4096" },
	{ "FLUSH", "42, 0" },
	{ "FSYNC", "42, 0" },
	{ "FSYNCDIR", "DIR, 0" },
	{ "GETATTR", "42" },
	{ "GETLK", "42, &(struct fuse_file_lock){ .end = 9 }" },
	{ "GETXATTR", "42, \"user.name\", 256" },
	{ "IOCTL", "42, 0" },
	{ "LINK", "60, DIR, \"name\"" },
	{ "LISTXATTR", "42, 256" },
	{ "LOOKUP", "DIR, \"name\"" },
	{ "LSEEK", "42, 0, 3" },
	{ "MKDIR", "DIR, \"name\"" },
	{ "MKNOD", "DIR, \"name\"" },
	{ "OPEN", "42, 0" },
	{ "OPENDIR", "DIR, 0" },
	{ "POLL", "42, 1" },
	{ "READ", "42, 0, 512" },
	{ "READDIR", "DIR, 0, 4096" },
	{ "READDIRPLUS", "DIR" },
	{ "READLINK", "42" },
	{ "RELEASE", "42, 0" },
	{ "RELEASEDIR", "DIR" },
	{ "REMOVEXATTR", "42, \"user.name\"" },
	{ "RENAME", "DIR, \"name\", 8, \"new\", 60, 61" },
	{ "RENAME2", "DIR, \"name\", 8, \"new\", 60, 61, 0" },
	{ "RMDIR", "DIR, \"name\", 60" },
	{ "SETATTR", "42" },
	{ "SETLK", "42, &(struct fuse_file_lock){ .end = 9 }" },
	{ "SETLKW", "42, &(struct fuse_file_lock){ .end = 9 }" },
	{ "SETXATTR", "42, \"user.name\", \"value\"" },
	{ "STATFS", "1" },
	{ "STATX", "42" },
	{ "SYMLINK", "DIR, \"name\", \"target\"" },
	{ "SYNCFS", "1" },
	{ "TMPFILE", "DIR" },
	{ "UNLINK", "DIR, \"name\", 60" },
	{ "WRITE", "42" },
};

/* The call that makes a request, as the kernel would. */
static void write_request(struct project *project)
{
	snprintf(project->request, sizeof(project->request), "req_plain(FUSE_%s, 42)",
		 project->opcode);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(requests); i++)
		if (!strcmp(requests[i].opcode, project->opcode))
			snprintf(project->request, sizeof(project->request), "req_%s(%s)",
				 project->lower, requests[i].arguments);
}

/* One word of "@IF LOOKUP !REFUSABLE@". */
static bool word_holds(const struct project *project, const char *word, size_t len)
{
	bool negated = len && *word == '!';
	const char *w = word + negated;
	char text[NAME_SIZE];
	bool holds;

	snprintf(text, sizeof(text), "%.*s", (int)(len - negated), w);
	if (!strcmp(text, "REFUSABLE"))
		holds = project->refusable;
	else
		holds = !strcmp(text, project->opcode);
	return holds != negated;
}

/*
 * Any of the words must hold; those with '!' all of them. @words ends with '@'.
 */
static bool condition_holds(const struct project *project, const char *words)
{
	bool any = false;

	while (*words != '@') {
		size_t len = strcspn(words, " @");
		bool holds = word_holds(project, words, len);

		if (*words == '!' && !holds)
			return false;
		any |= holds;
		words += len + strspn(words + len, " ");
	}
	return any;
}

/* Adds the text of @len bytes with @NAME@, @OPCODE@, @opcode@ and @REQUEST@ replaced. */
static void add_replaced(struct ext_text *out, const struct project *project, const char *text,
			 size_t len)
{
	const struct {
		const char *mark;
		const char *value;
	} marks[] = {
		{ "@NAME@", project->name },
		{ "@OPCODE@", project->opcode },
		{ "@opcode@", project->lower },
		{ "@REQUEST@", project->request },
	};
	const char *end = text + len;

	while (text < end) {
		size_t plain = strcspn(text, "@");

		if (plain > (size_t)(end - text))
			plain = (size_t)(end - text);
		ext_text_add(out, "%.*s", (int)plain, text);
		text += plain;
		for (size_t i = 0; text < end && i <= EXT_ARRAY_SIZE(marks); i++) {
			if (i == EXT_ARRAY_SIZE(marks)) {
				ext_text_add(out, "@");
				text++;
			} else if (!strncmp(text, marks[i].mark, strlen(marks[i].mark))) {
				ext_text_add(out, "%s", marks[i].value);
				text += strlen(marks[i].mark);
				break;
			}
		}
	}
}

/* Lines between "@IF words@" and "@END@" are there if the condition holds; they do not nest. */
static char *expand(const struct project *project, const char *template)
{
	struct ext_text out = { 0 };
	bool wanted = true;

	while (*template) {
		size_t len = strcspn(template, "\n");

		len += template[len] == '\n';

		if (!strncmp(template, "@IF ", 4))
			wanted = condition_holds(project, template + 4);
		else if (!strncmp(template, "@END@", 5))
			wanted = true;
		else if (wanted)
			add_replaced(&out, project, template, len);
		template += len;
	}
	return out.s;
}

static int write_file(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	size_t len = strlen(text);
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < len; done += (size_t)n) {
		n = write(fd, text + done, len - done);
		if (n < 0) {
			int err = -errno;

			close(fd);
			return err;
		}
	}
	return close(fd) ? -errno : 0;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n == 2;
}

/* The directory is made; one that is there already must be empty. */
static int open_dir(const char *path)
{
	int err = mkdir(path, 0777) ? errno : 0;

	if (err && !(err == EEXIST && is_empty(path))) {
		if (err == EEXIST)
			cmd_error("'%s' exists already and is not an empty directory; name another "
				  "directory",
				  path);
		else
			cmd_error("cannot make the directory '%s': %s", path, strerror(err));
		return -1;
	}

	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		cmd_error("cannot open the directory '%s': %s", path, strerror(errno));
	return fd;
}

static int write_project(const struct project *project, const struct file *files, const char *path)
{
	_cleanup_close_ int dir = open_dir(path);

	if (dir < 0)
		return EXIT_TROUBLE;
	for (; files->path; files++) {
		_cleanup_free_ char *name = expand(project, files->path);
		_cleanup_free_ char *text = expand(project, files->template);
		int err = name && text ? write_file(dir, name, text) : -ENOMEM;

		if (err) {
			cmd_error("cannot write '%s/%s': %s", path, name ? name : files->path,
				  strerror(-err));
			return EXIT_TROUBLE;
		}
	}
	printf("%s: a project for %s.bpf.o and its test; README.md says how to use it\n"
	       "cd %s && cmake -S . -B build && cmake --build build && ctest --test-dir build\n",
	       path, project->name, path);
	return 0;
}

static bool good_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return !name[len] && len && len < NAME_SIZE - 8 && islower((unsigned char)*name);
}

/* Sets the opcode by its name in any case, or says what is wrong with it. */
static int find_opcode(struct project *project, const char *text)
{
	int opcode = ext_opcode_by_name(!strncasecmp(text, "FUSE_", 5) ? text + 5 : text);

	if (opcode < 0 || opcode >= EXT_OPCODES) {
		const char *close = ext_closest_opcode(text);

		cmd_error(
			"new handler: unknown opcode '%s'%s%s%s; 'extfuse handlers' lists those with "
			"a handler, enum fuse_opcode in linux/fuse.h lists all",
			text, close ? " (is " : "", close ? close : "", close ? " meant?)" : "");
		return -1;
	}
	if (EXT_UNSEEN >> opcode & 1) {
		cmd_error("new handler: no program sees %s requests; choose another opcode%s",
			  ext_opcode_name((uint32_t)opcode),
			  opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET
				  ? " (FORGET is an event, EXT_EVENT(FORGET) in handler.h)"
				  : "");
		return -1;
	}
	project->opcode = ext_opcode_name((uint32_t)opcode);
	for (size_t i = 0; i < sizeof(project->lower) - 1 && project->opcode[i]; i++)
		project->lower[i] = (char)tolower((unsigned char)project->opcode[i]);
	project->refusable = !(EXT_UNREFUSABLE >> opcode & 1);
	write_request(project);
	return 0;
}

int cmd_new(int argc, char **argv)
{
	struct project project = { .opcode = "" };
	bool handler = argc > 1 && !strcmp(argv[1], "handler");
	int needed = handler ? 4 : 3;

	if (argc < 2 || (!handler && strcmp(argv[1], "policy") != 0)) {
		cmd_error(
			"new: 'new policy NAME [DIR]' or 'new handler NAME OPCODE [DIR]' is expected");
		return EXIT_USAGE;
	}
	if (argc < needed) {
		cmd_error("new %s: %s is missing; expected: new %s NAME%s [DIR]", argv[1],
			  argc < 3 ? "NAME" : "OPCODE", argv[1], handler ? " OPCODE" : "");
		return EXIT_USAGE;
	}
	if (argc > needed + 1) {
		cmd_error("new %s: unexpected argument '%s'", argv[1], argv[needed + 1]);
		return EXIT_USAGE;
	}
	project.name = argv[2];
	if (!good_name(project.name)) {
		cmd_error(
			"new %s: '%s' is no name for it: a lower-case letter and up to %d letters, "
			"digits and '_' are expected",
			argv[1], project.name, NAME_SIZE - 10);
		return EXIT_USAGE;
	}
	if (handler && find_opcode(&project, argv[3]))
		return EXIT_USAGE;
	return write_project(&project, handler ? handler_files : policy_files,
			     argc > needed ? argv[needed] : project.name);
}
