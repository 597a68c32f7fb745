/* SPDX-License-Identifier: GPL-2.0-only */
/* wire.h - a tiny FUSE daemon that speaks the protocol itself, so that tests can say what it answers */
#ifndef WIRE_H
#define WIRE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WIRE_NODES 32
#define WIRE_OPCODES 64

struct node {
	uint64_t nodeid; /* 0: free */
	uint64_t generation;
	uint64_t parent;
	char name[256]; /* empty: no name any more */
	mode_t mode;
	uint64_t size;
	uint64_t nlookup; /* told minus forgotten */
};

struct wire {
	int dev;
	char mnt[64];
	unsigned int minor;
	pthread_t thread;
	pthread_mutex_t lock;
	struct node nodes[WIRE_NODES];
	uint64_t next_nodeid;
	unsigned long count[WIRE_OPCODES];
	int fail[WIRE_OPCODES]; /* answered with this errno as often as fail_times says */
	int fail_times[WIRE_OPCODES];
	unsigned long over_forgotten; /* FORGETs of more than the daemon told */
	uint64_t offered;	      /* flags of the INIT request */
	/* how to attach */
	int prog_fd;  /* -1: do not accept the offer */
	bool foreign; /* the INIT reply is written by another user */
	/* the INIT reply is written by this program, run by another user, from its input */
	const char *writer;
	/* how /dev/fuse is opened: by another user, or without capabilities */
	bool opened_by_user, opened_without_capabilities;
	uint64_t init_flags;
	int32_t backing_id; /* given with FOPEN_PASSTHROUGH in replies to OPEN; 0: neither */
	bool silent;	    /* requests get no reply */
	/* sends what it likes in place of a reply */
	void (*spoil)(struct wire *w, const struct fuse_in_header *in, int error, const void *data,
		      size_t size);
	bool spliced; /* replies come out of a pipe, which takes allocations */
	/* called before and after each reply is written, by the daemon's thread */
	void (*sending)(struct wire *w, bool sent);
	const struct fuse_in_header *serving;
};

static inline struct node *wire_node(struct wire *w, uint64_t nodeid)
{
	for (int i = 0; i < WIRE_NODES; i++)
		if (w->nodes[i].nodeid == nodeid)
			return &w->nodes[i];
	return NULL;
}

static inline struct node *wire_child(struct wire *w, uint64_t parent, const char *name)
{
	for (int i = 0; i < WIRE_NODES; i++)
		if (w->nodes[i].nodeid && w->nodes[i].parent == parent &&
		    !strcmp(w->nodes[i].name, name))
			return &w->nodes[i];
	return NULL;
}

static inline struct node *wire_add(struct wire *w, uint64_t parent, const char *name, mode_t mode)
{
	for (int i = 0; i < WIRE_NODES; i++) {
		struct node *node = &w->nodes[i];

		if (node->nodeid)
			continue;
		*node = (struct node){ .nodeid = w->next_nodeid++, .parent = parent, .mode = mode };
		snprintf(node->name, sizeof(node->name), "%s", name);
		return node;
	}
	return NULL;
}

static inline struct fuse_attr wire_attr(const struct node *node)
{
	return (struct fuse_attr){
		.ino = node->nodeid,
		.size = node->size,
		.mode = node->mode,
		.nlink = 1,
		.blksize = 4096,
	};
}

static inline struct fuse_entry_out wire_entry(const struct node *node)
{
	return (struct fuse_entry_out){ .nodeid = node->nodeid,
					.generation = node->generation,
					.attr = wire_attr(node) };
}

static inline void wire_send(struct wire *w, uint64_t unique, int error, const void *data,
			     size_t size)
{
	if (w->spoil && w->serving && w->serving->opcode != FUSE_INIT) {
		const struct fuse_in_header *in = w->serving;

		/* What it sends is sent as it is. */
		w->serving = NULL;
		w->spoil(w, in, error, data, size);
		w->serving = in;
		return;
	}

	struct fuse_out_header header = { .unique = unique, .error = error };
	struct iovec iov[2] = { { &header, sizeof(header) }, { (void *)data, size } };

	int pipes[2] = { -1, -1 };
	ssize_t sent;

	header.len = (uint32_t)(sizeof(header) + size);
	if (w->spliced && (pipe(pipes) || writev(pipes[1], iov, size ? 2 : 1) != header.len))
		perror("pipe");
	if (w->sending)
		w->sending(w, false);
	/* Without memory for it a splice takes nothing from the pipe. */
	do {
		sent = w->spliced ? splice(pipes[0], NULL, w->dev, NULL, header.len, 0)
				  : writev(w->dev, iov, size ? 2 : 1);
	} while (w->spliced && sent < 0 && errno == ENOMEM);
	/* ENOENT: the request was interrupted or aborted meanwhile. */
	if (sent < 0 && errno != ENOENT)
		perror("reply to /dev/fuse");
	if (w->sending)
		w->sending(w, true);
	if (w->spliced) {
		close(pipes[0]);
		close(pipes[1]);
	}
}

