// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_link.c - linking in another process: its death is an error, and nobody notices it */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <bpf/btf.h>

#include "loader/loader_test.h"

static struct ext_objects read_set(void)
{
	static const char *const names[] = { "policies/ttl", "handlers/dispatch", "handlers/store",
					     "handlers/defaults" };
	struct ext_objects objects = { 0 };
	LISTEN(log);

	for (size_t i = 0; i < EXT_ARRAY_SIZE(names); i++) {
		struct ext_object *object;

		assert_int_equal(ext_object_read(&log, fixture(names[i]), &object), 0);
		assert_int_equal(ext_objects_add(&objects, object), 0);
	}
	return objects;
}

static int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_result_is_an_object(void **state)
{
	struct ext_objects objects = read_set();
	unsigned char head[SELFMAG];
	int before = count_files();
	int fd = -1;
	LISTEN(log);

	(void)state;
	assert_int_equal(ext_link(&log, &objects, &fd), 0);
	assert_int_equal(log_heard.errors, 0);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
	assert_memory_equal(head, ELFMAG, SELFMAG);
	close(fd);
	assert_int_equal(count_files(), before);
	ext_objects_free(&objects);
}

/* The objects are linked as they were when they were checked. */
static void test_files_may_change_behind_us(void **state)
{
	struct ext_objects objects = read_set();
	int fd = -1;
	LISTEN(log);

	(void)state;
	free(objects.v[0]->path);
	objects.v[0]->path = strdup("/nonexistent.bpf.o");
	assert_int_equal(ext_link(&log, &objects, &fd), 0);
	close(fd);
	ext_objects_free(&objects);
}

static Elf64_Shdr *section_of(struct ext_object *object, const char *name)
{
	Elf64_Ehdr *head = (void *)object->image;
	Elf64_Shdr *sections = (void *)(object->image + head->e_shoff);
	const char *names = (char *)object->image + sections[head->e_shstrndx].sh_offset;

	for (int i = 0; i < head->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	fail_msg("no section %s", name);
	return NULL;
}

/* Past the checks of ext_object_parse(), which refuses the same bytes. */
static void assert_refused_when_read(const struct ext_object *object)
{
	struct ext_object *again;
	LISTEN(log);

	assert_int_equal(ext_object_parse(&log, object->path, object->image, object->size, &again),
			 -EINVAL);
	assert_heard(&log_heard, "is damaged");
}

static void assert_link_fails(const struct ext_objects *objects, const char *text)
{
	int before = count_files();
	int fd = -1;
	LISTEN(log);

	assert_int_equal(ext_link(&log, objects, &fd), -EINVAL);
	assert_heard(&log_heard, text);
	assert_int_equal(fd, -1);
	assert_int_equal(count_files(), before);
}

/* Calls @visit for each type of an object that was not changed yet. */
static void each_type(struct ext_object *object,
		      void (*visit)(struct btf_type *t, __u32 id, const char *name, void *data),
		      void *data)
{
	Elf64_Shdr *section = section_of(object, ".BTF");
	struct btf_header *head = (void *)(object->image + section->sh_offset);
	char *begin = (char *)(head + 1);
	struct btf *btf = btf__new(head, (__u32)section->sh_size);

	assert_non_null(btf);
	for (__u32 i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		size_t at = (size_t)((const char *)t - (const char *)btf__type_by_id(btf, 1));

		visit((struct btf_type *)(begin + head->type_off + at), i,
		      btf__name_by_offset(btf, t->name_off), data);
	}
	btf__free(btf);
}

static void make_license_static(struct btf_type *t, __u32 id, const char *name, void *data)
{
	(void)id;
	(void)data;
	if (btf_is_var(t) && !strcmp(name, "_license"))
		btf_var(t)->linkage = BTF_VAR_STATIC;
}

/* The types of a section "license" without that section: libbpf 1.1 follows a null pointer. */
static void crash_libbpf(struct ext_object *object)
{
	Elf64_Shdr *license = section_of(object, "license");
	Elf64_Ehdr *head = (void *)object->image;
	Elf64_Shdr *sections = (void *)(object->image + head->e_shoff);
	char *names = (char *)object->image + sections[head->e_shstrndx].sh_offset;

	each_type(object, make_license_static, NULL);
	names[license->sh_name] = 'L';
}

static void test_crash_is_an_error(void **state)
{
	struct ext_objects objects = read_set();

	(void)state;
	/* Added second, when there is a license to compare with. */
	struct ext_object *first = objects.v[0];

	crash_libbpf(first);
	objects.v[0] = objects.v[1];
	objects.v[1] = first;
	assert_refused_when_read(first);
	assert_link_fails(&objects, "libbpf crashed");
	assert_link_fails(&objects, first->path);
	ext_objects_free(&objects);
}

static void make_const_endless(struct btf_type *t, __u32 id, const char *name, void *data)
{
	(void)name;
	if (!btf_is_const(t))
		return;
	t->type = id;
	*(__u32 *)data = id;
}

struct function {
	const char *name;
	__u32 proto;
	__u32 type;
};

static void find_function(struct btf_type *t, __u32 id, const char *name, void *data)
{
	struct function *function = data;

	(void)id;
	if (btf_is_func(t) && !strcmp(name, function->name))
		function->proto = t->type;
}

static void change_result(struct btf_type *t, __u32 id, const char *name, void *data)
{
	const struct function *function = data;

	(void)name;
	if (id == function->proto)
		t->type = function->type;
}

/* A function returns a const of itself: libbpf 1.1 never comes to its end when it compares it. */
static void hang_libbpf(struct ext_object *object)
{
	struct function function = { .name = "hook_fresh" };

	each_type(object, find_function, &function);
	assert_true(function.proto);
	each_type(object, make_const_endless, &function.type);
	assert_true(function.type);
	each_type(object, change_result, &function);
}

static void test_hang_is_an_error(void **state)
{
	struct ext_objects objects = read_set();
	struct timespec begin, end;

	(void)state;
	hang_libbpf(objects.v[0]);
	assert_refused_when_read(objects.v[0]);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_link_fails(&objects, "takes too long");
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec < 60);
	ext_objects_free(&objects);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals = signals + 1;
}

