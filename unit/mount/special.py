# SPDX-License-Identifier: GPL-2.0-only
"""Tests that need a mount of their own: races, nodeids, full maps, dying daemons, bad input."""

import contextlib
import errno
import glob
import mmap
import os
import random
import shutil
import signal
import socket
import struct
import time

import vm
from vm import (NO_TIMEOUTS, Background, Failed, Mount, Shared, error_of, facts, get_xattr, in_child, loaded,
                need, nodeid_of, run, same, scale, until, view, write_at)

SPECIAL = []
SINGLE = []
XATTR_OPS = ("GETXATTR", "LISTXATTR", "SETXATTR", "REMOVEXATTR")
# Policies that no test of one kind alone should speak for, and options.
KINDS = (("never", []), ("ttl", []), ("lru", []), ("writeinval", []), ("ttl+lru", []),
         ("writeinval", ["fill=daemon"]))


def special(group="shared", without=(), timeout=60, last=False):
    """A test of each variant, on a mount that the tests of its group share (see GROUPS in run.py).
    last: it ends the mount."""
    def mark(function):
        function.group = group
        function.without = without
        function.timeout = timeout
        function.last = last
        SPECIAL.append(function)
        return function
    return mark


def single(timeout=60):
    def mark(function):
        function.timeout = timeout
        SINGLE.append(function)
        return function
    return mark


def put(path, data="x"):
    with open(path, "w", encoding="utf-8") as file:
        file.write(data)


def same_as_source(m, *names):
    for name in names:
        same(facts(os.path.join(m.mnt, name)), facts(os.path.join(m.src, name)), name)


def warm(m, *names):
    """Looks until the cache answers alone, and checks that it did."""
    for _ in range(3):
        for name in names:
            facts(os.path.join(m.mnt, name))
    vm.answered(m, [os.path.join(m.mnt, name) for name in names])


@contextlib.contextmanager
def answers_meanwhile(m, *columns):
    """The cache answers LOOKUPs while something goes on: each of the columns grows."""
    before = m.stats() if m.answers else None
    yield
    if before is None:
        return
    after = m.stats()
    for column in columns:
        need(after.get("LOOKUP", column) > before.get("LOOKUP", column),
             "no LOOKUP more in the column %s: %s", column, after.ops)


# ---- The coherence protocol's hard cases ----

def on_signal(shared, function):
    """Another process that waits for shared[0], works, and stays until shared[1]: it must not have
    files of ours open, since closing them at its end would be a change."""
    def work():
        until(lambda: shared[0], 20, 0.002)
        value = function()
        done = time.monotonic_ns()
        shared[2] = done
        until(lambda: shared[1], 60)
        return [value, done]
    return Background(work)


@special("hard")
def delayed_lookup_and_write(m):
    """A LOOKUP reply that waits while a write completes must not bring the old size back."""
    name = "delay-f"
    source = os.path.join(m.src, name)
    path = os.path.join(m.mnt, name)
    put(source, "1")
    warm(m, name)
    raced = 0
    for turn in range(scale(3)):
        os.truncate(source, 1)
        shared = Shared(3)
        other = on_signal(shared, lambda: os.stat(path).st_size)
        fd = os.open(path, os.O_WRONLY)
        # Whatever the cache has of the file ends here, so that the next LOOKUP goes to the daemon.
        os.pwrite(fd, b"1", 0)
        before = m.opstats().get("LOOKUP", 0)
        shared[0] = 1
        need(until(lambda: m.opstats().get("LOOKUP", 0) > before), "no LOOKUP reached the daemon")
        time.sleep(0.1)
        os.pwrite(fd, b"0123456789", 0)
        written = time.monotonic_ns()
        need(until(lambda: shared[2], 20, 0.002), "the other stat never returned")
        raced += shared[2] > written
        same(os.stat(path).st_size, 10, "turn %d: size after the write" % turn)
        same(in_child(lambda: os.stat(path).st_size), 10, "turn %d: size in another process" % turn)
        with open(path, "rb", buffering=0) as file:
            same(file.read(), b"0123456789", "content after the write")
        write_at(path, b"+", os.O_WRONLY | os.O_APPEND)
        with open(source, "rb") as file:
            same(file.read(), b"0123456789+", "content of the source after appending")
        same_as_source(m, name)
        shared[1] = 1
        other.result()
        os.close(fd)
    need(raced > 0, "the write never completed before the LOOKUP did: nothing was tested")


@special("hard")
def delayed_lookup_and_rename(m):
    """The same with the name given to another file while the LOOKUP's reply waits."""
    raced = 0
    for turn in range(scale(4)):
        # A name of its own: that it does not exist may be cached once it is unlinked.
        source = os.path.join(m.src, "delay-%d" % turn)
        path = os.path.join(m.mnt, "delay-%d" % turn)
        other_name = os.path.join(m.mnt, "g%d" % turn)
        put(source, "old")
        put(os.path.join(m.src, "g%d" % turn), "of the other")
        warm(m, "delay-%d" % turn, "g%d" % turn)
        shared = Shared(3)
        other = on_signal(shared, lambda: os.rename(other_name, path))
        fd = os.open(path, os.O_WRONLY)
        # The rename looks at its target first, which takes its 400 ms; then it is done at once.
        shared[0] = 1
        time.sleep(0.25)
        # Ends the file's row: the stat below has to ask, before the rename, and is told after it.
        os.pwrite(fd, b"OLD", 0)
        begin = time.monotonic_ns()
        facts(path)
        end = time.monotonic_ns()
        need(until(lambda: shared[2], 20, 0.002), "the rename never returned")
        raced += begin + 20000000 < shared[2] < end - 20000000
        for look in (lambda: facts(path), lambda: in_child(facts, path)):
            same([list(f) for f in look()], [list(f) for f in facts(source)],
                 "turn %d: after the rename" % turn)
        shared[1] = 1
        other.result()
        os.close(fd)
        os.unlink(path)
        same(facts(path), os.strerror(errno.ENOENT), "after the unlink")
        if raced and turn:
            break
    need(raced > 0, "no LOOKUP waited while the rename completed: nothing was tested")


