// SPDX-License-Identifier: LGPL-2.1-or-later
/* session.c - attaches through the INIT exchange of a stock libfuse session */
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 14)
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>

#include "internal.h"
#include "session.h"

/*
 * libfuse hands its callbacks the file system's own user data and, with
 * clone_fd, descriptors that we never saw. So each session gets callbacks of
 * its own, which know their place in this table.
 */
#define MAX_SESSIONS 16

enum phase { PHASE_WAIT, PHASE_SEEN, PHASE_DONE };

struct session {
	/* NULL: free */
	const struct fuse_session *se;
	struct extfuse *ext;
	struct extfuse_session_opts opts;
	/* written before phase becomes PHASE_SEEN */
	struct ext_init_request request;
	enum phase phase;
};

static struct session sessions[MAX_SESSIONS];
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;

static void see_request(struct session *s, const void *buf, size_t len)
{
	const struct fuse_in_header *head = buf;

	if (len < sizeof(*head))
		return;
	if (__atomic_load_n(&s->phase, __ATOMIC_ACQUIRE) == PHASE_WAIT &&
	    ext_init_request(buf, len, &s->request))
		__atomic_store_n(&s->phase, PHASE_SEEN, __ATOMIC_RELEASE);
	if (s->opts.on_request) {
		int state;

		/* libfuse cancels its workers while they read; the callback may hold a lock. */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
		s->opts.on_request(s->opts.data, head->opcode);
		pthread_setcancelstate(state, NULL);
	}
}

static ssize_t do_read(struct session *s, int fd, void *buf, size_t len)
{
	ssize_t n = read(fd, buf, len);

	if (n > 0)
		see_request(s, buf, (size_t)n);
	return n;
}

/*
 * The kernel runs the program's ATTACH event while it takes in the reply, so
 * right after the write the program's own variable tells the outcome.
 */
static int attach_outcome(const struct session *s, const struct fuse_out_header *reply, int error)
{
	if (error)
		return error;
	if (reply->error)
		return reply->error;
	if (!s->request.extfuse_offered)
		return -EOPNOTSUPP;
	if (!__atomic_load_n(s->ext->attached, __ATOMIC_ACQUIRE))
		return -ECONNREFUSED;
	return 0;
}

static void finish_attach(struct session *s, const struct fuse_out_header *reply, int error)
{
	if (!s->ext)
		return;

	int outcome = attach_outcome(s, reply, error);

	if (!outcome)
		__atomic_store_n(s->ext->epoch, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&s->ext->attach_state, outcome ? outcome : 1, __ATOMIC_RELEASE);
	if (s->opts.on_attach)
		s->opts.on_attach(s->opts.data, outcome);
}

static size_t total_length(const struct iovec *iov, int count)
{
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += iov[i].iov_len;
	return len;
}

static void flatten(const struct iovec *iov, int count, char *out)
{
	for (int i = 0; i < count; i++) {
		memcpy(out, iov[i].iov_base, iov[i].iov_len);
		out += iov[i].iov_len;
	}
}

static ssize_t write_init_reply(struct session *s, int fd, const struct iovec *iov, int count)
{
	const struct ext_init_answer answer = {
		.prog_fd = s->ext ? s->ext->entry_fd : -1,
		.passthrough_depth = s->opts.passthrough_depth,
	};
	size_t len = total_length(iov, count);
	char in[EXT_INIT_REPLY_MAX];
	char out[EXT_INIT_REPLY_MAX];
	struct fuse_out_header head;
	size_t n = 0;

	memcpy(&head, iov[0].iov_base, sizeof(head));
	if (len <= sizeof(in)) {
		flatten(iov, count, in);
		n = ext_init_complete(&s->request, &answer, in, len, out);
	}

	ssize_t res = n ? write(fd, out, n) : writev(fd, iov, count);
	int error = res < 0 ? -errno : 0;

	finish_attach(s, &head, error);
	errno = -error;
	/* The caller compares with what it wrote, not with what became of it. */
	return res < 0 ? res : (ssize_t)len;
}

static ssize_t do_writev(struct session *s, int fd, struct iovec *iov, int count)
{
	if (__atomic_load_n(&s->phase, __ATOMIC_ACQUIRE) == PHASE_SEEN && count > 0 &&
	    iov[0].iov_len >= sizeof(struct fuse_out_header)) {
		struct fuse_out_header head;

		memcpy(&head, iov[0].iov_base, sizeof(head));
		if (head.unique == s->request.unique) {
			__atomic_store_n(&s->phase, PHASE_DONE, __ATOMIC_RELEASE);
			return write_init_reply(s, fd, iov, count);
		}
	}
	return writev(fd, iov, count);
}