/* A notification; data begins with its structure. */
static inline int wire_notify(struct wire *w, int code, const struct iovec *parts, int n)
{
	struct fuse_out_header header = { .error = code, .len = sizeof(header) };
	struct iovec iov[4] = { { &header, sizeof(header) } };

	for (int i = 0; i < n; i++) {
		iov[i + 1] = parts[i];
		header.len += (uint32_t)parts[i].iov_len;
	}
	return writev(w->dev, iov, n + 1) < 0 ? -errno : 0;
}

/* As a user would misuse a program that is set-user-id root. */
static inline void wire_write_through(struct wire *w, uint64_t unique, const void *data,
				      size_t size)
{
	struct fuse_out_header header = { .unique = unique,
					  .len = (uint32_t)(sizeof(header) + size) };
	int pipes[2];
	char buf[512];

	memcpy(buf, &header, sizeof(header));
	memcpy(buf + sizeof(header), data, size);
	if (pipe(pipes) || write(pipes[1], buf, header.len) != (ssize_t)header.len)
		return;
	close(pipes[1]);

	pid_t pid = fork();

	if (!pid) {
		if (dup2(pipes[0], 0) || dup2(w->dev, 1) != 1 || setresgid(1000, 1000, 1000) ||
		    setresuid(1000, 1000, 1000))
			_exit(1);
		execl(w->writer, w->writer, NULL);
		_exit(1);
	}
	close(pipes[0]);
	waitpid(pid, NULL, 0);
}

static inline void wire_init(struct wire *w, const struct fuse_in_header *in)
{
	const struct fuse_init_in *arg = (const void *)(in + 1);
	uint64_t flags = FUSE_INIT_EXT | FUSE_BIG_WRITES | w->init_flags;
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
				     .minor = FUSE_KERNEL_MINOR_VERSION,
				     .max_write = 65536,
				     .max_readahead = 65536,
				     .max_stack_depth = flags & FUSE_PASSTHROUGH ? 1 : 0 };

	w->offered = arg->flags | (uint64_t)arg->flags2 << 32;
	if (w->prog_fd != -1) {
		flags |= FUSE_FS_EXTFUSE;
		out.extfuse_prog_fd = (uint32_t)w->prog_fd;
	}
	out.flags = (uint32_t)flags;
	out.flags2 = (uint32_t)(flags >> 32);
	if (w->writer) {
		wire_write_through(w, in->unique, &out, sizeof(out));
		return;
	}
	if (!w->foreign) {
		wire_send(w, in->unique, 0, &out, sizeof(out));
		return;
	}

	pid_t pid = fork();

	if (!pid) {
		if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
			_exit(1);
		wire_send(w, in->unique, 0, &out, sizeof(out));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static inline void wire_forget(struct wire *w, uint64_t nodeid, uint64_t nlookup)
{
	struct node *node = wire_node(w, nodeid);

	if (nodeid == FUSE_ROOT_ID)
		return;
	if (!node || node->nlookup < nlookup) {
		w->over_forgotten++;
		fprintf(stderr, "FORGET of %lu for nodeid %lu, which was told %lu times\n",
			(unsigned long)nlookup, (unsigned long)nodeid,
			node ? (unsigned long)node->nlookup : 0);
		return;
	}
	node->nlookup -= nlookup;
}

static inline size_t wire_list(struct wire *w, uint64_t dir, bool plus, uint64_t off, char *buf,
			       size_t room)
{
	size_t used = 0;

	for (uint64_t i = off; i < WIRE_NODES; i++) {
		struct node *node = &w->nodes[i];
		struct fuse_direntplus *entry = (void *)(buf + used);
		struct fuse_dirent *dirent = plus ? &entry->dirent : (void *)(buf + used);
		size_t len = strlen(node->name);
		size_t size = plus ? FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET_DIRENTPLUS + len)
				   : FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + len);

		if (!node->nodeid || node->parent != dir || !len)
			continue;
		if (used + size > room)
			break;
		memset(buf + used, 0, size);
		dirent->ino = node->nodeid;
		dirent->off = i + 1;
		dirent->namelen = (uint32_t)len;
		dirent->type = node->mode >> 12;
		memcpy(dirent->name, node->name, len);
		if (plus) {
			entry->entry_out = wire_entry(node);
			node->nlookup++;
		}
		used += size;
	}
	return used;
}