@special("hard")
def nodeid_reused_after_forget(m):
    """Names cached below a directory that was forgotten say nothing about its nodeid's next owner."""
    count = 8
    os.mkdir(os.path.join(m.src, "keep"))
    put(os.path.join(m.src, "keep", "b"), "kept alive")
    held = os.open(os.path.join(m.mnt, "keep", "b"), os.O_RDONLY)
    for i in range(count):
        os.mkdir(os.path.join(m.src, "old%d" % i))
        os.link(os.path.join(m.src, "keep", "b"), os.path.join(m.src, "old%d" % i, "a"))
        os.mkdir(os.path.join(m.src, "new%d" % i))
        put(os.path.join(m.src, "new%d" % i, "x"), "exists %d" % i)
        put(os.path.join(m.src, "new%d" % i, "a"), "not the kept one")
    names = ["old%d/%s" % (i, name) for i in range(count) for name in ("a", "x")]
    warm(m, *names)
    nodeids = {nodeid_of(os.path.join(m.mnt, "old%d" % i))[0] for i in range(count)}
    before = sum(m.opstats().get(op, 0) for op in ("FORGET", "BATCH_FORGET"))
    for _ in range(3):
        vm.drop_caches()
    need(until(lambda: sum(m.opstats().get(op, 0) for op in ("FORGET", "BATCH_FORGET")) > before),
         "nothing was forgotten")
    reused = 0
    for i in range(count):
        folder = os.path.join(m.mnt, "new%d" % i)
        reused += nodeid_of(folder)[0] in nodeids
        for name in ("x", "a"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            with open(os.path.join(m.src, "new%d" % i, name), encoding="utf-8") as file:
                same(text, file.read(), "new%d/%s" % (i, name))
        same_as_source(m, "new%d" % i, "new%d/x" % i, "new%d/a" % i)
    need(reused > 0, "no nodeid was used again: nothing was tested")
    same(os.read(held, 100), b"kept alive", "the file held open")
    os.close(held)


@special("hard")
def readdirplus_newer_than_row(m):
    """What a directory listing told of a file is not taken back by an older row."""
    os.mkdir(os.path.join(m.src, "d"))
    for turn in range(scale(10)):
        name = "d/f%d" % turn
        put(os.path.join(m.src, name), "1")
        warm(m, name)
        with open(os.path.join(m.src, name), "a", encoding="utf-8") as file:
            file.write("behind the mount")
        before = m.opstats().get("READDIRPLUS", 0)
        need("f%d" % turn in os.listdir(os.path.join(m.mnt, "d")), "not listed")
        need(m.opstats().get("READDIRPLUS", 0) > before, "READDIRPLUS was not used")
        same(os.stat(os.path.join(m.mnt, name)).st_size, 17, "size after the listing")
        same_as_source(m, name)
        write_at(os.path.join(m.mnt, name), b"+", os.O_WRONLY | os.O_APPEND)
        same(os.stat(os.path.join(m.src, name)).st_size, 18, "size after appending")
        same_as_source(m, name)


@special()
def exclusive_create_asks_the_daemon(m):
    """O_EXCL and mkdir decide by what is there, not by a row about the name."""
    source, path = os.path.join(m.src, "f"), os.path.join(m.mnt, "f")
    for _ in range(scale(10)):
        warm(m, "f")
        put(source, "made behind the mount")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            raise Failed("O_EXCL made a file that was there already")
        except FileExistsError:
            pass
        os.unlink(source)
        # A row of the past must not keep the name from being made either.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        warm(m, "f")
        os.unlink(source)
        os.mkdir(path)
        same_as_source(m, "f")
        os.rmdir(path)
        warm(m, "f")
        os.mkdir(source)
        try:
            os.mkdir(path)
            raise Failed("mkdir made a directory that was there already")
        except FileExistsError:
            pass
        os.rmdir(path)


@special()
def stale_open_is_tried_again(m):
    """A file that was replaced behind the mount: OPEN fails with ESTALE, which no caller sees."""
    path = os.path.join(m.mnt, "f")
    for turn in range(scale(5)):
        put(os.path.join(m.src, "f"), "old")
        warm(m, "f")
        put(os.path.join(m.src, "g"), "replaced %d" % turn)
        os.rename(os.path.join(m.src, "g"), os.path.join(m.src, "f"))
        before = m.opstats().get("OPEN", 0)
        fd = os.open(path, os.O_RDONLY)
        # Where the cache answers, the first goes to the file that is gone.
        same(m.opstats()["OPEN"] - before, 2 if m.answers else 1, "turn %d: OPENs" % turn)
        same(os.read(fd, 100), b"replaced %d" % turn, "turn %d: content" % turn)
        same_as_source(m, "f")
        same(in_child(facts, path), facts(path), "turn %d: seen by another process" % turn)
        os.close(fd)


@special()
def file_removed_here_still_opens(m):
    """Who found a file before it was removed or replaced through the mount opens what it was."""
    path = os.path.join(m.mnt, "f")
    for replace in (False, True):
        put(os.path.join(m.src, "f"), "old")
        found = os.open(path, os.O_PATH)
        if replace:
            put(os.path.join(m.mnt, "g"), "new")
            os.rename(os.path.join(m.mnt, "g"), path)
        else:
            os.unlink(path)
        fd = os.open("/proc/self/fd/%d" % found, os.O_RDONLY)
        same(os.read(fd, 100), b"old", "content of what was %s" % ("replaced" if replace else "removed"))
        os.close(fd)
        os.close(found)
    with open(path, encoding="utf-8") as file:
        same(file.read(), "new", "content of the replacement")


@special()
def force_sync_asks_the_daemon(m):
    """statx(AT_STATX_FORCE_SYNC) reaches the daemon and tells the truth."""
    put(os.path.join(m.src, "f"))
    fd = os.open(os.path.join(m.mnt, "f"), os.O_RDONLY)
    warm(m, "f")
    with open(os.path.join(m.src, "f"), "a", encoding="utf-8") as file:
        file.write("behind")
    buffer = (vm.ctypes.c_uint8 * 256)()
    before = m.opstats()
    need(not vm.libc.statx(fd, b"", 0x1000 | 0x2000, 0x7ff, buffer), "statx failed")
    after = m.opstats()
    need(sum(after.get(op, 0) - before.get(op, 0) for op in ("GETATTR", "STATX")) > 0,
         "the daemon was not asked")
    same(struct.unpack_from("Q", bytes(buffer), 40)[0], 7, "size by statx")
    os.close(fd)


def read_meanwhile(reader, change):
    """Three processes read while this one changes; returns what they returned."""
    readers = [Background(reader) for _ in range(3)]
    try:
        change()
        return [r.result()["value"] for r in readers]
    finally:
        for r in readers:
            with contextlib.suppress(OSError):
                os.kill(r.pid, signal.SIGKILL)


@special(timeout=120)
def appends_are_never_unseen(m):
    """While one process appends, no other sees the file shorter than it knows it is."""
    path = os.path.join(m.mnt, "f")
    put(os.path.join(m.src, "f"), "")
    warm(m, "f")
    shared = Shared()
    turns = scale(1500)

    def reader():
        last = 0
        looks = 0
        while True:
            done = shared[1]
            known = shared[0]
            size = os.stat(path).st_size
            need(size >= known, "size %d, but %d bytes had been written", size, known)
            need(size >= last, "size %d after %d", size, last)
            last = size
            looks += 1
            if done:
                return looks

    def append():
        fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        for i in range(1, turns + 1):
            os.write(fd, b"x")
            shared[0] = i
            if i % 8 == 0:
                time.sleep(0.0005)
        os.close(fd)
        shared[1] = 1

    with answers_meanwhile(m, "hits"):
        looks = read_meanwhile(reader, append)
    need(sum(looks) > 0, "nobody looked")
    same_as_source(m, "f")


@special(timeout=120)
def names_come_and_go_in_order(m):
    """A name is there after create, link and rename returned, and gone after unlink returned."""
    os.mkdir(os.path.join(m.src, "d"))
    put(os.path.join(m.src, "d", "file"), "x")
    path = os.path.join(m.mnt, "d", "name")
    target = os.path.join(m.mnt, "d", "file")
    shared = Shared()
    turns = scale(400)
    # Fewer turns are for slower kernels: the readers get the same time in all.
    pause = 0.8 / turns
    # Even: the name is absent; odd: it is there; while it changes: 2**63.
    changing = 1 << 63

    def reader():
        looks = 0
        while True:
            before = shared[0]
            there = os.path.lexists(path)
            after = shared[0]
            if before == after and not before & changing:
                same(there, bool(before & 1), "step %d: whether the name is there" % before)
                looks += 1
            if shared[1]:
                return looks

    makers = [
        lambda: write_at(path, b"", os.O_WRONLY | os.O_CREAT | os.O_EXCL),
        lambda: os.link(target, path),
        lambda: os.symlink("file", path),
        lambda: os.mkdir(path),
        lambda: (os.link(target, target + "2"), os.rename(target + "2", path)),
    ]
    def change():
        for i in range(turns):
            shared[0] = changing
            makers[i % len(makers)]()
            shared[0] = 2 * i + 1
            time.sleep(pause)
            shared[0] = changing
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)
            shared[0] = 2 * i + 2
            time.sleep(pause)
        shared[1] = 1

    warm(m, "d/name", "d/file")
    with answers_meanwhile(m, "hits", "negative_hits"):
        looks = read_meanwhile(reader, change)
    need(sum(looks) > 0, "no reader looked between two changes")
    same(os.stat(target).st_nlink, 1, "links in the end")