static ssize_t do_splice(int in, off_t *off_in, int out, off_t *off_out, size_t len,
			 unsigned int flags, void *data)
{
	(void)data;
	return splice(in, off_in, out, off_out, len, flags);
}

#define CALLBACKS(n) \
	static ssize_t read_##n(int fd, void *buf, size_t len, void *data) \
	{ \
		(void)data; \
		return do_read(&sessions[n], fd, buf, len); \
	} \
	static ssize_t writev_##n(int fd, struct iovec *iov, int count, void *data) \
	{ \
		(void)data; \
		return do_writev(&sessions[n], fd, iov, count); \
	}
#define IO(n) \
	{ \
		.read = read_##n, .writev = writev_##n, .splice_send = do_splice \
	}

CALLBACKS(0)
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(3)
CALLBACKS(4)
CALLBACKS(5)
CALLBACKS(6)
CALLBACKS(7)
CALLBACKS(8)
CALLBACKS(9)
CALLBACKS(10)
CALLBACKS(11)
CALLBACKS(12)
CALLBACKS(13)
CALLBACKS(14)
CALLBACKS(15)

static const struct fuse_custom_io ios[MAX_SESSIONS] = {
	IO(0), IO(1), IO(2),  IO(3),  IO(4),  IO(5),  IO(6),  IO(7),
	IO(8), IO(9), IO(10), IO(11), IO(12), IO(13), IO(14), IO(15),
};

/* The session's own place, or a free one. */
static struct session *find_place(const struct fuse_session *se)
{
	struct session *place = NULL;

	for (size_t i = 0; i < MAX_SESSIONS; i++) {
		if (sessions[i].se == se)
			return &sessions[i];
		if (!sessions[i].se && !place)
			place = &sessions[i];
	}
	return place;
}

static int check_setup(const struct extfuse *ext)
{
	if (!ext)
		return 0;
	if (!ext->loaded || ext->entry_fd < 0)
		return -EINVAL;
	/* Nodeids of two connections would meet in one set of maps. */
	for (size_t i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i].ext == ext)
			return -EBUSY;
	return 0;
}

int extfuse_session_setup(struct extfuse *ext, struct fuse_session *se,
			  const struct extfuse_session_opts *opts)
{
	struct extfuse_session_opts copy = { 0 };

	if (!se || fuse_session_fd(se) < 0)
		return -EINVAL;
	if (opts) {
		if (opts->size < sizeof(opts->size))
			return -EINVAL;
		memcpy(&copy, opts, opts->size < sizeof(copy) ? opts->size : sizeof(copy));
		for (size_t i = sizeof(copy); i < opts->size; i++)
			if (((const char *)opts)[i])
				return -E2BIG;
	}

	pthread_mutex_lock(&sessions_lock);

	int err = check_setup(ext);
	struct session *s = err ? NULL : find_place(se);

	if (!err && !s)
		err = -EMFILE;
	if (!err) {
		struct fuse_custom_io io = ios[s - sessions];

		/* Spliced requests never pass through memory of ours: no one could count them. */
		if (!copy.on_request)
			io.splice_receive = do_splice;
		*s = (struct session){ .se = se, .ext = ext, .opts = copy };
		err = fuse_session_custom_io(se, &io, fuse_session_fd(se));
		if (err)
			*s = (struct session){ 0 };
	}
	pthread_mutex_unlock(&sessions_lock);
	return err;
}

void extfuse_session_teardown(const struct fuse_session *se)
{
	pthread_mutex_lock(&sessions_lock);
	for (size_t i = 0; i < MAX_SESSIONS; i++)
		if (se && sessions[i].se == se)
			sessions[i] = (struct session){ 0 };
	pthread_mutex_unlock(&sessions_lock);
}

void ext_session_forget(const struct extfuse *ext)
{
	pthread_mutex_lock(&sessions_lock);
	for (size_t i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i].ext == ext)
			sessions[i] = (struct session){ 0 };
	pthread_mutex_unlock(&sessions_lock);
}

int extfuse_attach_state(const struct extfuse *ext)
{
	return ext ? __atomic_load_n(&ext->attach_state, __ATOMIC_ACQUIRE) : -EINVAL;
}
