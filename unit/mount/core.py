# SPDX-License-Identifier: GPL-2.0-only
"""Changes through the mount, each followed at once by stat, readdir and open.

A test gets a directory of its own, watches names (which warms the cache and checks that it
answered), and changes them. d.do() makes the change and compares with the source; it runs once
with the change made here and once with the change made by another process.
"""

import ctypes
import errno
import mmap
import os
import stat

from vm import (RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, fallocate, get_xattr, in_child,
                libc, list_xattr, need, renameat2, same, scale, submit_writes, write_at)

CORE = []
LONG = "n" * 255


def core(function):
    CORE.append(function)
    return function


@core
def rename(d):
    d.put("f", "one")
    d.watch("f", "g")
    d.do(os.rename, d.m("f"), d.m("g"))
    d.do(os.rename, d.m("g"), d.m("f"))


@core
def rename_over(d):
    d.put("f", "one")
    d.put("g", "three")
    d.watch("f", "g")
    d.do(os.rename, d.m("f"), d.m("g"))


@core
def rename_over_linked(d):
    """What is replaced lives on under another name, with a link less."""
    d.put("f", "one")
    d.put("g", "three")
    os.link(d.s("g"), d.s("h"))
    d.watch("f", "g", "h")
    d.do(os.rename, d.m("f"), d.m("g"))


@core
def rename_to_other_directory(d):
    os.mkdir(d.s("a"))
    os.mkdir(d.s("b"))
    d.put("a/f")
    d.watch("a", "b", "a/f", "b/f", "b/g")
    d.do(os.rename, d.m("a/f"), d.m("b/g"))
    d.do(os.rename, d.m("b/g"), d.m("b/f"))


@core
def rename_directory(d):
    os.mkdir(d.s("a"))
    os.mkdir(d.s("other"))
    d.put("a/f")
    d.watch("a", "b", "a/f", "b/f", "other", "other/b", "other/b/f")
    d.do(os.rename, d.m("a"), d.m("b"))
    d.do(os.rename, d.m("b"), d.m("other/b"))


@core
def rename_noreplace(d):
    d.put("f", "one")
    d.put("g", "two")
    d.watch("f", "g", "h")
    same(d.do(renameat2, d.m("f"), d.m("g"), RENAME_NOREPLACE), errno.EEXIST, "renameat2")
    same(d.do(renameat2, d.m("f"), d.m("h"), RENAME_NOREPLACE), None, "renameat2")


@core
def exchange(d):
    d.put("f", "one")
    os.mkdir(d.s("sub"))
    d.put("sub/g", "three")
    d.watch("f", "sub/g")
    same(d.do(renameat2, d.m("f"), d.m("sub/g"), RENAME_EXCHANGE), None, "renameat2")


@core
def exchange_directories(d):
    os.mkdir(d.s("a"))
    os.mkdir(d.s("b"))
    d.put("a/f", "in a")
    d.watch("a", "b", "a/f", "b/f")
    same(d.do(renameat2, d.m("a"), d.m("b"), RENAME_EXCHANGE), None, "renameat2")


@core
def whiteout(d):
    d.put("f", "one")
    d.watch("f", "g")
    d.do(renameat2, d.m("f"), d.m("g"), RENAME_WHITEOUT)


@core
def unlink(d):
    d.put("f")
    d.watch("f")
    d.do(os.unlink, d.m("f"))


@core
def unlink_and_create_again(d):
    d.put("f", "old")
    d.watch("f")

    def again():
        os.unlink(d.m("f"))
        write_at(d.m("f"), b"newer", os.O_WRONLY | os.O_CREAT | os.O_EXCL)

    d.do(again)


@core
def unlink_one_of_two_links(d):
    d.put("f")
    os.link(d.s("f"), d.s("g"))
    d.watch("f", "g")
    d.do(os.unlink, d.m("f"))


@core
def unlink_link_never_looked_up(d):
    d.put("f")
    os.mkdir(d.s("far"))
    os.link(d.s("f"), d.s("far/unseen"))
    d.watch("f")
    d.do(os.unlink, d.m("far/unseen"))


