#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the workloads natively and on each kind of mount, and compares; in the VM, as root."""

import importlib.util
import os
import shutil
import sys
import tempfile

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"),
                os.path.dirname(os.path.abspath(__file__))]

import known  # noqa: E402
import vm  # noqa: E402
from workloads import (KEYED, LONG, ONE_NAME, OPEN_TO_ALL, SCALED, SOME_MOUNTS,
                       workloads as all_workloads)  # noqa: E402

NO_TIMEOUTS = ["entry_timeout=0", "attr_timeout=0"]
VARIANTS = {
    "plain": (None, NO_TIMEOUTS),
    "plain-timeouts": (None, ["entry_timeout=1", "attr_timeout=1"]),
    "never": ("never", NO_TIMEOUTS),
    "ttl": ("ttl", NO_TIMEOUTS + ["ttl=1h"]),
    "lru": ("lru", NO_TIMEOUTS + ["max_entries=512"]),
    "writeinval": ("writeinval", NO_TIMEOUTS),
    "s3fifo": ("s3fifo", NO_TIMEOUTS + ["max_entries=512"]),
    "lease": ("lease", NO_TIMEOUTS),
    "ttl+lru": ("ttl+lru", NO_TIMEOUTS + ["ttl=5s"]),
    "ttl+writeinval": ("ttl+writeinval", NO_TIMEOUTS + ["ttl=1h"]),
    "writeinval+lru": ("writeinval+lru", NO_TIMEOUTS + ["max_entries=512"]),
    "daemon-fill": ("writeinval", NO_TIMEOUTS + ["fill=daemon"]),
    "timeouts": ("writeinval", ["entry_timeout=1", "attr_timeout=1"]),
    "plain-writeback": (None, NO_TIMEOUTS + ["writeback"]),
    "writeback": ("writeinval", NO_TIMEOUTS + ["writeback"]),
}
# Without --full these run the test programs of system calls and of file data alone, and some of them git.
BRIEF = dict.fromkeys(("s3fifo", "lease", "plain-writeback"), ("posix", "exercise"))
BRIEF.update(dict.fromkeys(("timeouts", "writeback"), ("posix", "exercise", "git")))
# And these nothing.
FULL = ("ttl+writeinval", "writeinval+lru")
# On the debug kernel these run on one kind of mount alone.
SLOW = ("posix", "tar_attributes", "rsync", "build", "git_maintenance")
# What they work on.
TREE = ("docs", "handlers", "loader", "policies", "unit/fs", "unit/lib")

# With --reduced, for a kernel on which everything takes ten times as long, each workload runs on these;
# its long form does always.
REDUCED_VARIANTS = ("writeinval",)


def tree():
    """A real tree of some 150 files, copied so that all runs see the same."""
    folder = os.path.join(vm.WORK, "tree")
    if not os.path.exists(folder):
        for part in TREE:
            shutil.copytree(os.path.join(vm.ROOT, part), os.path.join(folder, part), symlinks=True,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for path, folders, names in os.walk(folder):
            for name in folders + names:
                os.utime(os.path.join(path, name), (10**9, 10**9), follow_symlinks=False)
    return folder


def run_workload(function, folder):
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    try:
        return function(folder, tree())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def runs_on(name, variant, args):
    """Whether that workload is run on that kind of mount, or natively."""
    if variant == "native":
        return True
    if args.reduced or name in LONG:
        return variant in REDUCED_VARIANTS
    if args.full:
        return True
    if variant in FULL:
        return False
    if vm.slowness() > 1 and name in SLOW:
        return variant == "writeinval"
    if variant in BRIEF:
        return name in BRIEF[variant]
    return variant in SOME_MOUNTS.get(name, VARIANTS)


def native(name, function, expected):
    """Python's own tests may find something wrong natively: then the same has to be wrong again."""
    text = run_workload(function, os.path.join(vm.WORK, "native-" + name))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", delete=False,
                                     dir=os.path.dirname(expected)) as file:
        file.write(text)
    os.rename(file.name, expected)
    print(getattr(function, "details", "")[-6000:])
    print("\n".join(line for line in text.splitlines() if "(expected " in line) or text[-2000:])
    vm.need(text.endswith("exit 0\n") or name == "random_calls", "the workload itself failed")


def compare(name, variant, function, mount, expected):
    with open(expected, encoding="utf-8") as file:
        expected = file.read()
    got = run_workload(function, os.path.join(mount.mnt, name))
    wrong = known.complaints(name, variant, expected, got, name in KEYED)
    if wrong:
        print(getattr(function, "details", "")[-6000:])
        raise vm.Failed("\n".join(wrong[:80]))
    if mount.answers and not (name in ONE_NAME and "timeouts" in variant):
        vm.need(mount.stats().hits("LOOKUP") > 0, "the cache never answered")


class Comparison:
    """What this VM takes of the comparisons that there are to make."""

    def __init__(self, args, workloads):
        self.runner = vm.Runner("fs", args)
        self.timeout = 1800 if args.full else 240
        self.queue = vm.Queue(args.queue)
        self.workloads = workloads
        # What was seen natively, by this VM or by another that shares the folder.
        self.expected = os.path.join(os.path.dirname(args.queue) if args.queue else vm.WORK, "expected")
        os.makedirs(self.expected, exist_ok=True)
        self.ran = set()

    def expected_of(self, name):
        if name in SCALED:
            name += "-%d" % vm.shorter(1000)
        return os.path.join(self.expected, name)

    def natively(self, name, again=True):
        """Unless it has been run; again says that the one who runs it now is not waited for."""
        if name in self.ran or os.path.exists(self.expected_of(name)):
            return
        first = self.queue.take(name)
        if first or again:
            self.ran.add(name)
            with vm.timed(name):
                self.runner.run(name, "native" if first else "native-2", native, name,
                                self.workloads[name], self.expected_of(name), timeout=self.timeout)

    def on_mount(self, variant, options, names):
        policy, more = VARIANTS[variant]
        mount = vm.Mount("%s-%s" % ("open" if options else "fs", variant), more + options, policy)

        def tests():
            for name in names:
                if self.queue.take("%s-%s" % (name, variant)):
                    self.natively(name)
                    yield (name, self.timeout, False, compare, name, variant, self.workloads[name], mount,
                           self.expected_of(name))

        self.runner.on_mount(variant, mount, tests())


def main():
    args = vm.arguments()
    tree()
    workloads = all_workloads(args.full)
    compared = Comparison(args, workloads)
    runner = compared.runner
    if importlib.util.find_spec("test.test_os") is None:
        def missing():
            raise vm.Skipped("Python's own tests are not installed")
        for name in [name for name in workloads if name.startswith("python_")]:
            if runner.selected(name, "") and compared.queue.take(name):
                runner.run(name, "", missing)
            del workloads[name]

    # What takes longest begins, so that no VM is left with it at the end.
    names = sorted(workloads, key=lambda name: name not in LONG)
    for variant in sorted(VARIANTS, key=lambda name: name not in REDUCED_VARIANTS):
        chosen = [name for name in names
                  if runs_on(name, variant, args) and runner.selected(name, variant)]
        with vm.timed(variant):
            compared.on_mount(variant, [], [name for name in chosen if name not in OPEN_TO_ALL])
            compared.on_mount(variant, ["allow_other", "suid", "dev"],
                              [name for name in chosen if name in OPEN_TO_ALL])
    for name in names:
        if runner.selected(name, "native"):
            compared.natively(name, again=False)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
