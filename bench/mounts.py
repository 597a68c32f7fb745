# SPDX-License-Identifier: GPL-2.0-only
"""Mounts stackfs in the VM and reads what reached its daemon, for bench/ and demo/."""

import contextlib
import glob
import json
import os
import signal
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
BUILD = os.environ.get("EXTFUSE_BUILD") or os.path.join(ROOT, "build")
STACKFS = os.path.join(BUILD, "bin", "stackfs")
EXTFUSE = os.path.join(BUILD, "bin", "extfuse")

# Every answer comes from the daemon, or from a policy alone.
PLAIN = "entry_timeout=0,attr_timeout=0"


# Types in /proc/PID/fdinfo.
HASH, LRU_HASH = 1, 9

# What is waited for at most. icount's clock leaps while the VM waits for a disk: there it is long.
PATIENCE = {"seconds": 60.0}


def element_size(key, value):
    """Bytes of a row of a hash table. kernel/bpf/hashtab.c: a struct htab_elem of 48 bytes, key and value
    rounded up to 8 each (htab_map_alloc); kernel/bpf/memalloc.c puts a pointer before it (LLIST_NODE_SZ)."""
    return 8 + 48 + sum((size + 7) // 8 * 8 for size in (key, value))


class Failed(Exception):
    """What went wrong, in one line."""


def wait_for(condition, what):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + PATIENCE["seconds"]
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("timeout: " + what)
        time.sleep(0.01)


def run(*command, timeout=None, over=None, **options):
    """Runs a command; its standard output, or a failure with what it said. With a timeout, what the
    command started ends with it; with over(), which is asked each time it has passed, only once that
    is true."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=timeout is not None,
                          **options) as process:
        while True:
            try:
                output, errors = process.communicate(timeout=timeout)
                break
            except subprocess.TimeoutExpired:
                if over and not over():
                    continue
                os.killpg(process.pid, signal.SIGKILL)
                # Until none of them has the pipes open.
                process.communicate()
                raise
            except BaseException:
                process.kill()
                raise
    if process.returncode:
        said = errors.decode(errors="replace").strip().splitlines() or ["no message"]
        raise Failed("%s: exit %d: %s" % (" ".join(command), process.returncode, said[-1]))
    return output.decode(errors="replace")


class Mount:
    """stackfs over a source directory; the daemon runs in the foreground of its own process. objects: a
    folder of BPF objects that are taken instead of those of the build."""

    def __init__(self, source, mountpoint, options, debug=False, objects=None):
        self.path = mountpoint
        self.opstats = mountpoint + ".opstats"
        self.log = mountpoint + ".log"
        self.options = options
        self.policy = "policy=" in options
        os.makedirs(mountpoint, exist_ok=True)
        env = {**os.environ, "EXTFUSE_OBJECT_PATH": objects} if objects else None
        with open(self.log, "wb") as log:
            # pylint: disable=consider-using-with
            self.daemon = subprocess.Popen(
                [STACKFS, "-f"] + (["-d"] if debug else []) +
                ["-o", "%s,opstats=%s" % (options, self.opstats), source, mountpoint],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        try:
            wait_for(self._up, "mounting with " + options)
            # The first request waits until INIT is through.
            os.stat(mountpoint)
            self._up()
            if self.policy:
                self._attached()
                self.empty = self.maps()
        except BaseException:
            self.close()
            raise

    def _up(self):
        if self.daemon.poll() is not None:
            raise Failed("stackfs -o %s: exit %d: %s" % (self.options, self.daemon.returncode,
                                                         self._said()))
        return os.path.ismount(self.path)

    def _said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            lines = log.read().strip().splitlines()
        return lines[-1] if lines else "no message"

    def _attached(self):
        for line in run(EXTFUSE, "status").splitlines():
            if line.startswith(self.path + " ") and line.endswith(" attached"):
                return
        raise Failed("stackfs -o %s is not accelerated: %s" % (self.options, self._said()))

    def _read(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.opstats)
        os.kill(self.daemon.pid, signal.SIGUSR1)
        wait_for(lambda: os.path.exists(self.opstats), "opstats of " + self.path)
        with open(self.opstats, encoding="ascii") as file:
            return {name: int(count) for name, count in map(str.split, file)}

    def requests(self):
        """{opcode: count} of what has reached the daemon, once nothing more arrives."""
        counts = self._read()
        while True:
            # RELEASE and FORGET come late.
            time.sleep(0.05)
            again = self._read()
            if again == counts:
                return counts
            counts = again

    def misses(self):
        """{"opcode reason": count} of the requests that the policy did not answer; none without one."""
        if not self.policy:
            return {}
        found = json.loads(run(EXTFUSE, "stats", self.path, "-j"))["miss"]
        return {"%s %s" % (one["opcode"], one["reason"]): one["count"] for one in found}

    def maps(self):
        """{id: {"map_type": ..., "memlock": bytes, ...}} of the BPF maps that the daemon has open, which
        are all of its mount."""
        found = {}
        for path in glob.glob("/proc/%d/fdinfo/*" % self.daemon.pid):
            # Others come and go.
            with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:
                lines = dict(line.split(":", 1) for line in file if ":" in line)
                if "map_id" in lines:
                    found[int(lines["map_id"])] = {
                        name: int(lines[name])
                        for name in ("map_type", "key_size", "value_size", "memlock")}
        return found

    def memory(self):
        """{"bytes": of all maps, "rows": those that came since it was mounted}; nothing without a policy.
        An LRU table has memory for all of its rows at once, and nothing but a dump would count them: None."""
        if not self.policy:
            return {}
        maps = self.maps()
        rows = 0
        for number, one in maps.items():
            if one["map_type"] == LRU_HASH:
                rows = None
                break
            if one["map_type"] == HASH:
                rows += (one["memlock"] - self.empty[number]["memlock"]) // \
                    element_size(one["key_size"], one["value_size"])
        return {"bytes": sum(one["memlock"] for one in maps.values()), "rows": rows}

    def cpu(self):
        """Seconds that the daemon has run, on any CPU: the clock of another process, see
        clock_getcpuclockid(3)."""
        return time.clock_gettime(~self.daemon.pid << 3 | 2)

    def close(self):
        """Unmounts; also after a failure."""
        if self.daemon.poll() is None and os.path.ismount(self.path):
            with contextlib.suppress(Failed):
                run("umount", self.path)
        try:
            self.daemon.wait(PATIENCE["seconds"])
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        if os.path.ismount(self.path):
            run("umount", "-l", self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def difference(before, after):
    """What was added to counts."""
    added = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in added.items() if count}
