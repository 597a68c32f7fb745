# SPDX-License-Identifier: GPL-2.0-only
"""Mounts stackfs in the VM and runs tests on it, each in a process of its own."""

import argparse
import contextlib
import copy
import ctypes
import errno
import fnmatch
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import time
import traceback

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
STACKFS = os.path.join(ROOT, "build", "bin", "stackfs")
EXTFUSE = os.path.join(ROOT, "build", "bin", "extfuse")
WORK = "/run/extfuse-test"
CONNECTIONS = "/sys/fs/fuse/connections"
# The VFS's own caches would hide ours.
NO_TIMEOUTS = ["entry_timeout=0", "attr_timeout=0"]

libc = ctypes.CDLL(None, use_errno=True)


def scale(count):
    """Repetitions, fewer where the kernel is slow or time is short."""
    return max(2, count // int(os.environ.get("EXTFUSE_TEST_SCALE", "1")))


def shorter(most):
    """By how much long runs are shortened there, at most."""
    return min(most, max(1, int(os.environ.get("EXTFUSE_TEST_SCALE", "1"))))


def slowness():
    return 6 if "EXTFUSE_TEST_SLOW" in os.environ else 1


def hurried():
    """Whether the kernel is slow, and a part of what there is to do is enough."""
    return slowness() > 1 and shorter(2) > 1


def patience():
    """How many times as long as on an idle machine a test may take before it is taken to hang."""
    return 3 * slowness()


def out_of_time():
    """Whether ./test.sh has been told to begin no more tests by now."""
    return time.time() > float(os.environ.get("EXTFUSE_TEST_DEADLINE", "inf"))


class Failed(Exception):
    """What a test found wrong."""


class Skipped(Exception):
    """What a test needs and does not have."""


def need(condition, text, *values):
    if not condition:
        raise Failed(text % values if values else text)


def same(got, expected, what):
    if got != expected:
        raise Failed("%s: got %r, expected %r" % (what, got, expected))


def until(condition, seconds=10.0, pause=0.02):
    """Waits until condition() is true; returns its value, or the last false one."""
    end = time.monotonic() + seconds * slowness()
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)


def in_child(function, *args):
    """Runs a function in another process; returns what it returns, raises what it raises."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        ours.close()
        code = 0
        try:
            reply = {"value": function(*args)}
        except OSError as error:
            reply = {"errno": error.errno}
        except BaseException as error:  # pylint: disable=broad-except
            reply = {"error": "%s: %s" % (type(error).__name__, error)}
            code = 1
        theirs.sendall(json.dumps(reply).encode())
        theirs.close()
        os._exit(code)
    theirs.close()
    text = b""
    while True:
        part = ours.recv(1 << 16)
        if not part:
            break
        text += part
    ours.close()
    os.waitpid(pid, 0)
    reply = json.loads(text or b'{"error": "the other process died"}')
    if "errno" in reply:
        raise OSError(reply["errno"], os.strerror(reply["errno"]))
    if "error" in reply:
        raise Failed("in the other process: " + reply["error"])
    return reply["value"]


def error_of(function, *args):
    """The errno that a call fails with, 0 if it succeeds."""
    try:
        function(*args)
    except OSError as error:
        return error.errno
    return 0


class Background:
    """A function that runs in another process meanwhile."""

    def __init__(self, function, *args):
        self.read_fd, write_fd = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self.read_fd)
            try:
                reply = {"value": function(*args)}
            except OSError as error:
                reply = {"errno": error.errno}
            except BaseException as error:  # pylint: disable=broad-except
                reply = {"error": "%s: %s" % (type(error).__name__, error)}
            os.write(write_fd, json.dumps(reply).encode())
            os._exit(0)
        os.close(write_fd)

    def result(self):
        with os.fdopen(self.read_fd, "rb") as file:
            text = file.read()
        os.waitpid(self.pid, 0)
        reply = json.loads(text or b'{"error": "the other process died"}')
        if "error" in reply:
            raise Failed("in the other process: " + reply["error"])
        return reply

    def kill(self):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def run(*command, env=None, timeout=60, cwd=None):
    """Returns (exit code, stdout, stderr) of a command."""
    full = dict(os.environ)
    full.update(env or {})
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=full, timeout=timeout * patience(),
                          check=False, cwd=cwd)
    return done.returncode, done.stdout.decode(errors="replace"), \
        done.stderr.decode(errors="replace")


class StatsReader:
    """A running 'extfuse stats - -j', which all tests ask.

    Whoever forks closes files in the child, each with a FLUSH, which ends rows of the file."""

    def __init__(self):
        self.process = subprocess.Popen([EXTFUSE, "stats", "-", "-j"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ask(self, mnt):
        text = b""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.process.stdin.fileno(), mnt.encode() + b"\n")
        while not text.endswith(b"\n\n"):
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                raise Failed("extfuse stats: " + text.decode(errors="replace"))
            text += part
        return Stats(text)

    def end(self):
        self.process.kill()
        self.process.communicate()


def mounted(path):
    """The minor device number of the FUSE mount at path, or None."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        found = None
        for line in file:
            fields = line.split()
            if fields[4] == path:
                found = int(fields[2].split(":")[1])
        return found


