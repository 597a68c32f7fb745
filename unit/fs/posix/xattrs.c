// SPDX-License-Identifier: GPL-2.0-only
/* xattrs.c - extended attributes, ACLs and file capabilities */
#include "posix.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static char buffer[1 << 17];

/* All names, sorted. */
static void list(const char *step, const char *path)
{
	const char *names[64];
	char text[1024] = "";
	ssize_t len = llistxattr(path, buffer, sizeof(buffer));
	size_t count = 0;

	if (len < 0) {
		check(step, len, ANY);
		return;
	}
	for (ssize_t at = 0; at < len && count < 64; at += (ssize_t)strlen(buffer + at) + 1)
		names[count++] = buffer + at;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			if (strcmp(names[j], names[i]) < 0) {
				const char *swap = names[i];

				names[i] = names[j];
				names[j] = swap;
			}
		}
		strncat(text, " ", sizeof(text) - strlen(text) - 1);
		strncat(text, names[i], sizeof(text) - strlen(text) - 1);
	}
	say(step, "%zd bytes:%s", len, text);
}

static void set_get_list_remove(void)
{
	int fd;

	file("f", "");
	list("none", "f");
	check("absent", getxattr("f", "user.a", buffer, 8), -ENODATA);
	check("set", setxattr("f", "user.a", "value", 5, 0), 0);
	check("get", getxattr("f", "user.a", buffer, 8), 5);
	say("value", "%.5s", buffer);
	check("size", getxattr("f", "user.a", NULL, 0), 5);
	check("too small", getxattr("f", "user.a", buffer, 4), -ERANGE);
	check("exactly", getxattr("f", "user.a", buffer, 5), 5);
	list("one", "f");
	check("list size", listxattr("f", NULL, 0), 7);
	check("list too small", listxattr("f", buffer, 6), -ERANGE);
	check("list exactly", listxattr("f", buffer, 7), 7);
	check("create again", setxattr("f", "user.a", "v", 1, XATTR_CREATE), -EEXIST);
	check("replace", setxattr("f", "user.a", "other", 5, XATTR_REPLACE), 0);
	check("replace absent", setxattr("f", "user.b", "v", 1, XATTR_REPLACE), -ENODATA);
	check("create", setxattr("f", "user.b", "v", 1, XATTR_CREATE), 0);
	check("bad flags", setxattr("f", "user.b", "v", 1, 0x10), -EINVAL);
	check("empty value", setxattr("f", "user.e", "", 0, 0), 0);
	check("get empty", getxattr("f", "user.e", buffer, 8), 0);
	list("three", "f");
	check("remove", removexattr("f", "user.a"), 0);
	check("get removed", getxattr("f", "user.a", buffer, 8), -ENODATA);
	check("remove again", removexattr("f", "user.a"), -ENODATA);
	list("two", "f");
	fd = opened("f", O_RDONLY);
	check("fsetxattr", fsetxattr(fd, "user.f", "v", 1, 0), 0);
	check("fgetxattr", fgetxattr(fd, "user.f", buffer, 8), 1);
	check("fremovexattr", fremovexattr(fd, "user.f"), 0);
	check("flistxattr", flistxattr(fd, buffer, sizeof(buffer)), 14);
	close(fd);
	check("rename keeps them", rename("f", "g"), 0);
	list("renamed", "g");
	check("link shares them", link("g", "h"), 0);
	check("set by one name", setxattr("g", "user.l", "v", 1, 0), 0);
	check("get by the other", getxattr("h", "user.l", buffer, 8), 1);
	show("g");
}

static void names_and_sizes(void)
{
	static const size_t sizes[] = { 1, 127, 128, 129, 4095, 4096, 65536, 65537 };
	char name[300] = "user.";

	file("f", "");
	memset(buffer, 'v', sizeof(buffer));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		checkf(setxattr("f", "user.big", buffer, sizes[i], 0),
		       sizes[i] > 65536 ? -E2BIG : 0, "set %zu", sizes[i]);
		checkf(getxattr("f", "user.big", buffer, sizeof(buffer)), ANY, "get %zu", sizes[i]);
		checkf(getxattr("f", "user.big", NULL, 0), ANY, "size %zu", sizes[i]);
	}
	memset(name + 5, 'n', 250);
	check("longest name", setxattr("f", name, "v", 1, 0), 0);
	check("get longest", getxattr("f", name, buffer, 8), 1);
	memset(name + 5, 'n', 251);
	check("too long", setxattr("f", name, "v", 1, 0), -ERANGE);
	check("get too long", getxattr("f", name, buffer, 8), -ERANGE);
	check("no name", setxattr("f", "", "v", 1, 0), -ERANGE);
	check("no namespace", setxattr("f", "plain", "v", 1, 0), -EOPNOTSUPP);
	check("unknown namespace", setxattr("f", "foo.bar", "v", 1, 0), -EOPNOTSUPP);
	check("get unknown namespace", getxattr("f", "foo.bar", buffer, 8), -EOPNOTSUPP);
	check("namespace alone", setxattr("f", "user.", "v", 1, 0), -EINVAL);
	check("trusted", setxattr("f", "trusted.t", "v", 1, 0), 0);
	check("security", setxattr("f", "security.t", "v", 1, 0), 0);
	list("namespaces", "f");
	fifo("p");
	slink("f", "l");
	check("user on a fifo", setxattr("p", "user.x", "v", 1, 0), -EPERM);
	check("get user on a fifo", getxattr("p", "user.x", buffer, 8), -ENODATA);
	check("user on a link", lsetxattr("l", "user.x", "v", 1, 0), -EPERM);
	check("trusted on a link", lsetxattr("l", "trusted.x", "v", 1, 0), 0);
	list("link", "l");
	check("fault", setxattr("f", "user.x", nowhere, 8, 0), -EFAULT);
}