@special(timeout=120)
def storm(m):
    """Several processes change and look at few names; in the end both sides are the same."""
    names = ["a", "b", "c", "d/a", "d/b"]
    os.mkdir(os.path.join(m.src, "d"))

    def worker(seed):
        rng = random.Random(seed)
        for _ in range(scale(250)):
            one, two = (os.path.join(m.mnt, rng.choice(names)) for _ in range(2))
            with contextlib.suppress(OSError):
                rng.choice([
                    lambda: write_at(one, b"x" * rng.randrange(100), os.O_WRONLY | os.O_CREAT),
                    lambda: write_at(one, b"+", os.O_WRONLY | os.O_APPEND),
                    lambda: os.rename(one, two),
                    lambda: vm.renameat2(one, two, vm.RENAME_EXCHANGE),
                    lambda: os.link(one, two),
                    lambda: os.unlink(one),
                    lambda: os.truncate(one, rng.randrange(50)),
                    lambda: os.chmod(one, rng.choice((0o600, 0o644))),
                    lambda: os.stat(one),
                    lambda: os.listdir(os.path.dirname(one)),
                ])()

    for turn in range(3):
        warm(m, *names)
        with answers_meanwhile(m, "hits", "negative_hits"):
            workers = [Background(worker, turn * 10 + i) for i in range(4)]
            for w in workers:
                w.result()
        for seen in (view(m.mnt, names), in_child(view, m.mnt, names)):
            wrong = vm.differences(vm.json.loads(vm.json.dumps(seen)),
                                   vm.json.loads(vm.json.dumps(view(m.src, names))))
            need(not wrong, "after the storm:\n%s", wrong)


# ---- Counts ----

def workload(m):
    os.makedirs(os.path.join(m.mnt, "w/x"), exist_ok=True)
    for i in range(20):
        path = os.path.join(m.mnt, "w", "f%d" % i)
        put(path, "data")
        for _ in range(3):
            os.stat(path)
        with open(path, encoding="utf-8") as file:
            file.read()
        os.path.exists(path + ".absent")
        os.path.exists(path + ".absent")
    os.listdir(os.path.join(m.mnt, "w"))
    for i in range(0, 20, 2):
        os.rename(os.path.join(m.mnt, "w", "f%d" % i), os.path.join(m.mnt, "w/x", "g%d" % i))
    for i in range(1, 20, 2):
        os.unlink(os.path.join(m.mnt, "w", "f%d" % i))
    for name in os.listdir(os.path.join(m.mnt, "w/x")):
        os.stat(os.path.join(m.mnt, "w/x", name))


@special(without=("plain",))
def counters_add_up(m):
    """requests = hits + negative_hits + misses, and the daemon got exactly the misses."""
    workload(m)
    columns = ("hits", "negative_hits", "misses")

    def wrong():
        stats = m.stats()
        lines = []
        for opcode, row in stats.ops.items():
            if opcode in ("EVENT", "OTHER"):
                continue
            if row["requests"] != sum(row[column] for column in columns):
                lines.append("%s: %s" % (opcode, row))
            reasons = sum(count for (op, _), count in stats.miss.items() if op == opcode)
            if reasons != row["misses"]:
                lines.append("%s: %d misses, %d with a reason" % (opcode, row["misses"], reasons))
            reached = m.opstats().get(opcode, 0)
            if row["misses"] != reached:
                lines.append("%s: %d misses, but %d reached the daemon" %
                             (opcode, row["misses"], reached))
        for opcode in m.opstats():
            if opcode not in stats.ops and opcode not in ("INIT", "FORGET", "BATCH_FORGET",
                                                          "INTERRUPT", "DESTROY"):
                lines.append("%s reached the daemon and is not counted" % opcode)
        if not m.answers and sum(stats.hits(op) for op in stats.ops):
            lines.append("%s answered" % m.policy)
        return "\n".join(lines)

    # RELEASE and its like are sent without waiting.
    until(lambda: not wrong(), 3)
    text = wrong()
    need(not text, "%s", text)
    code, out, err = run(vm.EXTFUSE, "stats", m.root, "-j")
    same((code, err), (0, ""), "extfuse stats")
    same(vm.Stats(out).ops, m.stats().ops, "what it prints for a mount point on standard input")


@special(without=("plain", "never", "lease"))
def second_stat_stays_in_the_kernel(m):
    """The daemon's own count is the witness."""
    os.makedirs(os.path.join(m.src, "a/b"))
    put(os.path.join(m.src, "a/b/f"))
    path = os.path.join(m.mnt, "a/b/f")
    absent = os.path.join(m.mnt, "a/b/absent")
    for _ in range(3):
        os.stat(path)
        os.path.exists(absent)
    before = m.opstats()
    for _ in range(50):
        os.stat(path)
        need(not os.path.exists(absent), "absent is there")
        in_child(lambda: os.stat(path) and None)
    after = m.opstats()
    same({op: after.get(op, 0) - before.get(op, 0) for op in ("LOOKUP", "GETATTR")},
         {"LOOKUP": 0, "GETATTR": 0}, "requests that reached the daemon")


@special(without=("plain", "never", "lease", "daemon-fill"))
def extended_attributes_stay_in_the_kernel(m):
    """Also across writes: that there is no security.capability to drop is asked before each."""
    path = os.path.join(m.mnt, "f")
    put(os.path.join(m.src, "f"))
    os.setxattr(os.path.join(m.src, "f"), "user.one", b"value")

    def look():
        same(get_xattr(path, "user.one", 0), [5, ""], "size")
        same(get_xattr(path, "user.one", 5), [5, b"value".hex()], "value")
        same(get_xattr(path, "user.one", 4), [errno.ERANGE], "a short buffer")
        same(get_xattr(path, "user.none", 0), [errno.ENODATA], "no such attribute")
        need(os.listxattr(path), "no list")

    for _ in range(3):
        look()
    before = m.opstats()
    for _ in range(50):
        look()
        in_child(look)
    after = m.opstats()
    same({op: after.get(op, 0) - before.get(op, 0) for op in ("GETXATTR", "LISTXATTR")},
         {"GETXATTR": 0, "LISTXATTR": 0}, "requests that reached the daemon")

    same(get_xattr(path, "security.capability", 20), [errno.ENODATA], "no capability")
    before = m.opstats()
    with open(path, "ab", buffering=0) as file:
        for _ in range(50):
            file.write(b"+")
            same(get_xattr(path, "security.capability", 20), [errno.ENODATA], "no capability")
            same(get_xattr(path, "user.one", 5), [5, b"value".hex()], "value")
    after = m.opstats()
    need(after["GETXATTR"] - before["GETXATTR"] <= 50, "%d GETXATTR for 50 writes: only the value's",
         after["GETXATTR"] - before["GETXATTR"])
    same_as_source(m, "f")