static void link_once(void)
{
	struct ext_objects objects = read_set();
	int fd = -1;
	LISTEN(log);

	assert_int_equal(ext_link(&log, &objects, &fd), 0);
	close(fd);
	ext_objects_free(&objects);
}

static void test_application_sees_no_child(void **state)
{
	static const struct {
		void (*handler)(int);
	} ways[] = { { SIG_DFL }, { SIG_IGN }, { count_signal } };
	sigset_t set, after;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	assert_int_equal(sigprocmask(SIG_SETMASK, &set, NULL), 0);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(ways); i++) {
		struct sigaction action = { .sa_handler = ways[i].handler }, now;

		assert_int_equal(sigaction(SIGCHLD, &action, NULL), 0);
		link_once();
		assert_int_equal(sigaction(SIGCHLD, NULL, &now), 0);
		assert_ptr_equal(now.sa_handler, ways[i].handler);
		assert_int_equal(signals, 0);
		/* Neither a child nor what is left of one, of whatever kind. */
		errno = 0;
		assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
		assert_int_equal(errno, ECHILD);
	}
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	assert_int_equal(sigismember(&after, SIGUSR2), 1);
	assert_int_equal(sigismember(&after, SIGCHLD), 0);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
}

static void *work(void *data)
{
	(void)data;
	for (int i = 0; i < 5; i++)
		link_once();
	return NULL;
}

/* What an application does meanwhile: allocate, and take whatever child there is. */
static void *disturb(void *data)
{
	const int *stop = data;

	while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
		void *p = malloc(100);

		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		free(p);
	}
	return NULL;
}

static void test_many_threads_link(void **state)
{
	pthread_t threads[4], other;
	int stop = 0;

	(void)state;
	/* The path is made once, before there are threads. */
	fixtures();
	assert_int_equal(pthread_create(&other, NULL, disturb, &stop), 0);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(other, NULL);
}

static void test_program_explains_itself(void **state)
{
	_cleanup_free_ char *program = NULL;

	(void)state;
	assert_int_equal(ext_find_linker(&program), 0);

	pid_t pid = fork();
	int status;

	if (!pid) {
		freopen("/dev/null", "w", stderr);
		for (int fd = 3; fd < 10; fd++)
			close(fd);
		execl(program, program, NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

/* A directory of objects from the environment names no program to run. */
static void test_environment_names_no_program(void **state)
{
	char dir[] = "/tmp/extfuse-link-XXXXXX";
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/extfuse-link", dir);

	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	_cleanup_free_ char *program = NULL;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(setenv("EXTFUSE_OBJECT_PATH", dir, 1), 0);
	assert_int_equal(ext_find_linker(&program), 0);
	assert_string_not_equal(program, path);
	unlink(path);
	rmdir(dir);
	use_fixtures(NULL);
}

/* A FIFO has no end: it is refused, and nobody waits for its writer. */
static void test_fifo_is_no_object(void **state)
{
	char dir[] = "/tmp/extfuse-link-XXXXXX";
	struct ext_object *object;
	char path[64];
	LISTEN(log);

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.bpf.o", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ext_object_read(&log, path, &object), -EINVAL);
	assert_heard(&log_heard, "not a regular file");
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result_is_an_object),
		cmocka_unit_test(test_files_may_change_behind_us),
		cmocka_unit_test(test_crash_is_an_error),
		cmocka_unit_test(test_hang_is_an_error),
		cmocka_unit_test(test_application_sees_no_child),
		cmocka_unit_test(test_many_threads_link),
		cmocka_unit_test(test_program_explains_itself),
		cmocka_unit_test(test_environment_names_no_program),
		cmocka_unit_test(test_fifo_is_no_object),
	};

	return cmocka_run_group_tests(tests, use_fixtures, NULL);
}