static void of_other_users(void)
{
	file("f", "");
	mode("f", 0640);
	owner("f", USER, USER);
	check("set trusted", setxattr("f", "trusted.t", "v", 1, 0), 0);
	become(USER);
	check("owner sets user", setxattr("f", "user.u", "v", 1, 0), 0);
	check("owner sets trusted", setxattr("f", "trusted.u", "v", 1, 0), -EPERM);
	check("owner gets trusted", getxattr("f", "trusted.t", buffer, 8), -ENODATA);
	check("owner sets security", setxattr("f", "security.u", "v", 1, 0), -EPERM);
	check("owner lists", listxattr("f", buffer, sizeof(buffer)), ANY);
	become(STRANGER);
	check("stranger sets", setxattr("f", "user.s", "v", 1, 0), -EACCES);
	check("stranger gets", getxattr("f", "user.u", buffer, 8), -EACCES);
	check("stranger removes", removexattr("f", "user.u"), -EACCES);
	become_root();
	dir("d");
	mode("d", 01777);
	become(STRANGER);
	check("sticky directory", setxattr("d", "user.s", "v", 1, 0), -EPERM);
	become_root();
}

/* An ACL: the owner, one user, the group, the mask, others. */
static size_t acl(char *to, uid_t uid, int user, int group, int mask, int other)
{
	struct posix_acl_xattr_header header = { htole32(POSIX_ACL_XATTR_VERSION) };
	struct posix_acl_xattr_entry entries[] = {
		{ htole16(ACL_USER_OBJ), htole16(6), htole32(ACL_UNDEFINED_ID) },
		{ htole16(ACL_USER), htole16((unsigned short)user), htole32(uid) },
		{ htole16(ACL_GROUP_OBJ), htole16((unsigned short)group),
		  htole32(ACL_UNDEFINED_ID) },
		{ htole16(ACL_MASK), htole16((unsigned short)mask), htole32(ACL_UNDEFINED_ID) },
		{ htole16(ACL_OTHER), htole16((unsigned short)other), htole32(ACL_UNDEFINED_ID) },
	};

	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), entries, sizeof(entries));
	return sizeof(header) + sizeof(entries);
}

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

static void say_acl(const char *step, const char *path, const char *name)
{
	struct posix_acl_xattr_entry entry;
	ssize_t len = getxattr(path, name, buffer, 1024);
	char text[512] = "";

	if (len < 0) {
		check(step, len, ANY);
		return;
	}
	for (size_t at = sizeof(struct posix_acl_xattr_header); at + sizeof(entry) <= (size_t)len;
	     at += sizeof(entry)) {
		memcpy(&entry, buffer + at, sizeof(entry));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %x:%d:%o",
			 le16toh(entry.e_tag),
			 entry.e_id == htole32(ACL_UNDEFINED_ID) ? -1 : (int)le32toh(entry.e_id),
			 le16toh(entry.e_perm));
	}
	say(step, "%zd bytes:%s", len, text);
}

static void try_as(uid_t uid, const char *path, long reads, long writes)
{
	become(uid);
	checkf(closed(open(path, O_RDONLY)), reads, "%u reads %s", uid, path);
	checkf(closed(open(path, O_WRONLY)), writes, "%u writes %s", uid, path);
	checkf(access(path, R_OK), reads, "%u may read %s", uid, path);
	become_root();
}