def daemon_of(mnt):
    """The process that serves the mount."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                words = file.read().split(b"\0")
            if words[0].endswith(b"stackfs") and mnt.encode() in words:
                return int(pid)
    return None


def abort(minor):
    with contextlib.suppress(OSError):
        with open("%s/%d/abort" % (CONNECTIONS, minor), "w", encoding="ascii") as file:
            file.write("1")


def abort_all():
    with contextlib.suppress(OSError):
        for name in os.listdir(CONNECTIONS):
            abort(int(name))


def clean_up():
    """What a failed test left behind must not disturb the next."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        left = [line.split()[4] for line in file if " " + WORK + "/" in line]
    for path in reversed(left):
        minor = mounted(path)
        if minor:
            abort(minor)
        libc.umount2(path.encode(), 2)


class Stats:
    """What 'extfuse stats -j' printed."""

    def __init__(self, text):
        data = json.loads(text)
        self.ops = {row["opcode"]: row for row in data["opcodes"]}
        self.miss = {(row["opcode"], row["reason"]): row["count"] for row in data["miss"]}

    def get(self, opcode, column):
        return self.ops.get(opcode, {}).get(column, 0)

    def hits(self, opcode):
        return self.get(opcode, "hits") + self.get(opcode, "negative_hits")

    def total(self, column):
        return sum(row[column] for row in self.ops.values())


