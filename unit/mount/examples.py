# SPDX-License-Identifier: GPL-2.0-only
"""What the example policies and handlers promise, each on a mount of its own."""

import contextlib
import errno
import os
import socket
import time

import vm
from special import put, same_as_source, single
from vm import NO_TIMEOUTS, Mount, error_of, facts, need, same


class Control:
    """stackfs's control socket."""

    def __init__(self, name):
        self.path = os.path.join(vm.WORK, "control-" + name)
        self.stream = None

    @contextlib.contextmanager
    def talk(self):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.path)
            with control.makefile("rw") as self.stream:
                yield self

    def say(self, line):
        self.stream.write(line + "\n")
        self.stream.flush()
        return self.stream.readline().strip()


def asked(m, *paths):
    """Requests that reach the daemon when the second of two looks at the paths is taken."""
    for path in paths:
        facts(os.path.join(m.mnt, path))
    before = m.opstats()
    for path in paths:
        facts(os.path.join(m.mnt, path))
    after = m.opstats()
    return sum(after.get(name, 0) - before.get(name, 0) for name in ("LOOKUP", "GETATTR"))


@single()
def leases_vouch_until_they_end():
    """Answers come from the kernel under a lease alone, and what changed at the server is seen when
    the lease was revoked, or when its time is over, but not before."""
    control = Control("lease")
    with Mount("lease", NO_TIMEOUTS + ["control=" + control.path], "lease") as m, control.talk():
        source, path = os.path.join(m.src, "f"), os.path.join(m.mnt, "f")
        put(source, "1")
        put(os.path.join(m.src, "g"), "1")
        need(asked(m, "f", "g") >= 2, "answers without a lease")
        same(control.say("grant 3600000ms absent"), os.strerror(2), "grant for no file")
        for name in ("", "f", "g"):
            same(control.say("grant 3600000ms " + name), "ok", "grant " + name)
        same(asked(m, "f", "g", "none"), 0, "requests under leases")

        put(source, "12345")
        same(os.stat(path).st_size, 1, "size that the lease vouches for")
        same(control.say("revoke f"), "ok", "revoke")
        same(os.stat(path).st_size, 5, "size after the revocation")
        need(asked(m, "f") > 0, "answers after the revocation")
        same(asked(m, "g", "none"), 0, "requests for the other file")

        put(os.path.join(m.src, "none"), "here now")
        same(os.path.exists(os.path.join(m.mnt, "none")), False, "a name that the lease vouches for")
        same(control.say("revoke /"), "ok", "revoke of the directory")
        same_as_source(m, "f", "g", "none")

        # A change through the mount ends rows and no lease.
        for name in ("", "f"):
            same(control.say("grant 3600000ms " + name), "ok", "grant " + name)
        same(asked(m, "f"), 0, "requests under leases")
        os.truncate(path, 3)
        same_as_source(m, "f")
        same(asked(m, "f"), 0, "requests after a change of our own")

        # A hit must not prolong a lease.
        start = time.monotonic()
        same(control.say("grant 1500ms g"), "ok", "a grant that shortens nothing")
        same(control.say("revoke g"), "ok", "revoke")
        same(control.say("grant 1500ms g"), "ok", "a short grant")
        same(asked(m, "g"), 0, "requests under leases")
        put(os.path.join(m.src, "g"), "12345")
        while time.monotonic() - start < 1.6:
            facts(os.path.join(m.mnt, "g"))
        same_as_source(m, "g")
        need(m.stats().miss.get(("LOOKUP", "expired"), 0) > 0, "no row expired: %s", m.stats().miss)
        for line in ("grant g", "grant 5 g", "grant 5s g", "grant -1ms g"):
            same(control.say(line), os.strerror(22), line)


@single()
def scans_leave_what_is_used_again():
    """Files that are used again stay in the kernel while others, many times the cache, pass."""
    with Mount("scan", NO_TIMEOUTS + ["max_entries=64"], "s3fifo") as m:
        hot = ["hot%d" % i for i in range(20)]
        for name in hot:
            put(os.path.join(m.src, name))
        for i in range(800):
            put(os.path.join(m.src, "cold%d" % i))
        for _ in range(5):
            for name in hot:
                facts(os.path.join(m.mnt, name))
        before = m.stats()
        for i in range(800):
            facts(os.path.join(m.mnt, "cold%d" % i))
        need(m.stats().total("evictions") > before.total("evictions"), "nothing was evicted")
        before = m.stats().hits("LOOKUP")
        for name in hot:
            facts(os.path.join(m.mnt, name))
        # A few may share a count of uses with one that passed.
        need(m.stats().hits("LOOKUP") - before >= 17, "only %d of 20 were answered after the scan",
             m.stats().hits("LOOKUP") - before)
        same_as_source(m, *hot)


@single()
def hidden_names_do_not_exist():
    """What matches a pattern is not found and cannot be made; the rest is as ever, cached."""
    options = ["handler=" + vm.ROOT + "/build/examples/hide.bpf.o", "hide=.DS_Store:*.tmp",
               "readdirplus=no"]
    with Mount("hide", NO_TIMEOUTS + options, "writeinval") as m:
        def at(name):
            return os.path.join(m.mnt, name)

        os.mkdir(os.path.join(m.src, "d"))
        for name in ("f", "a.tmp", "d/.DS_Store", "d/g"):
            put(os.path.join(m.src, name))
        before = m.opstats().get("LOOKUP", 0)
        for name in ("a.tmp", "b.tmp", ".DS_Store"):
            same(error_of(os.stat, at(name)), errno.ENOENT, "stat " + name)
            same(error_of(os.open, at(name), os.O_RDONLY), errno.ENOENT, "open " + name)
            same(error_of(os.unlink, at(name)), errno.ENOENT, "unlink " + name)
        same(m.opstats().get("LOOKUP", 0), before, "LOOKUPs of hidden names")
        same(error_of(os.stat, at("d/.DS_Store")), errno.ENOENT, "stat in a directory")
        for name in ("b.tmp", "d/b.tmp"):
            same(error_of(os.mkdir, at(name)), errno.EPERM, "mkdir " + name)
            same(error_of(os.mkfifo, at(name)), errno.EPERM, "mkfifo " + name)
            same(error_of(os.symlink, "f", at(name)), errno.EPERM, "symlink " + name)
            same(error_of(os.link, at("f"), at(name)), errno.EPERM, "link " + name)
            same(error_of(os.rename, at("f"), at(name)), errno.EPERM, "rename to " + name)
            same(error_of(os.open, at(name), os.O_CREAT | os.O_WRONLY), errno.EPERM,
                 "create " + name)
            # The daemon is asked whether it is there, and that is all.
            same(error_of(os.open, at("a.tmp"), os.O_CREAT | os.O_EXCL | os.O_WRONLY) in
                 (errno.EPERM, errno.EEXIST), True, "exclusive create")
        same(sorted(os.listdir(m.src)), ["a.tmp", "d", "f"], "the source")
        same(sorted(os.listdir(os.path.join(m.src, "d"))), [".DS_Store", "g"], "the source's d")

        same(asked(m, "f", "d/g", "none"), 0, "requests for names that are not hidden")
        os.rename(at("f"), at("h"))
        os.rename(at("d/g"), at("f"))
        put(at("new"), "123")
        same_as_source(m, "f", "h", "d/g", "d", "new")
        need(m.stats().get("CREATE", "negative_hits") > 0, "no CREATE was refused in the kernel")
