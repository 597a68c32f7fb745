#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the mount tests; in the VM, as root, on the kernel with ExtFUSE."""

import glob
import os
import shutil
import subprocess
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"),
                os.path.dirname(os.path.abspath(__file__))]

import vm  # noqa: E402
from core import CORE  # noqa: E402
from special import SINGLE, SPECIAL  # noqa: E402

# VFS's own caches would hide ours. Long lives for rows: what is tested is that changes end them.
NO_TIMEOUTS = ["entry_timeout=0", "attr_timeout=0"]
VARIANTS = {
    "plain": (None, []),
    "never": ("never", []),
    "ttl": ("ttl", ["ttl=1h"]),
    "lru": ("lru", []),
    "writeinval": ("writeinval", []),
    "ttl+lru": ("ttl+lru", ["ttl=1h"]),
    "daemon-fill": ("writeinval", ["fill=daemon"]),
}
REDUCED = ("writeinval", "ttl+lru")
# Of the removed handlers, these every time and the others with --full.
HANDLERS_ALWAYS = ("lookup", "getattr", "rename2", "unlink", "forget", "event_inval_attr")


def make(name, variant, extra=()):
    policy, options = VARIANTS[variant]
    return vm.Mount(name.replace("/", "_") + "-" + variant, NO_TIMEOUTS + options + list(extra),
                    policy)


def run_core(function, mount, hits_needed):
    for by_other in (False, True):
        d = mount.dir(function.__name__)
        d.by_other = by_other
        d.hits_needed = hits_needed
        function(d)


def shared_mount(runner, variant, functions, mount, hits_needed=True, prefix=""):
    """Tests that can share a mount; it is made anew after one that failed."""
    chosen = [f for f in functions if runner.selected(prefix + f.__name__, variant)]
    if not chosen:
        return
    up = False
    for function in chosen:
        if not up:
            try:
                mount.start()
                up = True
            except (vm.Failed, subprocess.TimeoutExpired) as error:
                def failed(reason=error):
                    raise vm.Failed("%s" % reason)
                runner.run(prefix + function.__name__, variant, failed)
                mount.stop()
                continue
        # Enough for one check with the cache's counters: the two rounds do the same.
        if not runner.run(prefix + function.__name__, variant, run_core, function, mount,
                          hits_needed):
            mount.stop()
            up = False
    if up:
        mount.stop()


def core_tests(runner, variants):
    for variant in variants:
        start = time.monotonic()
        shared_mount(runner, variant, CORE, make("core", variant))
        print("core[%s]: %.0f s" % (variant, time.monotonic() - start), file=sys.stderr, flush=True)


def special_tests(runner, variants):
    for function in SPECIAL:
        for variant in variants:
            if variant in getattr(function, "without", ()):
                continue
            if runner.selected(function.__name__, variant):
                runner.run(function.__name__, variant, with_mount, function, variant,
                           timeout=getattr(function, "timeout", 60))
                clean_up()


def with_mount(function, variant):
    mount = make(function.__name__, variant, getattr(function, "options", ()))
    with mount:
        function(mount)


def single_tests(runner):
    for function in SINGLE:
        if runner.selected(function.__name__, ""):
            runner.run(function.__name__, "", function, timeout=getattr(function, "timeout", 60))
            clean_up()


def removed_handlers(runner, full):
    """Whatever handler is missing, results are the same: it may only cost answers."""
    handlers = sorted(os.path.basename(path)[:-len(".bpf.o")]
                      for path in glob.glob(vm.ROOT + "/build/handlers/*.bpf.o"))
    for handler in handlers:
        if handler in ("dispatch", "store", "defaults"):
            continue
        if not full and handler not in HANDLERS_ALWAYS:
            continue
        variant = "without-" + handler
        if not any(runner.selected(f.__name__, variant) for f in CORE):
            continue
        objects = os.path.join(vm.WORK, "objects-" + handler)
        for kind in ("handlers", "policies"):
            os.makedirs(os.path.join(objects, kind), exist_ok=True)
            for path in glob.glob(vm.ROOT + "/build/%s/*.bpf.o" % kind):
                shutil.copy(path, os.path.join(objects, kind))
        os.unlink(os.path.join(objects, "handlers", handler + ".bpf.o"))
        mount = vm.Mount("core-" + variant, NO_TIMEOUTS, "writeinval")
        mount.env = {"EXTFUSE_OBJECT_PATH": objects}
        shared_mount(runner, variant, CORE, mount, hits_needed=False)


def clean_up():
    """What a failed test left behind must not disturb the next."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        left = [line.split()[4] for line in file if " " + vm.WORK + "/" in line]
    for path in reversed(left):
        minor = vm.mounted(path)
        if minor:
            vm.abort(minor)
        vm.libc.umount2(path.encode(), 2)


def main():
    args = vm.arguments()
    os.makedirs(vm.WORK, exist_ok=True)
    runner = vm.Runner("mount", args)
    variants = [v for v in VARIANTS if not args.reduced or args.full or v in REDUCED]
    core_tests(runner, variants)
    special_tests(runner, variants)
    if not args.reduced:
        single_tests(runner)
        removed_handlers(runner, args.full)
    print("%d tests, %d failed" % (runner.count, runner.failed), file=sys.stderr)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