@special()
def lookup_counts_are_exact(m):
    """The daemon holds a file while the kernel knows it, and no longer: each costs a descriptor."""
    count = 40

    def held():
        """Files of the source that the daemon holds."""
        found = 0
        for fd in os.listdir("/proc/%d/fd" % m.pid):
            with contextlib.suppress(OSError):
                found += os.readlink("/proc/%d/fd/%s" % (m.pid, fd)).startswith(m.src + "/")
        return found

    for i in range(count):
        put(os.path.join(m.src, "f%d" % i), "text %d" % i)
    paths = [os.path.join(m.mnt, "f%d" % i) for i in range(count)]
    for turn in range(scale(5)):
        keep = [os.open(path, os.O_RDONLY) for path in paths[::8]]
        warm(m, *(os.path.basename(path) for path in paths))
        os.link(paths[1], paths[1] + "l%d" % turn)
        os.rename(paths[2], paths[2] + "t")
        os.rename(paths[2] + "t", paths[2])
        for _ in range(3):
            vm.drop_caches()
        # An open file's own descriptor and the one of its inode.
        need(until(lambda: held() <= 2 * len(keep)),
             "the daemon still holds %d files, %d are open: lookups were lost", held(), len(keep))
        for i, fd in enumerate(keep):
            same(os.pread(fd, 100, 0), b"text %d" % (8 * i), "an open file after FORGET")
            same(os.fstat(fd).st_size, len("text %d" % (8 * i)), "its size")
            os.close(fd)
        for path in paths:
            os.stat(path)
        for _ in range(3):
            vm.drop_caches()
        need(until(lambda: held() == 0), "the daemon still holds %d files", held())
    workload(m)


# ---- Full maps ----

ROWS = 64  # max_entries of the mounts of the group


@special("small", without=("plain", "never", "lease"))
def dead_rows_make_room(m):
    """Files that come and go do not fill the cache for good. Before full_map, whose rows live on."""
    for i in range(max(100, scale(600))):
        path = os.path.join(m.mnt, "t%d" % i)
        os.path.exists(path)
        put(path)
        os.stat(path)
        os.unlink(path)
    put(os.path.join(m.src, "late"))
    warm(m, "late", "too-late")


@special("small", without=("plain", "never", "lease"))
def full_map(m):
    """More files than rows: answers get fewer, results stay right."""
    count = max(150, scale(300))
    for i in range(count):
        put(os.path.join(m.src, "f%d" % i), "x" * i)
    for turn in range(3):
        for i in range(count):
            name = "f%d" % i
            same(os.stat(os.path.join(m.mnt, name)).st_size, i + turn, name)
            need(not os.path.exists(os.path.join(m.mnt, name + ".absent")), "absent is there")
        for i in range(count):
            write_at(os.path.join(m.mnt, "f%d" % i), b"+", os.O_WRONLY | os.O_APPEND)
    # A few that are used again and again have to find room in the end.
    for i in range(0, 20, 2):
        os.rename(os.path.join(m.mnt, "f%d" % i), os.path.join(m.mnt, "g%d" % i))
        same_as_source(m, "g%d" % i, "f%d" % (i + 1))
    before = m.stats()
    for i in range(count):
        for end in ("", ".absent"):
            os.path.exists(os.path.join(m.mnt, "f%d%s" % (i, end)))
    stats = m.stats()
    missed = stats.get("LOOKUP", "misses") - before.get("LOOKUP", "misses")
    need(missed >= 2 * (count - ROWS), "%d names, %d rows, and only %d LOOKUPs missed", 2 * count,
         ROWS, missed)
    full = stats.miss.get(("LOOKUP", "full"), 0) + stats.miss.get(("GETATTR", "full"), 0)
    if "lru" in m.policy or m.policy == "s3fifo":
        need(stats.total("evictions") > 0, "nothing was evicted: %s", stats.ops)
    elif "fill=daemon" not in m.options:
        # A fill that the daemon made belongs to no request: its refusal shows as absent.
        need(full > 0, "no miss says that the map was full: %s", stats.miss)


# ---- The daemon's end ----

def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_from_kernel(before):
    """Programs and maps are freed after a grace period."""
    until(lambda: loaded() <= before, 20)
    same(sorted(loaded() - before), [], "programs and maps left behind")


@special("hard", last=True)
def killed_daemon(m):
    """No ghosts: ENOTCONN, no answer from the cache, umount works, nothing stays loaded."""
    need(not m.policy or len(loaded() - m.loaded_before) > 1, "no program and map is loaded")
    names = ["f%d" % i for i in range(10)] + ["delay-a", "delay-b"]
    for name in names:
        put(os.path.join(m.src, name))
    warm(m, *names[:10])
    gone = os.strerror(errno.ENOTCONN)
    shared = Shared()

    def busy(seed):
        rng = random.Random(seed)
        while not shared[0]:
            path = os.path.join(m.mnt, rng.choice(names))
            facts(path)
            with contextlib.suppress(OSError):
                write_at(path, b"x", os.O_WRONLY | os.O_CREAT)
        # The daemon is dead.
        return [facts(os.path.join(m.mnt, name)) for name in names]

    workers = [Background(busy, i) for i in range(4)]
    try:
        time.sleep(0.5)
        os.kill(m.pid, signal.SIGKILL)
        need(until(lambda: not alive(m.pid)), "the daemon lives on")
        # The connection ends when the last of its threads has closed the device.
        until(lambda: facts(m.root) == gone, 5)
        shared[0] = 1
        for worker in workers:
            for answer in worker.result()["value"]:
                same(answer, gone, "stat after the daemon's death")
    finally:
        shared[0] = 1
    for name in names:
        same(facts(os.path.join(m.mnt, name)), gone, "stat " + name)
    same(vm.listing(m.mnt), gone, "readdir")
    same(vm.libc.umount2(m.root.encode(), 0), 0, "umount")
    same(vm.mounted(m.root), None, "mount after umount")
    gone_from_kernel(m.loaded_before)


@special(last=True)
def aborted_connection(m):
    """The administrator's abort ends answers as well."""
    put(os.path.join(m.src, "f"))
    warm(m, "f")
    vm.abort(m.minor)
    for _ in range(3):
        answer = facts(os.path.join(m.mnt, "f"))
        need(answer in (os.strerror(errno.ENOTCONN), os.strerror(errno.ECONNABORTED)),
             "stat after abort: %s", answer)


@single(timeout=300)
def nothing_stays_loaded():
    """20 mounts and unmounts, some of them by killing the daemon, leave no program and no map."""
    before = loaded()
    # On a slow kernel each way to end one at least.
    for i in range(max(4, scale(20)) if vm.hurried() else 20):
        policy, options = KINDS[i % len(KINDS)]
        with Mount("cycle", NO_TIMEOUTS + options, policy) as m:
            put(os.path.join(m.src, "f"))
            for _ in range(3):
                os.stat(os.path.join(m.mnt, "f"))
            need(len(loaded()) > len(before), "nothing is loaded under %s", policy)
            if i % 4 == 3:
                os.kill(m.pid, signal.SIGKILL)
            if i % 4 == 2:
                os.kill(m.pid, signal.SIGTERM)
                until(lambda: vm.mounted(m.mnt) is None)  # pylint: disable=cell-var-from-loop
    gone_from_kernel(before)