@core
def unlink_open_file(d):
    d.put("f")
    d.watch("f")
    fd = os.open(d.m("f"), os.O_RDWR)
    os.fstat(fd)
    d.do(os.unlink, d.m("f"))
    os.write(fd, b"still here")
    same(os.fstat(fd).st_size, 10, "size of the open file")
    same(os.fstat(fd).st_nlink, 0, "links of the open file")
    os.close(fd)


@core
def link(d):
    d.put("f")
    os.mkdir(d.s("sub"))
    d.watch("f", "g", "sub/h")
    d.do(os.link, d.m("f"), d.m("g"))
    d.do(os.link, d.m("g"), d.m("sub/h"))


@core
def create(d):
    d.watch("f")
    d.do(lambda: write_at(d.m("f"), b"new", os.O_WRONLY | os.O_CREAT))


@core
def create_exclusive(d):
    d.put("g")
    d.watch("f", "g")
    d.do(lambda: write_at(d.m("f"), b"", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    same(d.do(lambda: write_at(d.m("g"), b"", os.O_WRONLY | os.O_CREAT | os.O_EXCL)),
         errno.EEXIST, "exclusive create of an existing name")


@core
def make_and_remove_directory(d):
    d.watch("sub", "sub/f")
    d.do(os.mkdir, d.m("sub"))
    d.do(lambda: write_at(d.m("sub/f"), b"new", os.O_WRONLY | os.O_CREAT))
    same(d.do(os.rmdir, d.m("sub")), errno.ENOTEMPTY, "rmdir")
    d.do(os.unlink, d.m("sub/f"))
    d.do(os.rmdir, d.m("sub"))


@core
def make_symlink(d):
    d.put("f", "behind the link")
    d.watch("f", "l")
    d.do(os.symlink, "f", d.m("l"))
    same(os.stat(d.m("l")).st_size, 15, "size through the link")


@core
def make_node(d):
    d.watch("p", "n")
    d.do(os.mkfifo, d.m("p"))
    d.do(os.mknod, d.m("n"), stat.S_IFREG | 0o600)


@core
def temporary_file(d):
    """O_TMPFILE, where the daemon has it; else both sides refuse it."""
    d.watch("f")

    def change():
        fd = os.open(d.m(), os.O_TMPFILE | os.O_RDWR, 0o600)
        os.write(fd, b"x")
        os.link("/proc/self/fd/%d" % fd, d.m("f"), follow_symlinks=True)
        os.close(fd)

    d.do(change)


@core
def truncate(d):
    d.put("f", "0123456789")
    d.watch("f")
    d.do(os.truncate, d.m("f"), 3)
    d.do(os.truncate, d.m("f"), 5000)


@core
def truncate_open_file(d):
    d.put("f", "0123456789")
    d.watch("f")
    fd = os.open(d.m("f"), os.O_RDWR)
    d.do(os.ftruncate, fd, 4)
    same(os.fstat(fd).st_size, 4, "size of the open file")
    os.close(fd)


@core
def truncate_by_open(d):
    d.put("f", "0123456789")
    d.watch("f")
    d.do(lambda: os.close(os.open(d.m("f"), os.O_WRONLY | os.O_TRUNC)))


@core
def truncate_by_create(d):
    d.put("f", "0123456789")
    d.watch("f")
    d.do(lambda: write_at(d.m("f"), b"xy", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))


@core
def chmod(d):
    d.put("f")
    os.mkdir(d.s("sub"))
    d.watch("f", "sub")
    d.do(os.chmod, d.m("f"), 0o640)
    d.do(os.chmod, d.m("sub"), 0o710)


@core
def chown(d):
    d.put("f")
    os.chmod(d.s("f"), 0o4755)
    d.watch("f")
    d.do(os.chown, d.m("f"), 12, 34)


@core
def utimes(d):
    d.put("f")
    d.watch("f")
    d.do(lambda: os.utime(d.m("f"), ns=(10**18, 10**18 + 7)))


@core
def write(d):
    d.put("f", "one")
    d.watch("f")
    fd = os.open(d.m("f"), os.O_WRONLY)
    d.do(os.write, fd, b"longer than before")
    d.do(os.write, fd, b" and longer")
    os.close(fd)


@core
def write_and_close(d):
    d.put("f", "one")
    d.watch("f")
    d.do(lambda: write_at(d.m("f"), b"longer than before"))


@core
def write_append(d):
    d.put("f", "one")
    d.watch("f")
    d.do(lambda: write_at(d.m("f"), b"+two", os.O_WRONLY | os.O_APPEND))
    d.do(lambda: write_at(d.m("f"), b"+three", os.O_WRONLY | os.O_APPEND))
    with open(d.s("f"), encoding="ascii") as file:
        same(file.read(), "one+two+three", "content")


@core
def write_through_other_link(d):
    d.put("f", "one")
    os.link(d.s("f"), d.s("g"))
    d.watch("f", "g")
    d.do(lambda: write_at(d.m("g"), b"by the other name"))


@core
def write_setuid(d):
    """A write by somebody else takes the set-user-id bit away."""
    d.put("f", "one")
    os.chmod(d.s("f"), 0o4777)
    d.watch("f")

    def change():
        pid = os.fork()
        if not pid:
            try:
                fd = os.open(d.m("f"), os.O_WRONLY)
                os.setgid(99)
                os.setuid(99)
                os.write(fd, b"as somebody else")
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    d.do(change)


@core
def write_by_mapping(d):
    d.put("f", "0123456789")
    d.watch("f")

    def change():
        fd = os.open(d.m("f"), os.O_RDWR)
        with mmap.mmap(fd, 10) as area:
            area[2:5] = b"abc"
            area.flush()
        os.close(fd)

    d.do(change)


@core
def write_direct(d):
    d.put("f", "0" * 8192)
    d.watch("f")

    def change():
        fd = os.open(d.m("f"), os.O_RDWR | os.O_DIRECT)
        with mmap.mmap(-1, 4096) as area:
            area[:] = b"d" * 4096
            os.pwritev(fd, [area], 8192)
        os.close(fd)

    d.do(change)


@core
def write_direct_asynchronous(d):
    """Asynchronous direct I/O within the file, by requests in the background, and beyond its end."""
    d.put("f", "0" * 16384)
    os.utime(d.s("f"), ns=(10**18, 10**18))
    d.watch("f")

    def change(offsets):
        fd = os.open(d.m("f"), os.O_RDWR | os.O_DIRECT)
        with mmap.mmap(-1, 4096) as area:
            area[:] = b"d" * 4096
            submit_writes(fd, area, 4096, offsets)
        need(os.fstat(fd).st_mtime_ns > 10**18, "mtime did not move")
        os.close(fd)

    d.do(change, (0, 4096, 12288))
    d.do(change, (8192, 16384))
    same(os.stat(d.m("f")).st_size, 20480, "size")


@core
def allocate(d):
    d.put("f", "one")
    d.watch("f")
    fd = os.open(d.m("f"), os.O_RDWR)
    d.do(fallocate, fd, 0, 0, 10000)
    d.do(fallocate, fd, 3, 0, 4096)
    os.close(fd)


@core
def copy_range(d):
    d.put("f", "0123456789")
    d.put("g", "g")
    d.watch("f", "g")

    def change():
        source = os.open(d.m("f"), os.O_RDONLY)
        target = os.open(d.m("g"), os.O_WRONLY)
        os.copy_file_range(source, target, 10, 0, 5)
        os.close(source)
        os.close(target)

    d.do(change)


@core
def set_and_remove_xattr(d):
    d.put("f")
    d.watch("f")
    d.watch_xattrs("user.one", "user.none")
    d.do(os.setxattr, d.m("f"), "user.one", b"value")
    d.do(os.setxattr, d.m("f"), "user.one", b"another value")
    d.do(os.removexattr, d.m("f"), "user.one")


@core
def xattr_sizes_and_errors(d):
    """Whatever the size of the buffer, also for no value, no attribute, and the list of names."""
    d.put("f")
    d.watch("f")
    asked = [(name, size) for name in ("user.empty", "user.short", "user.long", "user.none",
                                       "user." + "n" * 40)
             for size in (0, 1, 5, 6, 255, 4096)]

    def answers(path):
        return ([(name, size, get_xattr(path, name, size)) for name, size in asked] +
                [(size, list_xattr(path, size)) for size in (0, 1, 10, 255, 4096)])

    def compare():
        expected = answers(d.s("f"))
        same(answers(d.m("f")), expected, "extended attributes")
        # Asked for the second time: by now they may be cached.
        same(in_child(lambda: answers(d.m("f")) == expected), True, "another process sees the same")

    compare()
    d.watch_xattrs("user.empty", "user.short", "user.none")
    for name, value in (("user.empty", b""), ("user.short", b"12345"), ("user.long", b"x" * 300),
                        ("user." + "n" * 40, b"of a long name"), ("user.short", b"1"),
                        ("user.long", b"no longer")):
        d.do(os.setxattr, d.m("f"), name, value)
        compare()
    for name in ("user.short", "user.empty", "user.long"):
        d.do(os.removexattr, d.m("f"), name)
        compare()


@core
def changes_drop_file_capabilities(d):
    """What the kernel or the source takes away with a change is gone at once."""
    capability = b"\x01\0\0\x02" + b"\x20\0\0\0" * 4

    def truncate():
        os.truncate(d.m("f"), 1)

    def write():
        write_at(d.m("f"), b"new", os.O_WRONLY)

    def open_truncate():
        os.close(os.open(d.m("f"), os.O_WRONLY | os.O_TRUNC))

    d.put("f", "data")
    d.watch("f")
    d.watch_xattrs("security.capability")
    for change in (truncate, write, open_truncate, lambda: os.chown(d.m("f"), 3, 4),
                   lambda: os.chmod(d.m("f"), 0o640)):
        d.do(os.setxattr, d.m("f"), "security.capability", capability)
        d.do(change)


@core
def acl_follows_chmod(d):
    """The mode's group bits are the ACL's mask."""
    d.put("f")
    entry = b"\x02\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + uid.to_bytes(4, "little", signed=True)
        for tag, perm, uid in ((1, 6, -1), (2, 6, 77), (4, 4, -1), (0x10, 6, -1), (0x20, 0, -1)))
    os.setxattr(d.s("f"), "system.posix_acl_access", entry)
    d.watch("f")
    for _ in range(3):
        same(get_xattr(d.m("f"), "system.posix_acl_access", 255),
             get_xattr(d.s("f"), "system.posix_acl_access", 255), "ACL")
    d.watch_xattrs("system.posix_acl_access")
    d.do(os.chmod, d.m("f"), 0o604)
    d.do(os.chmod, d.m("f"), 0o664)
    d.do(os.removexattr, d.m("f"), "system.posix_acl_access")


@core
def default_acl_is_inherited(d):
    entry = b"\x02\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + uid.to_bytes(4, "little", signed=True)
        for tag, perm, uid in ((1, 7, -1), (2, 5, 77), (4, 5, -1), (0x10, 5, -1), (0x20, 0, -1)))
    os.mkdir(d.s("a"))
    d.watch("a", "a/f", "a/sub")
    d.watch_xattrs("system.posix_acl_access", "system.posix_acl_default")
    d.do(os.setxattr, d.m("a"), "system.posix_acl_default", entry)
    d.do(write_at, d.m("a/f"), b"new", os.O_WRONLY | os.O_CREAT)
    d.do(os.mkdir, d.m("a/sub"))