static void acls_decide(void)
{
	char value[128];
	size_t len;

	file("f", "");
	mode("f", 0600);
	say_acl("none", "f", ACCESS);
	try_as(USER, "f", -EACCES, -EACCES);
	len = acl(value, USER, 6, 0, 4, 0);
	check("set", setxattr("f", ACCESS, value, len, 0), 0);
	show("f");
	say_acl("set", "f", ACCESS);
	list("listed", "f");
	try_as(USER, "f", 0, -EACCES);
	try_as(STRANGER, "f", -EACCES, -EACCES);
	check("chmod raises the mask", chmod("f", 0660), 0);
	say_acl("after chmod", "f", ACCESS);
	try_as(USER, "f", 0, 0);
	check("chmod lowers the mask", chmod("f", 0600), 0);
	say_acl("after chmod", "f", ACCESS);
	try_as(USER, "f", -EACCES, -EACCES);
	check("remove", removexattr("f", ACCESS), 0);
	show("f");
	say_acl("removed", "f", ACCESS);
	check("remove again", removexattr("f", ACCESS), ANY);
	len = acl(value, USER, 6, 4, 7, 4);
	check("set by a stranger", (become(STRANGER), setxattr("f", ACCESS, value, len, 0)),
	      -EPERM);
	become_root();
	check("default on a file", setxattr("f", DEFAULT, value, len, 0), -EACCES);
	check("cut off", setxattr("f", ACCESS, value, len - 3, 0), -EINVAL);
	check("no mask", setxattr("f", ACCESS, value, len - 16, 0), -EINVAL);
	value[0] = 9;
	check("wrong version", setxattr("f", ACCESS, value, len, 0), -EOPNOTSUPP);
	/* Equal to a mode: nothing is left but the mode. */
	len = acl(value, USER, 6, 4, 7, 4);
	memmove(value + 4 + 8, value + 4 + 16, 8);
	memmove(value + 4 + 16, value + 4 + 32, 8);
	check("minimal", setxattr("f", ACCESS, value, 4 + 24, 0), 0);
	show("f");
	say_acl("minimal", "f", ACCESS);
	slink("f", "l");
	check("on a link", lsetxattr("l", ACCESS, value, 4 + 24, 0), -EOPNOTSUPP);
}

static void default_acls_are_inherited(void)
{
	char value[128];
	size_t len = acl(value, USER, 7, 5, 7, 0);

	dir("d");
	check("set", setxattr("d", DEFAULT, value, len, 0), 0);
	say_acl("default", "d", DEFAULT);
	list("listed", "d");
	umask(077);
	check("create", closed(open("d/f", O_RDWR | O_CREAT, 0666)), 0);
	check("mkdir", mkdir("d/s", 0777), 0);
	check("mkfifo", mkfifo("d/p", 0666), 0);
	check("symlink", symlink("x", "d/l"), 0);
	umask(022);
	show("d/f");
	show("d/s");
	show("d/p");
	say_acl("file", "d/f", ACCESS);
	say_acl("file's default", "d/f", DEFAULT);
	say_acl("directory", "d/s", ACCESS);
	say_acl("directory's default", "d/s", DEFAULT);
	try_as(USER, "d/f", 0, 0);
	try_as(STRANGER, "d/f", -EACCES, -EACCES);
	check("remove", removexattr("d", DEFAULT), 0);
	check("create without", closed(open("d/g", O_RDWR | O_CREAT, 0666)), 0);
	show("d/g");
}

static void changes_drop_capabilities(void)
{
	struct vfs_cap_data cap = { htole32(VFS_CAP_REVISION_2), { { htole32(1), 0 } } };
	int fd;

	file("f", "abc");
	check("set", setxattr("f", "security.capability", &cap, sizeof(cap), 0), 0);
	check("get", getxattr("f", "security.capability", buffer, 64), sizeof(cap));
	fd = opened("f", O_WRONLY);
	check("write", write(fd, "x", 1), 1);
	check("gone", getxattr("f", "security.capability", buffer, 64), -ENODATA);
	check("set", setxattr("f", "security.capability", &cap, sizeof(cap), 0), 0);
	check("truncate", ftruncate(fd, 1), 0);
	check("gone", getxattr("f", "security.capability", buffer, 64), -ENODATA);
	check("set", setxattr("f", "security.capability", &cap, sizeof(cap), 0), 0);
	check("chmod", chmod("f", 0700), 0);
	check("kept", getxattr("f", "security.capability", buffer, 64), sizeof(cap));
	check("chown", chown("f", USER, USER), 0);
	check("gone", getxattr("f", "security.capability", buffer, 64), -ENODATA);
	check("bad value", setxattr("f", "security.capability", "x", 1, 0), -EINVAL);
	become(USER);
	check("by its owner", setxattr("f", "security.capability", &cap, sizeof(cap), 0), -EPERM);
	become_root();
	close(fd);
}

const struct test xattr_tests[] = {
	TEST(set_get_list_remove),
	TEST(names_and_sizes),
	TEST(of_other_users),
	TEST(acls_decide),
	TEST(default_acls_are_inherited),
	TEST(changes_drop_capabilities),
	END_OF_TESTS,
};