class Mount:
    """A stackfs over a fresh source directory."""

    def __init__(self, name, options=(), policy=None, source=None):
        self.name = name
        self.policy = policy
        base = os.path.join(WORK, name)
        self.src = source or os.path.join(base, "src")
        self.root = self.mnt = os.path.join(base, "mnt")
        self.opstats_file = os.path.join(base, "opstats")
        self.options = ["opstats=" + self.opstats_file] + list(options)
        if policy:
            self.options += ["policy=" + policy, "extfuse=require"]
        # Under lease nothing is answered before a lease is granted.
        self.answers = bool(policy) and policy not in ("never", "lease")
        self.env = {}
        # Where stackfs is started: what relative paths in its options are about.
        self.cwd = None
        self.pid = None
        self.minor = None
        self.serial = 0
        self.loaded_before = set()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()

    def command(self):
        return [STACKFS, "-o", ",".join(self.options), self.src, self.root]

    def start(self):
        os.makedirs(self.src, exist_ok=True)
        os.makedirs(self.root, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.opstats_file)
        self.loaded_before = loaded()
        code, out, err = run(*self.command(), env=self.env, timeout=90, cwd=self.cwd)
        if code or err or out:
            raise Failed("%s: exit %d\n%s%s" % (" ".join(self.command()), code, out, err))
        self.minor = mounted(self.root)
        need(self.minor is not None, "stackfs exited 0, but %s is no mount", self.root)
        self.pid = daemon_of(self.root)
        need(self.pid, "no daemon serves %s", self.root)

    def stop(self):
        """Unmounts, by force if need be, and waits for the daemon's end."""
        if mounted(self.root) is not None and libc.umount2(self.root.encode(), 0):
            if self.minor is not None:
                abort(self.minor)
            libc.umount2(self.root.encode(), 2)
        if self.pid and not until(lambda: not os.path.exists("/proc/%d" % self.pid), 5):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.pid = None

    def stats(self):
        if not Runner.reader:
            Runner.start_reader()
        return Runner.reader.ask(self.root)

    def opstats(self):
        """Requests by opcode that reached the daemon, by its own count."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.opstats_file)
        os.kill(self.pid, signal.SIGUSR1)
        need(until(lambda: os.path.exists(self.opstats_file)), "no opstats after SIGUSR1")
        with open(self.opstats_file, encoding="ascii") as file:
            return {name: int(count) for name, count in (line.split() for line in file)}

    def source_of(self, path):
        """Where the source has what the mount has at path."""
        return self.src + path.removeprefix(self.mnt)

    def below(self, name):
        """The same mount for a test that works in a directory of its own."""
        self.serial += 1
        # The prefix keeps it from being a name that tests delay.
        name = "t-%s-%d-%d" % (name, os.getpid(), self.serial)
        os.mkdir(os.path.join(self.src, name))
        other = copy.copy(self)
        other.src, other.mnt = os.path.join(self.src, name), os.path.join(self.mnt, name)
        return other

    def dir(self, name):
        self.serial += 1
        return Dir(self, "%s-%d-%d" % (name, os.getpid(), self.serial))


XATTR_SIZE = 128  # of the largest value that is cached


def answered(mount, paths, xattrs=()):
    """Looks until one look at all paths is answered without the daemon, or finds that none is.

    Not the first: what reads left behind, like RELEASE, is sent without waiting and ends rows."""
    if not mount.policy:
        return
    there = [path for path in paths if os.path.lexists(mount.source_of(path))]
    absent = [path for path in paths if error_of(os.lstat, mount.source_of(path)) == errno.ENOENT]
    # The least hits and negative hits of each kind of request.
    least = {"LOOKUP": (len(there), len(absent)), "GETATTR": (len(there), 0)}
    if xattrs:
        least.update({"GETXATTR": (0, 0), "LISTXATTR": (0, 0)})
    calls = {"GETXATTR": len(there) * len(xattrs), "LISTXATTR": len(there)}

    def look():
        before = mount.stats()
        for path in paths:
            facts(path)
        if xattrs:
            for path in there:
                list_xattr(path, XATTR_SIZE)
                for name in xattrs:
                    get_xattr(path, name, XATTR_SIZE)
        after = mount.stats()
        wrong = []
        for opcode, (hits, negative) in least.items():
            got = {column: after.get(opcode, column) - before.get(opcode, column)
                   for column in ("hits", "negative_hits", "misses")}
            both = got["hits"] + got["negative_hits"]
            if not mount.answers or (opcode in calls and "fill=daemon" in mount.options):
                right = not both
            else:
                right = not got["misses"] and got["hits"] >= hits and \
                    got["negative_hits"] >= negative and both >= calls.get(opcode, 0)
            if not right:
                got.update({reason: count - before.miss.get((op, reason), 0)
                            for (op, reason), count in after.miss.items() if op == opcode})
                wrong.append("%s: %s" % (opcode, got))
        return wrong

    wrong = [""]
    end = time.monotonic() + 10 * slowness()
    while wrong and time.monotonic() < end:
        wrong = look()
    need(not wrong, "the cache's answers before the change, to %d names that are there and %d that "
         "are not: %s", len(there), len(absent), wrong)


def drop_caches():
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("2")


STAT_FIELDS = ("st_mode", "st_uid", "st_gid", "st_nlink", "st_size", "st_ino", "st_rdev",
               "st_mtime_ns", "st_ctime_ns")


def facts(path):
    """What stat says, or the error's name."""
    try:
        st = os.lstat(path)
    except OSError as error:
        return os.strerror(error.errno)
    return [[field, getattr(st, field)] for field in STAT_FIELDS]


def listing(path):
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        return os.strerror(error.errno)
    return names


def content(path):
    """What open and read say. Nothing is opened that could block."""
    try:
        st = os.lstat(path)
        kind = st.st_mode & 0o170000
        if kind == 0o120000:
            return os.readlink(path)
        if kind == 0o040000:
            return listing(path)
        if kind != 0o100000:
            return "special"
        fd = os.open(path, os.O_RDONLY)
        try:
            data = os.read(fd, 1 << 16)
            return [os.fstat(fd).st_size, data.hex() if len(data) < 200 else hash_of(data)]
        finally:
            os.close(fd)
    except OSError as error:
        return os.strerror(error.errno)


def hash_of(data):
    value = 0
    for byte in data:
        value = (value * 31 + byte) & 0xffffffffffff
    return "%d bytes, hash %x" % (len(data), value)


def get_xattr(path, name, size):
    """getxattr(2) with a buffer of so many bytes: the value (0: its size), or the errno."""
    buffer = ctypes.create_string_buffer(size + 1)
    got = libc.lgetxattr(path.encode(), name.encode(), buffer if size else None, size)
    return [ctypes.get_errno()] if got < 0 else [got, buffer.raw[:got].hex() if size else ""]