@single(timeout=120)
def verifier_walks_few_instructions():
    """A mount waits for the kernel's verifier: what each program makes it walk stays small."""
    for policy in ("writeinval", "s3fifo", "lru", "ttl", "lease")[:2 if vm.hurried() else None]:
        with Mount("verified", NO_TIMEOUTS, policy) as m:
            walked = []
            for path in glob.glob("/proc/%d/fdinfo/*" % m.pid):
                # The daemon may close it meanwhile.
                with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:
                    walked += [int(line.split()[1]) for line in file if line.startswith("verified_insns")]
            print("%s: %d instructions in %d programs, at most %d" %
                  (policy, sum(walked), len(walked), max(walked)))
            need(len(walked) > 20, "only %d programs under %s", len(walked), policy)
            need(max(walked) < 50000 and sum(walked) < 300000,
                 "%d in all, %d in one under %s", sum(walked), max(walked), policy)


@single(timeout=120)
def mounts_do_not_share():
    """Two mounts have caches of their own, even over one source."""
    with Mount("one", NO_TIMEOUTS, "writeinval") as one, \
            Mount("two", NO_TIMEOUTS, "writeinval") as two:
        put(os.path.join(one.src, "f"), "of one")
        put(os.path.join(two.src, "f"), "of number two")
        for m in (one, two, one, two):
            warm(m, "f")
            same_as_source(m, "f")
        os.unlink(os.path.join(one.mnt, "f"))
        same(os.path.exists(os.path.join(one.mnt, "f")), False, "f of one")
        same_as_source(two, "f")


# ---- What a policy promises ----

@single()
def ttl_ends():
    """What changed behind the mount is seen when the row is older than ttl, hits or not."""
    for policy in ("ttl", "ttl+lru"):
        with Mount("ttl-" + policy, NO_TIMEOUTS + ["ttl=700ms"], policy) as m:
            put(os.path.join(m.src, "f"), "1")
            path = os.path.join(m.mnt, "f")
            need(not os.path.exists(path + "absent"), "absent is there")
            warm(m, "f", "fabsent")
            start = time.monotonic()
            put(os.path.join(m.src, "f"), "12345")
            put(os.path.join(m.src, "fabsent"), "here now")
            while time.monotonic() - start < 0.7:
                # A hit must not prolong the row's life.
                facts(path)
                facts(path + "absent")
            same(os.stat(path).st_size, 5, "size after ttl")
            same(os.path.exists(path + "absent"), True, "the new name after ttl")
            need(m.stats().miss.get(("LOOKUP", "expired"), 0) +
                 m.stats().miss.get(("GETATTR", "expired"), 0) > 0, "no row expired: %s",
                 m.stats().miss)


@single()
def notifications_end_rows():
    """writeinval believes a row until the daemon tells of a change."""
    for policy in ("writeinval", "lru", "ttl"):
        path = os.path.join(vm.WORK, "control-" + policy)
        options = NO_TIMEOUTS + ["control=" + path] + (["ttl=1h"] if policy == "ttl" else [])
        with Mount("notify-" + policy, options, policy) as m:
            put(os.path.join(m.src, "f"), "1")
            put(os.path.join(m.src, "g"), "1")
            put(os.path.join(m.src, "a"), "1")
            put(os.path.join(m.src, "e"), "1")
            warm(m, "f", "g", "new", "a", "e", "expected")
            for name in ("f", "a"):
                put(os.path.join(m.src, name), "12345")
            os.rename(os.path.join(m.src, "g"), os.path.join(m.src, "new"))
            os.rename(os.path.join(m.src, "e"), os.path.join(m.src, "expected"))
            for name in ("f", "a", "g", "e"):
                same(os.stat(os.path.join(m.mnt, name)).st_size, 1, "the cache believes of " + name)
            for name in ("new", "expected"):
                same(os.path.exists(os.path.join(m.mnt, name)), False,
                     "the cache believes of " + name)
            with socket.socket(socket.AF_UNIX) as control:
                control.connect(path)
                stream = control.makefile("rw")
                for line in ("inode f", "attr a", "entry g", "entry new", "expire e",
                             "expire expected"):
                    stream.write(line + "\n")
                    stream.flush()
                    same(stream.readline().strip(), "ok", line)
            for name in ("f", "a"):
                same(os.stat(os.path.join(m.mnt, name)).st_size, 5, "size after the notification")
            for name in ("g", "e"):
                same(os.path.exists(os.path.join(m.mnt, name)), False, "the old name")
            same_as_source(m, "f", "a", "new", "expected")


@single()
def relaxed_access_time():
    """With atime=relaxed a read does not end rows; with strict it does."""
    counts = {}
    for atime in ("strict", "relaxed"):
        with Mount("atime-" + atime, NO_TIMEOUTS + ["atime=" + atime], "writeinval") as m:
            os.mkdir(os.path.join(m.src, "d"))
            put(os.path.join(m.src, "d/f"), "data")
            path = os.path.join(m.mnt, "d/f")
            warm(m, "d/f")
            fd = os.open(path, os.O_RDONLY)
            os.stat(path)
            before = m.opstats()
            for _ in range(10):
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                same(os.pread(fd, 4, 0), b"data", "content")
                os.stat(path)
                same(os.listdir(os.path.dirname(path)), ["f"], "names")
                os.stat(os.path.dirname(path))
            after = m.opstats()
            os.close(fd)
            reached = {op: after.get(op, 0) - before.get(op, 0)
                       for op in ("LOOKUP", "GETATTR", "READ", "READDIR", "READDIRPLUS")}
            need(reached["READ"] >= 10, "nothing was read: %s", reached)
            counts[atime] = reached["LOOKUP"] + reached["GETATTR"]
    need(counts["strict"] >= 10, "strict: a read did not end the row: %s", counts)
    # READDIRPLUS may bring a row or two of its own.
    need(counts["relaxed"] <= 3, "relaxed: reads ended rows: %s", counts)


@single()
def relaxed_end_of_reading():
    """With atime=relaxed open, read and close end no row, unless the file was open for writing."""
    counts = {}
    for atime, how in (("strict", os.O_RDONLY), ("relaxed", os.O_RDONLY), ("relaxed", os.O_RDWR)):
        with Mount("ends-%s-%d" % (atime, how), NO_TIMEOUTS + ["atime=" + atime],
                   "writeinval") as m:
            put(os.path.join(m.src, "f"), "data")
            path = os.path.join(m.mnt, "f")
            warm(m, "f")
            before = m.opstats()
            for turn in range(10):
                fd = os.open(path, how)
                same(os.read(fd, 4), b"data", "content")
                os.close(fd)
                # RELEASE is sent without waiting.
                until(lambda: m.opstats().get("RELEASE", 0) > before.get("RELEASE", 0) + turn)
                os.stat(path)
            after = m.opstats()
            need(after["FLUSH"] - before.get("FLUSH", 0) == 10, "no FLUSH: %s", after)
            counts[atime, how] = sum(after.get(op, 0) - before.get(op, 0)
                                     for op in ("LOOKUP", "GETATTR"))
    need(counts["strict", os.O_RDONLY] >= 10, "strict: reading did not end the row: %s", counts)
    same(counts["relaxed", os.O_RDONLY], 0, "requests with atime=relaxed")
    need(counts["relaxed", os.O_RDWR] >= 10, "the end of a writer did not end the row: %s", counts)


# ---- Other ways to mount ----