@core
def set_acl(d):
    """An ACL changes the mode."""
    d.put("f")
    os.chmod(d.s("f"), 0o600)
    d.watch("f")
    d.watch_xattrs("system.posix_acl_access")
    entry = b"\x02\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + uid.to_bytes(4, "little", signed=True)
        for tag, perm, uid in ((1, 6, -1), (2, 4, 77), (4, 0, -1), (0x10, 4, -1), (0x20, 0, -1)))
    d.do(os.setxattr, d.m("f"), "system.posix_acl_access", entry)


@core
def longest_name(d):
    d.put(LONG, "one")
    other = "m" + LONG[1:]
    d.watch(LONG, other)
    d.do(os.rename, d.m(LONG), d.m(other))
    d.do(lambda: write_at(d.m(LONG), b"again", os.O_WRONLY | os.O_CREAT))
    d.do(os.unlink, d.m(other))
    same(d.do(lambda: os.close(os.open(d.m(LONG + "n"), os.O_WRONLY | os.O_CREAT))),
         errno.ENAMETOOLONG, "a name of 256 bytes")


@core
def names_of_all_lengths(d):
    """Around the sizes at which keys of rows change."""
    names = ["k" * length for length in (1, 7, 8, 15, 16, 23, 24, 30, 31, 32, 33, 63, 64, 127, 128,
                                         254, 255)]
    for name in names[::2]:
        d.put(name, name)
    d.watch(*names)

    def change():
        for name in names[::2]:
            os.rename(d.m(name), d.m("t"))
            os.rename(d.m("t"), d.m(name[:-1] + "z"))
        for name in names[1::2]:
            write_at(d.m(name), b"new", os.O_WRONLY | os.O_CREAT)

    d.do(change)


