#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the mount tests; in the VM, as root, on the kernel with ExtFUSE."""

import glob
import os
import shutil
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"),
                os.path.dirname(os.path.abspath(__file__))]

import vm  # noqa: E402
import authors  # noqa: E402
import examples  # noqa: E402, F401 pylint: disable=unused-import  # registers its tests
from core import CORE  # noqa: E402
from special import SINGLE, SPECIAL  # noqa: E402
from vm import NO_TIMEOUTS  # noqa: E402

# Long lives for rows: what is tested is that changes end them.
VARIANTS = {
    "plain": (None, []),
    "never": ("never", []),
    "ttl": ("ttl", ["ttl=1h"]),
    "lru": ("lru", []),
    "writeinval": ("writeinval", []),
    "ttl+lru": ("ttl+lru", ["ttl=1h"]),
    "daemon-fill": ("writeinval", ["fill=daemon"]),
    "ttl+writeinval": ("ttl+writeinval", ["ttl=1h"]),
    "writeinval+lru": ("writeinval+lru", []),
    "s3fifo": ("s3fifo", []),
    "lease": ("lease", []),
}
# Without --full these run a few tests: each kind of change once, and the races.
BRIEF = ("ttl+writeinval", "writeinval+lru", "s3fifo", "lease")
BRIEF_TESTS = ("rename_over", "exchange", "unlink", "link", "create", "truncate", "chmod", "write",
               "unlink_link_never_looked_up", "longest_name",
               "set_and_remove_xattr", "delayed_lookup_and_write", "delayed_lookup_and_rename",
               "nodeid_reused_after_forget", "readdirplus_newer_than_row",
               "appends_are_never_unseen", "names_come_and_go_in_order", "storm",
               "exclusive_create_asks_the_daemon", "stale_open_is_tried_again", "counters_add_up",
               "full_map", "killed_daemon")
# Mounts of each variant, by what they add.
GROUPS = {
    "shared": [],
    "hard": ["debug_delay_lookup=400", "debug_reuse_nodeid", "readdirplus=yes"],
    "small": ["max_entries=64"],
}
# With --reduced, for a kernel on which everything takes ten times as long: each test on one kind of
# mount at least.
REDUCED = {"writeinval": ("shared",), "ttl+lru": ("hard", "small")}
# Of the removed handlers, these every time and the others with --full.
HANDLERS_ALWAYS = ("lookup", "getattr", "rename2", "unlink", "forget", "event_inval_attr")

# What the tests of single requests cannot show, of these handlers always and of the others with --full:
# nodeids that are used again, what listings tell, and late replies.
HARD_ALWAYS = ("forget", "event_direntplus")
# Without these nothing is answered that a late reply could spoil.
HARD_NEVER = ("lookup", "getattr")
# Tests with a mount of their own that need what these handle.
SINGLE_WITHOUT = {
    "event_inval_inode": "notifications_end_rows", "event_inval_entry": "notifications_end_rows",
    "event_expire": "notifications_end_rows", "event_delete": "notifications_end_rows",
    "event_store": "notifications_end_rows", "event_backing": "passthrough_files",
}
# The VFS has caches of its own, as on a mount where nothing is said about timeouts.
TIMEOUTS = {"plain-timeouts": "plain", "timeouts": "writeinval", "ttl-timeouts": "ttl"}
TIMEOUTS_ALWAYS = ("timeouts",)

# The handlers that fill the cache and answer from it.
ANSWERING = ("lookup", "getattr", "getxattr", "listxattr")
CARELESS_TESTS = ("storm", "appends_are_never_unseen", "names_come_and_go_in_order",
                  "lookup_counts_are_exact")
# What replaces handlers with those of unit/careless: which it leaves alone, and which tests it runs
# besides the core ones. With "careless" nothing is ever answered, and few core tests are run without
# --full; with "careless-changes" the cache answers, and the dispatcher's default alone ends its rows.
CARELESS = {
    "careless": ((), CARELESS_TESTS),
    "careless-changes": (ANSWERING, CARELESS_TESTS + ("killed_daemon", "aborted_connection")),
}


def make(name, variant, extra=()):
    policy, options = VARIANTS[variant]
    return vm.Mount(name.replace("/", "_") + "-" + variant, NO_TIMEOUTS + options + list(extra),
                    policy)


def run_core(function, mount, hits_needed, who=(False, True)):
    for by_other in who:
        d = mount.dir(function.__name__)
        d.by_other = by_other
        d.hits_needed = hits_needed
        function(d)


def run_core_once(function, mount, hits_needed):
    """The change is made here in half of the tests, and by another process in the others."""
    run_core(function, mount, hits_needed, [CORE.index(function) % 2 == 0])


def run_shared(function, mount, _hits_needed):
    function(mount.below(function.__name__))


def on_mount(runner, variant, mount, tests, hits_needed=True):
    runner.on_mount(variant, mount, [
        (f.__name__, getattr(f, "timeout", 60), getattr(f, "last", False), how, f, mount, hits_needed)
        for f, how in tests if runner.selected(f.__name__, variant)])


def variant_tests(runner, variant, group, options, brief, once):
    tests = [(f, run_core_once if once else run_core) for f in CORE] if group == "shared" else []
    tests += [(f, run_shared) for f in SPECIAL if f.group == group and variant not in f.without]
    if brief:
        tests = [(f, how) for f, how in tests if f.__name__ in BRIEF_TESTS]
    if group == "small" and variant in ("plain", "never"):
        options = []
    on_mount(runner, variant, make(group, variant, options), tests)
    vm.clean_up()