static inline void wire_serve(struct wire *w, const struct fuse_in_header *in)
{
	const char *arg = (const char *)(in + 1);
	struct node *node = wire_node(w, in->nodeid);
	uint64_t u = in->unique;
	static char buf[70000];

	if (in->opcode < WIRE_OPCODES)
		w->count[in->opcode]++;
	switch (in->opcode) {
	case FUSE_INIT:
		wire_init(w, in);
		return;
	case FUSE_FORGET:
		wire_forget(w, in->nodeid, ((const struct fuse_forget_in *)arg)->nlookup);
		return;
	case FUSE_BATCH_FORGET: {
		const struct fuse_batch_forget_in *batch = (const void *)arg;
		const struct fuse_forget_one *one = (const void *)(batch + 1);

		for (uint32_t i = 0; i < batch->count; i++)
			wire_forget(w, one[i].nodeid, one[i].nlookup);
		return;
	}
	case FUSE_INTERRUPT:
		return;
	}
	if (w->silent)
		return;
	if (in->opcode < WIRE_OPCODES && w->fail_times[in->opcode]) {
		w->fail_times[in->opcode]--;
		wire_send(w, u, -w->fail[in->opcode], NULL, 0);
		return;
	}
	if (!node) {
		wire_send(w, u, -ESTALE, NULL, 0);
		return;
	}

	struct fuse_attr_out attr = { .attr = wire_attr(node) };
	struct fuse_open_out open = { .fh = 1 };
	struct fuse_entry_out entry;
	struct node *child;

	switch (in->opcode) {
	case FUSE_LOOKUP:
		child = wire_child(w, in->nodeid, arg);
		if (!child) {
			wire_send(w, u, -ENOENT, NULL, 0);
			return;
		}
		child->nlookup++;
		entry = wire_entry(child);
		wire_send(w, u, 0, &entry, sizeof(entry));
		return;
	case FUSE_SETATTR: {
		const struct fuse_setattr_in *set = (const void *)arg;

		if (set->valid & FATTR_SIZE)
			node->size = set->size;
		if (set->valid & FATTR_MODE)
			node->mode = set->mode;
		attr.attr = wire_attr(node);
	}
		/* fall through */
	case FUSE_GETATTR:
		wire_send(w, u, 0, &attr, sizeof(attr));
		return;
	case FUSE_OPEN:
		if (w->backing_id) {
			open.open_flags = FOPEN_PASSTHROUGH;
			open.backing_id = w->backing_id;
		}
		/* fall through */
	case FUSE_OPENDIR:
		wire_send(w, u, 0, &open, sizeof(open));
		return;
	case FUSE_CREATE:
	case FUSE_MKDIR:
	case FUSE_MKNOD: {
		const char *name =
			arg + (in->opcode == FUSE_CREATE  ? sizeof(struct fuse_create_in)
			       : in->opcode == FUSE_MKDIR ? sizeof(struct fuse_mkdir_in)
							  : sizeof(struct fuse_mknod_in));

		child = wire_add(w, in->nodeid, name,
				 in->opcode == FUSE_MKDIR ? S_IFDIR | 0755 : S_IFREG | 0644);
		child->nlookup++;
		entry = wire_entry(child);
		memcpy(buf, &entry, sizeof(entry));
		memcpy(buf + sizeof(entry), &open, sizeof(open));
		wire_send(w, u, 0, buf,
			  sizeof(entry) + (in->opcode == FUSE_CREATE ? sizeof(open) : 0));
		return;
	}
	case FUSE_LINK: {
		const struct fuse_link_in *link = (const void *)arg;

		/* One name a node here: it moves. */
		child = wire_node(w, link->oldnodeid);
		child->parent = in->nodeid;
		snprintf(child->name, sizeof(child->name), "%s", (const char *)(link + 1));
		child->nlookup++;
		entry = wire_entry(child);
		wire_send(w, u, 0, &entry, sizeof(entry));
		return;
	}
	case FUSE_UNLINK:
	case FUSE_RMDIR:
		child = wire_child(w, in->nodeid, arg);
		if (child)
			child->name[0] = '\0';
		wire_send(w, u, child ? 0 : -ENOENT, NULL, 0);
		return;
	case FUSE_RENAME:
	case FUSE_RENAME2: {
		size_t head = in->opcode == FUSE_RENAME ? sizeof(struct fuse_rename_in)
							: sizeof(struct fuse_rename2_in);
		const char *from = arg + head;
		const char *to = from + strlen(from) + 1;
		uint64_t dir = *(const uint64_t *)arg;

		child = wire_child(w, dir, to);
		if (child)
			child->name[0] = '\0';
		child = wire_child(w, in->nodeid, from);
		child->parent = dir;
		snprintf(child->name, sizeof(child->name), "%s", to);
		wire_send(w, u, 0, NULL, 0);
		return;
	}
	case FUSE_READ: {
		const struct fuse_read_in *read = (const void *)arg;
		uint64_t left = read->offset < node->size ? node->size - read->offset : 0;
		size_t n = left < read->size ? (size_t)left : read->size;

		memset(buf, 'r', n);
		wire_send(w, u, 0, buf, n);
		return;
	}
	case FUSE_WRITE: {
		const struct fuse_write_in *write = (const void *)arg;
		struct fuse_write_out out = { .size = write->size };

		if (write->offset + write->size > node->size)
			node->size = write->offset + write->size;
		wire_send(w, u, 0, &out, sizeof(out));
		return;
	}
	case FUSE_READDIR:
	case FUSE_READDIRPLUS: {
		const struct fuse_read_in *read = (const void *)arg;

		wire_send(w, u, 0, buf,
			  wire_list(w, in->nodeid, in->opcode == FUSE_READDIRPLUS, read->offset,
				    buf, read->size < 4096 ? read->size : 4096));
		return;
	}
	case FUSE_STATFS: {
		struct fuse_statfs_out out = { .st = { .bsize = 4096, .namelen = 255 } };

		wire_send(w, u, 0, &out, sizeof(out));
		return;
	}
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH:
	case FUSE_FSYNC:
	case FUSE_DESTROY:
		wire_send(w, u, 0, NULL, 0);
		return;
	default:
		wire_send(w, u, -ENOSYS, NULL, 0);
	}
}