def list_xattr(path, size):
    """listxattr(2), likewise."""
    buffer = ctypes.create_string_buffer(size + 1)
    got = libc.llistxattr(path.encode(), buffer if size else None, size)
    if got < 0:
        return [ctypes.get_errno()]
    return [got, sorted(buffer.raw[:got].hex().split("00")) if size else ""]


def xattrs(path):
    try:
        return sorted([name, os.getxattr(path, name, follow_symlinks=False).hex()]
                      for name in os.listxattr(path, follow_symlinks=False))
    except OSError as error:
        return os.strerror(error.errno)


def view(top, names):
    """stat first, then readdir, then open: what an application may do next."""
    seen = {}
    for name in names:
        seen["stat " + name] = facts(os.path.join(top, name) if name else top)
    folders = sorted({os.path.dirname(name) for name in names if name} | {""})
    for folder in folders:
        seen["readdir " + folder] = listing(os.path.join(top, folder))
    for name in names:
        if name:
            seen["open " + name] = content(os.path.join(top, name))
            seen["xattr " + name] = xattrs(os.path.join(top, name))
    return seen


def differences(got, expected):
    lines = []
    for key, value in expected.items():
        other = got.get(key)
        if other == value:
            continue
        if isinstance(value, list) and isinstance(other, list) and key.startswith("stat"):
            for (field, right), (_, wrong) in zip(value, other):
                if right != wrong:
                    lines.append("%s: %s is %s, the source has %s" % (key, field, wrong, right))
        else:
            lines.append("%s: %s, the source has %s" % (key, other, value))
    return "\n".join(lines)


class Dir:
    """A test's own directory, seen through the mount and in the source."""

    def __init__(self, mount, name):
        self.mount = mount
        self.name = name
        self.names = [""]
        self.xattrs = []
        self.by_other = False
        self.hits_needed = True
        # The cache was seen to answer, and nothing was compared since.
        self.proved = False
        os.mkdir(self.s())

    def s(self, name=""):
        return os.path.join(self.mount.src, self.name, name).rstrip("/")

    def m(self, name=""):
        return os.path.join(self.mount.mnt, self.name, name).rstrip("/")

    def put(self, name, data="x"):
        """Makes a file behind the mount, before it is looked at."""
        with open(self.s(name), "w", encoding="utf-8") as file:
            file.write(data)
        return name

    def watch(self, *names):
        """Names to compare from now on. Warms the cache, and checks that it answered."""
        self.names += [name for name in names if name not in self.names]
        paths = self.paths()

        def look():
            for _ in range(3):
                for path in paths:
                    facts(path)

        look()
        in_child(look)
        self.compare("before the change", all_of=False)
        self.answered()

    def watch_xattrs(self, *names):
        """Extended attributes that the cache has to answer from now on, there or not."""
        self.xattrs += names
        self.proved = False
        self.answered()

    def paths(self):
        return [self.m(name) for name in self.names]

    def answered(self):
        if self.hits_needed and not self.proved:
            answered(self.mount, self.paths(), self.xattrs)
        self.proved = True

    def compare(self, when, all_of=True):
        """What both processes see is what the source has."""
        self.proved = False
        for who, look in (("this process", view), ("another process", None)):
            seen = look(self.m(), self.names) if look else in_child(view, self.m(), self.names)
            expected = view(self.s(), self.names)
            wrong = differences(json.loads(json.dumps(seen)), json.loads(json.dumps(expected)))
            need(not wrong, "%s, as %s sees it:\n%s", when, who, wrong)
            if not all_of:
                break

    def do(self, change, *args):
        """Makes a change through the mount, here or in another process, and compares at once.
        Before it the cache answers whatever is asked of the names."""
        self.answered()
        expected = None
        try:
            if self.by_other:
                in_child(lambda: change(*args) and None)
            else:
                change(*args)
        except OSError as error:
            expected = error.errno
        self.compare("after the change")
        return expected


def write_at(path, data, flags=os.O_WRONLY, offset=None):
    fd = os.open(path, flags, 0o644)
    try:
        if offset is None:
            os.write(fd, data)
        else:
            os.pwrite(fd, data, offset)
    finally:
        os.close(fd)


class Shared:
    """Words that processes share; each is read and written in one piece."""

    def __init__(self, count=2):
        self.memory = mmap.mmap(-1, 4096)
        self.words = (ctypes.c_uint64 * count).from_buffer(self.memory)

    def __getitem__(self, index):
        return self.words[index]

    def __setitem__(self, index, value):
        self.words[index] = value


RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4


def renameat2(old, new, flags):
    if libc.renameat2(-100, old.encode(), -100, new.encode(), flags):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def fallocate(fd, mode, offset, length):
    call = libc.fallocate
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
    if call(fd, mode, offset, length):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def nodeid_of(path):
    """(nodeid, generation) of a file on a FUSE mount: they are its file handle."""

    class Handle(ctypes.Structure):
        _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int),
                    ("words", ctypes.c_uint32 * 8)]

    handle = Handle(bytes=32)
    mount_id = ctypes.c_int()
    if libc.name_to_handle_at(-100, path.encode(), ctypes.byref(handle),
                              ctypes.byref(mount_id), 0):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), path)
    return handle.words[0] << 32 | handle.words[1], handle.words[2]


class Iocb(ctypes.Structure):
    """struct iocb of linux/aio_abi.h."""
    _fields_ = [("data", ctypes.c_uint64), ("key", ctypes.c_uint32), ("rw_flags", ctypes.c_int32),
                ("opcode", ctypes.c_uint16), ("reqprio", ctypes.c_int16), ("fd", ctypes.c_uint32),
                ("buf", ctypes.c_uint64), ("nbytes", ctypes.c_uint64), ("offset", ctypes.c_int64),
                ("reserved", ctypes.c_uint64), ("flags", ctypes.c_uint32),
                ("resfd", ctypes.c_uint32)]


def submit_writes(fd, area, size, offsets):
    """Writes the same bytes of a mapping at each offset, all of them at once; waits for them."""
    count = len(offsets)
    number = ctypes.c_long(count)
    context = ctypes.c_ulong()
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    blocks = (Iocb * count)(*(Iocb(opcode=1, fd=fd, buf=address, nbytes=size, offset=offset)
                              for offset in offsets))
    pointers = (ctypes.c_void_p * count)(*(ctypes.addressof(block) for block in blocks))
    # data, obj, res, res2
    events = (ctypes.c_int64 * (4 * count))()
    same(libc.syscall(206, count, ctypes.byref(context)), 0, "io_setup")
    same(libc.syscall(209, context, number, pointers), count, "io_submit")
    same(libc.syscall(208, context, number, number, events, None), count, "io_getevents")
    same(libc.syscall(207, context), 0, "io_destroy")
    same(list(events[2::4]), [size] * count, "bytes written")


def _bpf_ids(command):
    """Ids of the loaded programs (11) or maps (12), from BPF_*_GET_NEXT_ID."""

    class Attr(ctypes.Structure):
        _fields_ = [("start", ctypes.c_uint32), ("next", ctypes.c_uint32),
                    ("flags", ctypes.c_uint32), ("pad", ctypes.c_uint32 * 29)]

    ids = set()
    attr = Attr()
    while not libc.syscall(321, command, ctypes.byref(attr), ctypes.sizeof(attr)):
        ids.add(attr.next)
        attr.start = attr.next
    return ids


def loaded():
    """What BPF programs and maps there are."""
    return {("prog", number) for number in _bpf_ids(11)} | \
        {("map", number) for number in _bpf_ids(12)}


# ---- Running tests ----