@core
def odd_names(d):
    names = ["a b", "ü", "\\", "new\nline", "..x", ".hidden", "-", "%s"]
    for name in names:
        d.put(name)
    d.watch(*names)

    def change():
        for name in names:
            os.rename(d.m(name), d.m(name + "2"))

    d.do(change)


@core
def failing_changes(d):
    """A change that fails changes nothing, and nothing is believed because of it."""
    os.mkdir(d.s("sub"))
    d.put("sub/f")
    d.put("g")
    d.watch("sub", "sub/f", "g", "absent")
    same(d.do(os.rmdir, d.m("sub")), errno.ENOTEMPTY, "rmdir")
    same(d.do(os.unlink, d.m("absent")), errno.ENOENT, "unlink")
    same(d.do(os.rename, d.m("sub"), d.m("g")), errno.ENOTDIR, "rename")
    same(d.do(os.mkdir, d.m("g")), errno.EEXIST, "mkdir")
    same(d.do(os.link, d.m("g"), d.m("sub/f")), errno.EEXIST, "link")


@core
def access_time(d):
    """With atime=strict a read is seen at once, as without a cache."""
    d.put("f", "data")
    # Older than mtime, so that the source moves it at the first read.
    os.utime(d.s("f"), ns=(10**18, 2 * 10**18))
    for _ in range(3):
        same(os.stat(d.m("f")).st_atime_ns, 10**18, "atime before")

    def read():
        with open(d.m("f"), "rb", buffering=0) as file:
            file.read()

    if d.by_other:
        in_child(read)
    else:
        read()
    seen = os.stat(d.m("f")).st_atime_ns
    need(seen > 10**18, "atime did not move")
    same(seen, os.stat(d.s("f")).st_atime_ns, "atime after a read")
    same(in_child(lambda: os.stat(d.m("f")).st_atime_ns), seen, "atime in another process")


@core
def many_changes(d):
    """Every step is compared: what one step cached must not survive the next."""
    for i in range(4):
        d.put("f%d" % i, "x" * i)
    d.watch("f0", "f1", "f2", "f3", "g")
    for i in range(scale(4)):
        d.do(os.rename, d.m("f%d" % i), d.m("g"))
        d.do(lambda: write_at(d.m("g"), b"+", os.O_WRONLY | os.O_APPEND))
        d.do(os.link, d.m("g"), d.m("f%d" % i))


@core
def working_directory(d):
    """The directory of a process moves, and is removed."""
    os.mkdir(d.s("a"))
    os.mkdir(d.s("a/b"))
    d.watch("a", "a/b", "c")
    os.chdir(d.m("a/b"))
    d.do(os.rename, d.m("a"), d.m("c"))
    same(os.getcwd(), d.m("c/b"), "the working directory")
    same(os.path.samefile("..", d.m("c")), True, "..")
    d.do(os.rmdir, d.m("c/b"))
    buffer = ctypes.create_string_buffer(4096)
    need(not libc.getcwd(buffer, 4096), "getcwd() in a removed directory found one")
    os.chdir("/")