static inline void *wire_loop(void *data)
{
	static char buf[1 << 18] __attribute__((aligned(8)));
	struct wire *w = data;
	ssize_t n;

	for (;;) {
		n = read(w->dev, buf, sizeof(buf));
		if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
			continue;
		if (n < 0)
			return NULL;
		pthread_mutex_lock(&w->lock);
		w->serving = (const void *)buf;
		wire_serve(w, w->serving);
		w->serving = NULL;
		pthread_mutex_unlock(&w->lock);
	}
}

/* Of this thread alone, and back again. */
static inline int wire_open(const struct wire *w)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct before[2], none[2];
	int fd, err;

	if (w->opened_by_user)
		syscall(SYS_setresuid, 1000, 1000, 0);
	if (w->opened_without_capabilities) {
		syscall(SYS_capget, &head, before);
		memcpy(none, before, sizeof(none));
		none[0].effective = 0;
		none[1].effective = 0;
		syscall(SYS_capset, &head, none);
	}
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	err = errno;
	if (w->opened_without_capabilities)
		syscall(SYS_capset, &head, before);
	if (w->opened_by_user)
		syscall(SYS_setresuid, 0, 0, 0);
	errno = err;
	return fd;
}

/* Mounts; options are appended to the usual ones. The caller has set prog_fd and what else it wants. */
static inline int wire_start(struct wire *w, const char *options)
{
	char text[256];
	struct stat st;

	pthread_mutex_init(&w->lock, NULL);
	w->next_nodeid = 100;
	w->nodes[0] = (struct node){ .nodeid = FUSE_ROOT_ID, .mode = S_IFDIR | 0755 };
	w->dev = wire_open(w);
	if (w->dev < 0)
		return -errno;
	snprintf(w->mnt, sizeof(w->mnt), "/run/wire-test");
	mkdir(w->mnt, 0755);
	snprintf(text, sizeof(text), "fd=%d,rootmode=40000,user_id=0,group_id=0%s%s", w->dev,
		 *options ? "," : "", options);
	if (mount("wire", w->mnt, "fuse.wire", 0, text))
		return -errno;
	if (pthread_create(&w->thread, NULL, wire_loop, w))
		return -EAGAIN;
	/* The first request waits for INIT. */
	if (stat(w->mnt, &st))
		return -errno;
	w->minor = (unsigned int)(st.st_dev & 0xff);
	return 0;
}

/* From now on, files are opened with a backing file; the mount has FUSE_PASSTHROUGH in its init_flags. */
static inline int wire_back(struct wire *w)
{
	struct fuse_backing_map map = { .fd = memfd_create("backing", 0) };
	int id = ioctl(w->dev, FUSE_DEV_IOC_BACKING_OPEN, &map);

	close(map.fd);
	pthread_mutex_lock(&w->lock);
	w->backing_id = id;
	pthread_mutex_unlock(&w->lock);
	return id;
}

static inline void wire_stop(struct wire *w)
{
	umount2(w->mnt, MNT_DETACH);
	pthread_join(w->thread, NULL);
	close(w->dev);
}

/* The kernel's state file of the connection. */
static inline void wire_state(const struct wire *w, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/%s", w->minor, file);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	text[n < 0 ? 0 : n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

#endif
