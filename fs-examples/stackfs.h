/* SPDX-License-Identifier: GPL-2.0-only */
/* stackfs.h - what the operations share: the mounted file system and small helpers */
#ifndef STACKFS_H
#define STACKFS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "inodes.h"
#include "options.h"

struct extfuse;

/* The name of a directory of the source that our own mount covers, or nothing (fd < 0). */
struct covered {
	int fd;
	dev_t parent_dev;
	ino_t parent_ino;
	char *name;
};

struct stackfs {
	struct options opts;
	struct inode_table inodes;
	struct covered covered;
	struct fuse_session *session;
	struct extfuse *ext; /* NULL: no policy, or not accelerated */
	bool posix_acl;	     /* the kernel checks and caches ACLs */
	bool writeback;
	atomic_bool passthrough; /* as long as the kernel does not refuse it */
	void (*on_init)(struct stackfs *fs);
};

extern const struct fuse_lowlevel_ops stackfs_ops;

static inline struct stackfs *stackfs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static inline void put_error(fuse_req_t req, int error)
{
	fuse_reply_err(req, error < 0 ? -error : error);
}

/*
 * The entry of a request's nodeid, with a reference. NULL: the kernel was told to forget it, and
 * the request has been answered with ESTALE.
 */
struct inode *inode_of(fuse_req_t req, fuse_ino_t nodeid);

/* A path that leads to the file of an O_PATH descriptor, also to a symbolic link itself. */
#define FD_PATH_MAX 32

static inline const char *fd_path(char path[FD_PATH_MAX], int fd)
{
	snprintf(path, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return path;
}

/* The attributes of the file of a descriptor. Returns 0 or -errno. */
int stat_fd(int fd, struct stat *st);

/* The attributes of @name in @dir, of the source also where our own mount is. Returns 0 or -errno. */
int stat_child(const struct stackfs *fs, const struct inode *dir, const char *name,
	       struct stat *st);

/*
 * Looks @name up in @dir and counts a lookup for what it finds. Returns 0 or -errno. The caller
 * puts *@out; if no reply carries the nodeid to the kernel, it takes the lookup back with
 * inode_forget().
 */
int lookup_child(struct stackfs *fs, struct inode *dir, const char *name,
		 struct fuse_entry_param *entry, struct inode **out);

/* Fills @entry from an inode whose lookup has been counted. */
void entry_of(const struct stackfs *fs, const struct inode *inode, const struct stat *st,
	      struct fuse_entry_param *entry);

/* Sends an entry; takes its lookup back if the kernel did not get it. */
void reply_entry(fuse_req_t req, const struct fuse_entry_param *entry);

/* Runs @fn in a thread of its own, which may block without keeping others waiting. */
int run_detached(void *(*fn)(void *data), void *data);

/* Operations, by file. */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t nodeid, uint64_t nlookup);
void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);

void op_getattr(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t nodeid, struct stat *attr, int to_set,
		struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t nodeid);
void op_access(fuse_req_t req, fuse_ino_t nodeid, int mask);
void op_statfs(fuse_req_t req, fuse_ino_t nodeid);

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_link(fuse_req_t req, fuse_ino_t nodeid, fuse_ino_t newparent, const char *newname);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi);

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	       const char *newname, unsigned int flags);

void op_open(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t nodeid, int datasync, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t nodeid, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi);
void op_fallocate(fuse_req_t req, fuse_ino_t nodeid, int mode, off_t offset, off_t length,
		  struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t nodeid_in, off_t off_in,
			struct fuse_file_info *fi_in, fuse_ino_t nodeid_out, off_t off_out,
			struct fuse_file_info *fi_out, size_t len, int flags);
void op_lseek(fuse_req_t req, fuse_ino_t nodeid, off_t off, int whence, struct fuse_file_info *fi);

void op_opendir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t off,
		struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t off,
		    struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi);
void op_fsyncdir(fuse_req_t req, fuse_ino_t nodeid, int datasync, struct fuse_file_info *fi);
int dir_fd(const struct fuse_file_info *fi);

void op_setxattr(fuse_req_t req, fuse_ino_t nodeid, const char *name, const char *value,
		 size_t size, int flags);
void op_getxattr(fuse_req_t req, fuse_ino_t nodeid, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t nodeid, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t nodeid, const char *name);

void op_getlk(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi, struct flock *lock);
void op_setlk(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi, struct flock *lock,
	      int sleep);
void op_flock(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi, int op);

void op_ioctl(fuse_req_t req, fuse_ino_t nodeid, unsigned int cmd, void *arg,
	      struct fuse_file_info *fi, unsigned int flags, const void *in_buf, size_t in_size,
	      size_t out_size);

/* The flags to open a file of the source with, from those of a request. */
int source_flags(const struct stackfs *fs, int flags);
/* Sets what the reply says of the kernel's caches for an opened file. */
void open_caching(const struct stackfs *fs, struct fuse_file_info *fi);

#endif
