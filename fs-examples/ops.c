// SPDX-License-Identifier: GPL-2.0-only
/* ops.c - the table of operations, and what INIT agrees on */
#include "stackfs.h"

static void want(struct fuse_conn_info *conn, unsigned int capability)
{
	conn->want |= conn->capable & capability;
}

static void op_init(void *data, struct fuse_conn_info *conn)
{
	struct stackfs *fs = data;

	/* The source applies the umask, or a default ACL in its place. */
	want(conn, FUSE_CAP_DONT_MASK);
	want(conn, FUSE_CAP_EXPORT_SUPPORT);
	/* The kernel's knowledge of ACLs goes together with its checking of permissions. */
	if (fs->opts.default_permissions && !fs->opts.no_xattr)
		want(conn, FUSE_CAP_POSIX_ACL);
	if (fs->opts.writeback)
		want(conn, FUSE_CAP_WRITEBACK_CACHE);
	if (fs->opts.cache == CACHE_ALWAYS)
		want(conn, FUSE_CAP_CACHE_SYMLINKS);
	/* Two system calls for each request instead of one, to save a copy of large writes. */
	conn->want &= ~(unsigned int)FUSE_CAP_SPLICE_READ;
	fuse_apply_conn_info_opts(fs->opts.conn, conn);
	fs->posix_acl = conn->want & FUSE_CAP_POSIX_ACL;
	fs->writeback = conn->want & FUSE_CAP_WRITEBACK_CACHE;
	fs->on_init(fs);
}

/*
 * BMAP is for block devices. Without POLL the kernel knows that regular files are always ready.
 */
const struct fuse_lowlevel_ops stackfs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.access = op_access,
	.statfs = op_statfs,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.link = op_link,
	.create = op_create,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.open = op_open,
	.release = op_release,
	.flush = op_flush,
	.fsync = op_fsync,
	.read = op_read,
	.write = op_write,
	.fallocate = op_fallocate,
	.copy_file_range = op_copy_file_range,
	.lseek = op_lseek,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.setxattr = op_setxattr,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.removexattr = op_removexattr,
	.getlk = op_getlk,
	.setlk = op_setlk,
	.flock = op_flock,
	.ioctl = op_ioctl,
};