@single()
def writeback_cache():
    """What is only in the page cache yet is the truth."""
    with Mount("writeback", NO_TIMEOUTS + ["writeback"], "writeinval") as m:
        put(os.path.join(m.src, "f"), "1")
        path = os.path.join(m.mnt, "f")
        warm(m, "f")
        fd = os.open(path, os.O_RDWR)
        for i in range(1, 20):
            os.pwrite(fd, b"x" * 10 * i, 0)
            same(os.stat(path).st_size, 10 * i, "size")
            same(in_child(lambda: os.stat(path).st_size), 10 * i, "size in another process")
        # The children's ends have written out what was there.
        os.pwrite(fd, b"y" * 190, 0)
        before = m.stats()
        os.fsync(fd)
        after = m.stats()
        # Size and times are FUSE's own here: that the write ended the row shows in nothing else.
        need(after.get("WRITE", "requests") > before.get("WRITE", "requests") and
             after.get("WRITE", "invalidations") - before.get("WRITE", "invalidations") ==
             after.get("WRITE", "requests") - before.get("WRITE", "requests"),
             "a WRITE of the page cache ended nothing: %s", after.ops)
        os.close(fd)
        for _ in range(3):
            same(os.stat(path).st_size, 190, "size after close")
        same(os.stat(os.path.join(m.src, "f")).st_size, 190, "size of the source")


@single()
def passthrough_files():
    """Stores to a file that the kernel passes through make no request, and are seen."""
    with Mount("passthrough", NO_TIMEOUTS + ["passthrough"], "writeinval") as m:
        put(os.path.join(m.src, "f"), "0123456789")
        path = os.path.join(m.mnt, "f")
        warm(m, "f")
        fd = os.open(path, os.O_RDWR)
        before = m.stats()
        os.pwrite(fd, b"longer than it was", 0)
        same(os.pread(fd, 6, 0), b"longer", "what is read")
        same_as_source(m, "f")
        for i in range(5):
            time.sleep(0.02)
            with mmap.mmap(fd, 10) as area:
                # Whatever was cached by now is older than the store.
                for _ in range(3):
                    same_as_source(m, "f")
                time.sleep(0.02)
                area[0:2] = b"%02d" % i
                same_as_source(m, "f")
                area.flush()
            same_as_source(m, "f")
        after = m.stats()
        for opcode in ("LOOKUP", "GETATTR"):
            need(after.get(opcode, "misses") > before.get(opcode, "misses"), "no %s at all", opcode)
            same(after.hits(opcode) - before.hits(opcode), 0,
                 "answers while the file is backed: " + opcode)
        os.close(fd)
        same_as_source(m, "f")
        with open(path, "rb") as file:
            same(file.read(), b"04" + b"nger than it was", "content")
        # One that was never mapped may be answered again when it is closed.
        put(os.path.join(m.src, "g"))
        with open(os.path.join(m.mnt, "g"), "a", encoding="ascii") as file:
            file.write("more")
        warm(m, "g")
        same_as_source(m, "g")
        # Reading moves the time of the last access, which only the end of the backing file tells.
        put(os.path.join(m.src, "h"), "0123456789")
        os.utime(os.path.join(m.src, "h"), (1000000000, 1100000000))
        warm(m, "h")
        same(os.stat(os.path.join(m.mnt, "h")).st_atime, 1000000000, "the last access before it")
        with open(os.path.join(m.mnt, "h"), "rb") as file:
            same(file.read(4), b"0123", "content")
        source = os.stat(os.path.join(m.src, "h")).st_atime_ns
        need(source > 1000000000 * 10 ** 9, "the source's file was not accessed")
        same(os.stat(os.path.join(m.mnt, "h")).st_atime_ns, source, "the last access")
        reached = m.opstats()
        same({op: reached.get(op, 0) for op in ("READ", "WRITE")}, {"READ": 0, "WRITE": 0},
             "requests that reached the daemon")


@single()
def mapping_of_a_backing_file_outlives_its_descriptor():
    """The mapping keeps the backing file: nothing is answered until it has gone, and stores are seen."""
    with Mount("outlives", NO_TIMEOUTS + ["passthrough"], "writeinval") as m:
        path = os.path.join(m.mnt, "f")
        put(os.path.join(m.src, "f"), "0123456789")
        warm(m, "f")
        fd = os.open(path, os.O_RDWR)
        area = mmap.mmap(fd, 10)
        os.close(fd)
        before = m.stats()
        for i in range(5):
            same_as_source(m, "f")
            time.sleep(0.02)
            area[0:2] = b"%02d" % i
            area.flush()
            same_as_source(m, "f")
        after = m.stats()
        for opcode in ("LOOKUP", "GETATTR"):
            same(after.hits(opcode) - before.hits(opcode), 0,
                 "answers while the file is mapped: " + opcode)
        area.close()
        same_as_source(m, "f")
        with open(path, "rb") as file:
            same(file.read(), b"0423456789", "content")


@single()
def passthrough_of_a_file_that_many_open_at_once():
    """However OPEN and RELEASE of one file meet in the daemon: none of its opens goes without."""
    def open_often(path):
        for _ in range(scale(1000)):
            fd = os.open(path, os.O_RDONLY)
            same(os.pread(fd, 10, 0), b"0123456789", "what is read")
            os.close(fd)

    with Mount("passthrough-many", NO_TIMEOUTS + ["passthrough"]) as m:
        put(os.path.join(m.src, "f"), "0123456789")
        others = [Background(open_often, os.path.join(m.mnt, "f")) for _ in range(4)]
        for other in others:
            same(other.result(), {"value": None}, "who opens it often")
        reached = m.opstats()
        need(reached.get("OPEN", 0) >= 4 * scale(1000), "only these requests: %s", reached)
        same(reached.get("READ", 0), 0, "READs that reached the daemon")


@single()
def no_xattr_is_asked_once():
    """With no_xattr the kernel asks once for each kind, then says EOPNOTSUPP without asking.

    There it looks for an ACL no more, and finds none: ENODATA, as in stock FUSE."""
    for policy in (None, "writeinval"):
        with Mount("no-xattr-%s" % policy, NO_TIMEOUTS + ["no_xattr"], policy) as m:
            put(os.path.join(m.src, "f"), "1")
            path = os.path.join(m.mnt, "f")
            os.setxattr(os.path.join(m.src, "f"), "user.a", b"1")
            for call in (lambda: os.getxattr(path, "user.a"), lambda: os.listxattr(path),
                         lambda: os.setxattr(path, "user.b", b"2"),
                         lambda: os.removexattr(path, "user.a")):
                for _ in range(3):
                    same(error_of(call), errno.EOPNOTSUPP, "errno under %s" % policy)
            same(error_of(os.getxattr, path, "system.posix_acl_access"), errno.ENODATA, "an ACL")
            asked = m.opstats()
            same({op: asked.get(op, 0) for op in XATTR_OPS}, dict.fromkeys(XATTR_OPS, 1),
                 "requests under %s" % policy)


@single()
def other_users():
    """Permissions are checked for who asks, whoever filled the cache."""
    options = NO_TIMEOUTS + ["allow_other", "default_permissions"]
    with Mount("users", options, "writeinval") as m:
        os.chmod(m.src, 0o755)
        os.mkdir(os.path.join(m.src, "private"), 0o700)
        put(os.path.join(m.src, "private/f"))
        put(os.path.join(m.src, "public"))
        warm(m, "private/f", "public")

        private, public = as_nobody(
            lambda: [facts(os.path.join(m.mnt, name)) for name in ("private/f", "public")])
        same(private, os.strerror(errno.EACCES), "somebody else's stat of a private file")
        need(isinstance(public, list), "somebody else's stat of a public file: %s", public)
    with Mount("one-user", NO_TIMEOUTS, "writeinval") as m:
        put(os.path.join(m.src, "public"))
        warm(m, "public")
        same(as_nobody(facts, os.path.join(m.mnt, "public")), os.strerror(errno.EACCES),
             "stat without allow_other")