def single_test(runner, function, variant=""):
    if runner.selected(function.__name__, variant):
        runner.run(function.__name__, variant, function, timeout=getattr(function, "timeout", 60))
        vm.clean_up()


def removable_handlers():
    handlers = sorted(os.path.basename(path)[:-len(".bpf.o")]
                      for path in glob.glob(vm.ROOT + "/build/handlers/*.bpf.o"))
    return [name for name in handlers if name not in ("dispatch", "store", "defaults")]


def objects_without(handler):
    """A folder with the objects of all handlers but that one."""
    objects = os.path.join(vm.WORK, "objects-" + handler)
    for kind in ("handlers", "policies"):
        os.makedirs(os.path.join(objects, kind), exist_ok=True)
        for path in glob.glob(vm.ROOT + "/build/%s/*.bpf.o" % kind):
            shutil.copy(path, os.path.join(objects, kind))
    os.unlink(os.path.join(objects, "handlers", handler + ".bpf.o"))
    return objects


def without_handler(runner, handler, core, hard, full):
    """Whatever handler is missing, results are the same: it may only cost answers."""
    variant = "without-" + handler
    single = [f for f in SINGLE if f.__name__ == SINGLE_WITHOUT.get(handler)]
    specials = [f for f in SPECIAL if hard and f.group == "hard"]
    if not any(runner.selected(f.__name__, variant) for f in CORE + specials + single):
        return
    env = {"EXTFUSE_OBJECT_PATH": objects_without(handler)}
    if core:
        mount = vm.Mount("core-" + variant, NO_TIMEOUTS, "writeinval")
        mount.env = env
        how = run_core if full else run_core_once
        on_mount(runner, variant, mount, [(f, how) for f in CORE], hits_needed=False)
    if specials:
        mount = vm.Mount("hard-" + variant, NO_TIMEOUTS + GROUPS["hard"], "writeinval")
        mount.env = env
        on_mount(runner, variant, mount, [(f, run_shared) for f in specials])
    # Their folders have fixed names, and are found empty.
    work, vm.WORK = vm.WORK, os.path.join(vm.WORK, variant)
    os.environ.update(env)
    for function in single:
        single_test(runner, function, variant)
    del os.environ["EXTFUSE_OBJECT_PATH"]
    vm.WORK = work
    vm.clean_up()


def with_timeouts(runner, variant):
    """What is changed through the mount is seen at once where the VFS may keep things, too. It seldom
    asks there, so nobody waits for the cache to have answered."""
    policy, options = VARIANTS[TIMEOUTS[variant]]
    mount = vm.Mount("core-" + variant, options, policy)
    on_mount(runner, variant, mount, [(f, run_core) for f in CORE], hits_needed=False)
    vm.clean_up()


def careless(runner, variant, full):
    """Whatever handlers leave out, results are the same: it may only cost answers."""
    spared, specials = CARELESS[variant]
    if not any(runner.selected(f.__name__, variant) for f in CORE + SPECIAL):
        return
    mount = vm.Mount("core-" + variant, NO_TIMEOUTS + authors.careless_handlers(spared), "writeinval")
    # Neither of the careless ones for LOOKUP and GETATTR ever answers.
    mount.answers = bool(spared)
    specials = [f for f in SPECIAL if f.__name__ in specials]
    # Those that end their mount begin, and the races come last: after those, careless handlers of
    # events may go on costing answers, which the others want to see.
    tests = [(f, run_shared) for f in specials if getattr(f, "last", False)]
    tests += [(f, run_core if full else run_core_once) for f in CORE
              if mount.answers or full or f.__name__ in BRIEF_TESTS]
    tests += [(f, run_shared) for f in specials if not getattr(f, "last", False)]
    on_mount(runner, variant, mount, tests, hits_needed=mount.answers)
    vm.clean_up()


def main():
    args = vm.arguments()
    os.makedirs(vm.WORK, exist_ok=True)
    runner = vm.Runner("mount", args)
    reduced = args.reduced
    # (weight, what to do), about in seconds
    work = []
    for variant in VARIANTS:
        brief = variant in BRIEF and not args.full
        for group, options in GROUPS.items():
            if reduced and group not in REDUCED.get(variant, ()):
                continue
            weight = 30 if group == "shared" and not brief else 10
            # There what takes longest is many requests, not mounting.
            weight *= 3 if reduced and group == "shared" else 1
            work.append((weight, variant_tests, variant, group, options, brief,
                         vm.hurried()))
    for function in SINGLE:
        work.append((40 if function.timeout > 200 else 2, single_test, function))
    for variant in () if reduced else CARELESS:
        work.append((40, careless, variant, args.full))
    for variant in () if reduced else TIMEOUTS if args.full else TIMEOUTS_ALWAYS:
        work.append((20, with_timeouts, variant))
    for handler in () if reduced else removable_handlers():
        core = args.full or handler in HANDLERS_ALWAYS
        hard = (args.full or handler in HARD_ALWAYS) and handler not in HARD_NEVER
        if core or hard or handler in SINGLE_WITHOUT:
            work.append((15 if core else 5, without_handler, handler, core, hard, args.full))
    queue = vm.Queue(args.queue)
    for number, (_, function, *rest) in enumerate(sorted(work, key=lambda item: -item[0])):
        if queue.take(str(number)):
            names = [part if isinstance(part, str) else part.__name__
                     for part in [function] + rest if isinstance(part, str) or callable(part)]
            with vm.timed(" ".join(names)):
                function(runner, *rest)
    print("%d tests, %d failed" % (runner.count, runner.failed), file=sys.stderr)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