class Runner:
    """Runs tests one by one, prints a line each, keeps logs of failures."""

    reader = None

    @staticmethod
    def start_reader():
        """Unless it runs; it ends when it is asked for what is no mount with a program."""
        if not Runner.reader or Runner.reader.process.poll() is not None:
            Runner.reader = StatsReader()

    def __init__(self, tier, args):
        self.tier = tier
        self.filter = args.filter
        self.logs = args.logs
        self.suffix = args.suffix
        self.failed = 0
        self.count = 0
        os.makedirs(self.logs, exist_ok=True)

    def full_name(self, name, variant):
        return "%s/%s[%s%s]" % (self.tier, name, variant, self.suffix) if variant else \
            "%s/%s%s" % (self.tier, name, self.suffix)

    def selected(self, name, variant):
        full = self.full_name(name, variant)
        plain = full.split("[")[0]
        # As the shell takes it: ? stands for the brackets.
        return any(fnmatch.fnmatchcase(text, self.filter)
                   for text in (full, full.split("/", 1)[1], plain, plain.split("/", 1)[1])) or \
            self.filter in (full, full.split("/", 1)[1])

    def run(self, name, variant, function, *args, timeout=60, on_hang=abort_all):
        """Returns whether the test left things in order."""
        full = self.full_name(name, variant)
        if out_of_time():
            print("SKIP %s: the time for tests is over" % full, flush=True)
            return True
        log = os.path.join(self.logs, full.replace("/", ".") + ".log")
        self.count += 1
        self.start_reader()
        start = time.monotonic()
        pid = os.fork()
        if not pid:
            self._child(log, function, args)
        end = time.monotonic() + timeout * patience()
        hung = False
        status = None
        pause = 0.002
        while status is None:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            status = None
            if time.monotonic() > end and not hung:
                hung = True
                end += 20
                self._note(log, "timeout after %d s; tasks:\n%s" %
                           (timeout * patience(), stacks(pid)))
                on_hang()
                os.kill(pid, signal.SIGKILL)
            elif hung and time.monotonic() > end:
                break
            time.sleep(pause)
            pause = min(0.05, pause * 1.5)
        took = time.monotonic() - start
        code = os.waitstatus_to_exitcode(status) if status is not None else -1
        if code == 0 and not hung:
            print("PASS %s" % full, flush=True)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(log)
            if took > 5 * slowness():
                print("%s took %.1f s" % (full, took), file=sys.stderr, flush=True)
            return True
        if code == 77:
            with open(log, encoding="utf-8") as file:
                print("SKIP %s: %s" % (full, file.read().strip().splitlines()[-1]), flush=True)
            os.unlink(log)
            return True
        self.failed += 1
        # An answer may still be in its pipe.
        Runner.reader.end()
        self._note(log, "exit %d after %.1f s" % (code, took))
        print("FAIL %s (log %s)" % (full, log), flush=True)
        return False

    def on_mount(self, variant, mount, tests):
        """Tests that share a mount: (name, timeout, whether it ends the mount, function, arguments...).

        The mount is made when the first begins, and anew after one that failed or ended it."""
        up = False
        for name, timeout, ends_mount, function, *args in tests:
            if not up:
                try:
                    mount.start()
                    up = True
                except (Failed, subprocess.TimeoutExpired) as error:
                    self.run(name, variant, self._mount_failed, error)
                    mount.stop()
                    continue
            if not self.run(name, variant, function, *args, timeout=timeout) or ends_mount:
                mount.stop()
                up = False
        if up:
            mount.stop()

    @staticmethod
    def _mount_failed(error):
        raise Failed("%s" % error)

    @staticmethod
    def _note(log, text):
        with open(log, "a", encoding="utf-8") as file:
            file.write(text + "\n")

    @staticmethod
    def _child(log, function, args):
        fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        code = 0
        try:
            function(*args)
        except Skipped as reason:
            print(reason)
            code = 77
        except Failed as error:
            # Where in the test, not in the harness.
            frames = traceback.extract_tb(error.__traceback__)
            for frame in frames:
                print("%s:%d: %s" % (os.path.basename(frame.filename), frame.lineno, frame.line))
            print(error)
            code = 1
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def stacks(*extra):
    """Where FUSE's tasks wait, for the log of a test that hangs."""
    lines = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open("/proc/%s/comm" % pid, encoding="ascii") as file:
                name = file.read().strip()
            if name not in ("stackfs", "python3") and int(pid) not in extra:
                continue
            for task in os.listdir("/proc/%s/task" % pid):
                with contextlib.suppress(OSError):
                    with open("/proc/%s/task/%s/wchan" % (pid, task), encoding="ascii") as file:
                        lines.append("%s %s: %s" % (task, name, file.read()))
    return "\n".join(lines)


@contextlib.contextmanager
def timed(what):
    """Says on stderr how long that took, if it is worth a line."""
    start = time.monotonic()
    yield
    if time.monotonic() - start >= 1:
        print("%s: %.0f s" % (what, time.monotonic() - start), file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="*")
    parser.add_argument("--logs", required=True)
    parser.add_argument("--suffix", default="")
    parser.add_argument("--queue")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--reduced", action="store_true")
    args = parser.parse_args()
    args.logs = os.path.abspath(args.logs)
    return args


class Queue:
    """What there is to do, of which several VMs take one piece after another: whoever is the first to
    make a folder of that name in one that they share. Without such a folder one VM takes all."""

    def __init__(self, folder):
        self.folder = folder
        if folder:
            os.makedirs(folder, exist_ok=True)

    def take(self, name):
        """Whether that is to be done here."""
        if not self.folder:
            return True
        try:
            os.mkdir(os.path.join(self.folder, name))
        except FileExistsError:
            return False
        return True
