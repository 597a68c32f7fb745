// SPDX-License-Identifier: GPL-2.0-only
/* op_file.c - file contents: READ, WRITE, FALLOCATE, COPY_FILE_RANGE, LSEEK */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "debug_delay.h"
#include "set_id.h"
#include "stackfs.h"

/* A buffer for each thread, as large as a request has needed so far; freed with the thread. */
static pthread_key_t buffer_key;
static pthread_once_t buffer_once = PTHREAD_ONCE_INIT;

struct buffer {
	size_t size;
	char data[];
};

static void make_buffer_key(void)
{
	pthread_key_create(&buffer_key, free);
}

static char *thread_buffer(size_t size)
{
	struct buffer *buffer;

	pthread_once(&buffer_once, make_buffer_key);
	buffer = pthread_getspecific(buffer_key);
	if (buffer && buffer->size >= size)
		return buffer->data;
	free(buffer);
	pthread_setspecific(buffer_key, NULL);
	buffer = malloc(sizeof(*buffer) + size);
	if (!buffer)
		return NULL;
	buffer->size = size;
	pthread_setspecific(buffer_key, buffer);
	return buffer->data;
}

void op_read(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t off, struct fuse_file_info *fi)
{
	char *buf = thread_buffer(size);
	size_t done = 0;

	(void)nodeid;
	if (!buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	/* A short reply means the end of the file. */
	while (done < size) {
		ssize_t n = pread((int)fi->fh, buf + done, size - done, off + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !done) {
			fuse_reply_err(req, errno);
			return;
		}
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	fuse_reply_buf(req, buf, done);
}

void op_write(fuse_req_t req, fuse_ino_t nodeid, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi)
{
	CREDS_AUTO creds = {};
	/* Write-back of pages knows its offset, whatever the file was opened with. */
	int append = !fi->writepage && fi->flags & O_APPEND ? RWF_APPEND : 0;
	size_t done = 0;
	int err = 0;

	if (!fi->writepage)
		err = set_id_begin(req, (int)fi->fh, &creds);
	while (!err && done < size) {
		struct iovec iov = { .iov_base = (char *)buf + done, .iov_len = size - done };
		ssize_t n = pwritev2((int)fi->fh, &iov, 1, off + (off_t)done, append);

		if (n > 0)
			done += (size_t)n;
		else if (!n)
			break;
		else if (errno != EINTR)
			err = -errno;
	}
	set_id_end(req, nodeid, &creds);
	debug_delay_reply(&stackfs_of(req)->opts);
	if (err && !done)
		put_error(req, err);
	else
		fuse_reply_write(req, done);
}

void op_fallocate(fuse_req_t req, fuse_ino_t nodeid, int mode, off_t offset, off_t length,
		  struct fuse_file_info *fi)
{
	CREDS_AUTO creds = {};
	int err = set_id_begin(req, (int)fi->fh, &creds);

	if (!err && fallocate((int)fi->fh, mode, offset, length) < 0)
		err = -errno;
	set_id_end(req, nodeid, &creds);
	debug_delay_reply(&stackfs_of(req)->opts);
	put_error(req, err);
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t nodeid_in, off_t off_in,
			struct fuse_file_info *fi_in, fuse_ino_t nodeid_out, off_t off_out,
			struct fuse_file_info *fi_out, size_t len, int flags)
{
	CREDS_AUTO creds = {};
	int err = set_id_begin(req, (int)fi_out->fh, &creds);
	ssize_t n = 0;

	(void)nodeid_in;
	if (!err) {
		n = copy_file_range((int)fi_in->fh, &off_in, (int)fi_out->fh, &off_out, len,
				    (unsigned int)flags);
		if (n < 0)
			err = -errno;
	}
	set_id_end(req, nodeid_out, &creds);
	debug_delay_reply(&stackfs_of(req)->opts);
	if (err)
		put_error(req, err);
	else
		fuse_reply_write(req, (size_t)n);
}

void op_lseek(fuse_req_t req, fuse_ino_t nodeid, off_t off, int whence, struct fuse_file_info *fi)
{
	off_t found = lseek((int)fi->fh, off, whence);

	(void)nodeid;
	if (found < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_lseek(req, found);
}