@single(timeout=120)
def every_combination_answers_and_is_coherent():
    """Each that README names, and one of three; on a slow kernel those three that are least alike."""
    for policy in ("ttl+lru+writeinval", "lease+lru", "s3fifo+writeinval", "ttl+lru", "ttl+writeinval",
                   "lru+writeinval", "lease+writeinval")[:3 if vm.hurried() else None]:
        with Mount("combined-" + policy.replace("+", "-"), NO_TIMEOUTS, policy) as m:
            # A lease is granted only to what was asked for one.
            m.answers = "lease" not in policy
            for name in ("f", "g"):
                put(os.path.join(m.src, name), name * 3)
            for turn in range(3):
                if m.answers:
                    warm(m, "f", "g", "h")
                same_as_source(m, "f", "g", "h")
                os.rename(os.path.join(m.mnt, "fg"[turn % 2]), os.path.join(m.mnt, "h"))
                same_as_source(m, "f", "g", "h")
                write_at(os.path.join(m.mnt, "h"), b"more", os.O_WRONLY | os.O_APPEND)
                same_as_source(m, "f", "g", "h")
                put(os.path.join(m.mnt, "fg"[turn % 2]), "anew")
                same_as_source(m, "f", "g", "h")


@single()
def own_policy_by_path():
    """policy=PATH takes an object that is not built in, also one relative to where stackfs starts."""
    path = os.path.join(vm.WORK, "mine.bpf.o")
    shutil.copy(vm.ROOT + "/build/policies/writeinval.bpf.o", path)
    with Mount("by-path", NO_TIMEOUTS, path) as m:
        put(os.path.join(m.src, "f"))
        warm(m, "f")
    src, mnt = prepare("relative")
    code, _, err = run(vm.STACKFS, "-o", "policy=./mine.bpf.o,extfuse=require", src, mnt, cwd=vm.WORK)
    same((code, err), (0, ""), "a relative path")
    vm.libc.umount2(mnt.encode(), 0)


# ---- Refusals ----

def prepare(name):
    base = os.path.join(vm.WORK, name)
    for sub in ("src", "mnt"):
        os.makedirs(os.path.join(base, sub), exist_ok=True)
    return os.path.join(base, "src"), os.path.join(base, "mnt")


def refused(options, *words, src=None, mnt=None, env=None, plain=False):
    """One line on stderr that has the words, a non-zero exit, nothing mounted, nothing loaded."""
    source, target = prepare("refused")
    before = loaded()
    command = [vm.STACKFS] + (["-o", options] if options else []) + [src or source, mnt or target]
    code, out, err = run(*command, env=env)
    text = "%s: exit %d, stdout %r, stderr %r" % (" ".join(command), code, out, err)
    need(code not in (0, None) and code > 0, "not refused: %s", text)
    need(not out, "stdout: %s", text)
    need(len(err.splitlines()) == 1, "not one line: %s", text)
    need(err.startswith("stackfs: ") or plain, "who speaks? %s", text)
    for word in words:
        need(word in err, "no word of %r: %s", word, text)
    need(vm.mounted(target) is None, "mounted: %s", text)
    until(lambda: loaded() <= before)
    need(loaded() <= before, "something stays loaded: %s", text)


def broken_object(kind):
    path = os.path.join(vm.WORK, kind + ".bpf.o")
    with open(vm.ROOT + "/build/policies/ttl.bpf.o", "rb") as file:
        good = file.read()
    data = {"truncated": good[:len(good) // 2], "empty": b"", "text": b"not an object\n" * 10,
            "header": good[:64]}.get(kind)
    if kind == "native":
        shutil.copy(vm.STACKFS, path)
    else:
        with open(path, "wb") as file:
            file.write(data)
    return path


def refusal(name, options, *words, **more):
    def test():
        values = {key: value() if callable(value) else value for key, value in more.items()}
        refused(options() if callable(options) else options, *words, **values)
    test.__name__ = "refuses_" + name
    test.timeout = 60
    SINGLE.append(test)


refusal("unknown_policy", "policy=nosuch", "nosuch", "ttl", "lru", "writeinval", "never")
refusal("unknown_policy_of_two", "policy=ttl+nosuch", "nosuch", "lru")
refusal("empty_policy", "policy=", "policy")
refusal("same_policy_twice", "policy=ttl+ttl", "ttl")
refusal("conflicting_policies", "policy=ttl+never", "ttl", "never")
refusal("never_with_lru", "policy=lru+never", "lru", "never")
refusal("duration_without_unit", "policy=ttl,ttl=5", "ttl", "5")
refusal("bad_duration", "policy=ttl,ttl=soon", "ttl", "soon")
refusal("negative_duration", "policy=ttl,ttl=-1s", "ttl", "-1s")
refusal("duration_too_long", "policy=ttl,ttl=99999999999999999999h", "ttl")
refusal("bad_count", "policy=lru,max_entries=many", "max_entries", "many")
refusal("count_with_unit", "policy=lru,max_entries=5s", "max_entries", "5s")
refusal("zero_entries", "policy=lru,max_entries=0", "max_entries")
refusal("bad_enum", "policy=ttl,atime=sometimes", "atime", "strict", "relaxed")
refusal("unknown_parameter", "policy=ttl,nosuch=3", "nosuch")
refusal("parameter_of_other_policy", "policy=lru,ttl=5s", "ttl")
refusal("parameter_without_policy", "ttl=5s", "ttl")
refusal("bad_fill", "policy=ttl,fill=sideways", "fill", "sideways")
refusal("bad_extfuse", "policy=ttl,extfuse=maybe", "extfuse", "maybe")
refusal("missing_object", "policy=/no/such/object.bpf.o", "/no/such/object.bpf.o")
refusal("truncated_object", lambda: "policy=" + broken_object("truncated"), "truncated.bpf.o")
refusal("object_of_only_a_header", lambda: "policy=" + broken_object("header"), "header.bpf.o")
refusal("empty_object", lambda: "policy=" + broken_object("empty"), "empty.bpf.o")
refusal("object_that_is_text", lambda: "policy=" + broken_object("text"), "text.bpf.o")
refusal("native_object", lambda: "policy=" + broken_object("native"), "native.bpf.o")
refusal("handler_as_policy", "policy=" + vm.ROOT + "/build/handlers/lookup.bpf.o", "lookup.bpf.o")
refusal("policy_as_handler", "policy=ttl,handler=" + vm.ROOT + "/build/policies/lru.bpf.o",
        "lru.bpf.o")
refusal("missing_handler", "policy=ttl,handler=/no/such/handler.bpf.o", "/no/such/handler.bpf.o")
refusal("truncated_handler", lambda: "policy=ttl,handler=" + broken_object("truncated"),
        "truncated.bpf.o")
refusal("unknown_option", "nosuchoption", "nosuchoption")
refusal("missing_mount_point", None, "/no/such/mount", mnt="/no/such/mount")
refusal("missing_mount_point_with_policy", "policy=ttl", "/no/such/mount", mnt="/no/such/mount")
refusal("mount_point_that_is_a_file", "policy=ttl", "/etc/passwd", mnt="/etc/passwd")
refusal("missing_source", "policy=ttl", "/no/such/source", src="/no/such/source")
refusal("source_that_is_a_file", "policy=ttl", "/etc/passwd", src="/etc/passwd")


@single()
def refuses_busy_mount_point():
    """A directory on which a FUSE file system is mounted already."""
    with Mount("busy", NO_TIMEOUTS, "ttl") as m:
        minor = m.minor
        for options in ("policy=ttl", ""):
            command = [vm.STACKFS] + (["-o", options] if options else []) + [m.src, m.mnt]
            code, out, err = run(*command)
            need(code > 0 and not out and len(err.splitlines()) == 1 and m.mnt in err,
                 "%s: exit %d, stdout %r, stderr %r", " ".join(command), code, out, err)
        same(vm.mounted(m.mnt), minor, "the mount that was there")


@single()
def refuses_one_argument():
    source, _ = prepare("refused")
    for args in ([], [source], [source, source, source], ["--nosuch", source, source]):
        code, out, err = run(vm.STACKFS, *args)
        need(code > 0 and not out and len(err.splitlines()) == 1,
             "%s: exit %d, stdout %r, stderr %r", args, code, out, err)


# ---- Without the kernel's help ----

@contextlib.contextmanager
def parameter(value):
    path = "/sys/module/fuse/parameters/extfuse"
    with open(path, encoding="ascii") as file:
        old = file.read().strip()
    with open(path, "w", encoding="ascii") as file:
        file.write(value)
    try:
        yield
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(old)


NOBODY = 65534


def as_nobody(function, *args):
    def change_and_run():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        return function(*args)
    return in_child(change_and_run)


def not_accelerated(*prefix, options="policy=ttl", uid=0):
    """Mounts, says one line, works as plain FUSE; with extfuse=require it does not mount."""
    src, mnt = prepare("plain-%d" % uid)
    put(os.path.join(src, "f"))
    for path in (src, mnt):
        os.chown(path, uid, uid)
    look = facts if not uid else lambda path: as_nobody(facts, path)
    code, out, err = run(*prefix, vm.STACKFS, "-o", options, src, mnt)
    try:
        text = "exit %d, stdout %r, stderr %r" % (code, out, err)
        same(code, 0, "exit (%s)" % text)
        need(not out and len(err.splitlines()) == 1 and
             err.startswith("stackfs: not accelerated:"), "not one line of the kind: %s", text)
        need(vm.mounted(mnt) is not None, "not mounted: %s", text)
        same([list(f) for f in look(os.path.join(mnt, "f"))],
             [list(f) for f in facts(os.path.join(src, "f"))], "f")
        code, out, err = run(vm.EXTFUSE, "stats", mnt)
        need(code > 0 and len(err.splitlines()) == 1, "stats: exit %d, %r, %r", code, out, err)
    finally:
        vm.libc.umount2(mnt.encode(), 0)
    same(vm.mounted(mnt), None, "mount after umount")
    code, out, err = run(*prefix, vm.STACKFS, "-o", options + ",extfuse=require", src, mnt)
    text = "exit %d, stdout %r, stderr %r" % (code, out, err)
    same(code, 1, "exit with extfuse=require (%s)" % text)
    need(not out and len(err.splitlines()) == 1, "not one line: %s", text)
    same(vm.mounted(mnt), None, "mount after extfuse=require")


@single()
def without_the_offer():
    """fuse.extfuse=N: as on a kernel without ExtFUSE."""
    with parameter("N"):
        not_accelerated()
        code, out, _ = run(vm.EXTFUSE, "check")
        need(code != 0 and "fuse.extfuse" in out, "check: exit %d\n%s", code, out)


@single()
def without_permission():
    """A user who may mount, by fusermount3, and may not load BPF."""
    user = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
    not_accelerated(*user, uid=NOBODY)
    code, out, _ = run(*user, vm.EXTFUSE, "check")
    need(code != 0 and "permission" in out, "check: exit %d\n%s", code, out)


@single()
def allow_other_has_default_permissions():
    """stackfs never asks for what the kernel would refuse (the kernel tier tests the refusal)."""
    with Mount("other", NO_TIMEOUTS + ["allow_other"], "ttl") as m:
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            line = [line for line in file if " " + m.mnt + " " in line][0]
        need("default_permissions" in line, "attached without default_permissions: %s", line)


# ---- The command ----

@single()
def command_status_and_stats():
    with Mount("status", NO_TIMEOUTS + ["ttl=1h"], "ttl+lru") as m, Mount("status-plain") as p:
        put(os.path.join(m.src, "f"))
        warm(m, "f")
        code, out, err = run(vm.EXTFUSE, "status")
        same((code, err), (0, ""), "status")
        lines = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
        need(m.mnt in lines, "status without %s:\n%s", m.mnt, out)
        words = lines[m.mnt]
        need(len(words) == 3 and words[0] in ("ttl+lru", "lru+ttl") and words[2] == "attached",
             "status: %s", out)
        need(("prog", int(words[1])) in loaded(), "status names no loaded program: %s", out)
        with open("%s/%d/extfuse" % (vm.CONNECTIONS, m.minor), encoding="ascii") as file:
            same(file.read().strip(), "attached " + words[1], "the kernel's state file")
        same(lines[p.mnt][-1], "none", "status of a plain mount")
        with open("%s/%d/extfuse" % (vm.CONNECTIONS, p.minor), encoding="ascii") as file:
            same(file.read().strip(), "none", "the kernel's state file")
        code, out, err = run(vm.EXTFUSE, "stats", m.mnt)
        same((code, err), (0, ""), "stats")
        rows = [line.split() for line in out.splitlines()]
        same(rows[0], "opcode requests hits negative_hits misses stores invalidations evictions "
             "errors".split(), "the header")
        text = {row[0]: list(map(int, row[1:])) for row in rows[1:] if row[0] != "miss"}
        js = m.stats()
        for opcode, row in text.items():
            same(row, [js.get(opcode, column) for column in rows[0][1:]], "text and JSON of " + opcode)
        reasons = "absent expired stale torn full not_live error".split()
        for row in rows[1:]:
            if row[0] == "miss":
                need(len(row) == 4 and row[2] in reasons, "miss line: %s", row)
                same(int(row[3]), js.miss[(row[1], row[2])], "miss line")
        for args in (["stats"], ["stats", "/"], ["stats", "/no/such"], ["stats", p.mnt], ["nosuch"],
                     []):
            code, out, err = run(vm.EXTFUSE, *args)
            need(code > 0 and not out and len(err.splitlines()) == 1,
                 "extfuse %s: exit %d, %r, %r", args, code, out, err)


@single()
def command_lists():
    code, out, err = run(vm.EXTFUSE, "check")
    same((code, err), (0, ""), "check\n" + out)
    code, out, err = run(vm.EXTFUSE, "policies")
    same((code, err), (0, ""), "policies")
    for word in ("ttl", "lru", "writeinval", "lease", "s3fifo", "never", "max_entries", "atime",
                 "negative_ttl"):
        need(word in out, "policies without %s:\n%s", word, out)
    code, out, err = run(vm.EXTFUSE, "handlers")
    same((code, err), (0, ""), "handlers")
    for word in ("LOOKUP", "GETATTR", "RENAME2", "UNLINK", "CREATE", "LINK"):
        need(word in out, "handlers without %s:\n%s", word, out)


@single()
def opstats_without_policy():
    """The witness works on a plain mount, at SIGUSR1 and at unmount."""
    with Mount("witness", NO_TIMEOUTS) as m:
        put(os.path.join(m.src, "f"))
        before = m.opstats().get("LOOKUP", 0)
        for _ in range(10):
            os.stat(os.path.join(m.mnt, "f"))
        same(m.opstats().get("LOOKUP", 0) - before, 10, "LOOKUPs of 10 stats without timeouts")
        path = m.opstats_file
        os.unlink(path)
    need(until(lambda: os.path.exists(path)), "no opstats at unmount")
