#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the workloads natively and on each kind of mount, and compares; in the VM, as root."""

import difflib
import importlib.util
import os
import shutil
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"),
                os.path.dirname(os.path.abspath(__file__))]

import vm  # noqa: E402
from workloads import WORKLOADS, python_tests  # noqa: E402

NO_TIMEOUTS = ["entry_timeout=0", "attr_timeout=0"]
VARIANTS = {
    "plain": (None, NO_TIMEOUTS),
    "plain-timeouts": (None, ["entry_timeout=1", "attr_timeout=1"]),
    "never": ("never", NO_TIMEOUTS),
    "ttl": ("ttl", NO_TIMEOUTS + ["ttl=1h"]),
    "lru": ("lru", NO_TIMEOUTS + ["max_entries=512"]),
    "writeinval": ("writeinval", NO_TIMEOUTS),
    "ttl+lru": ("ttl+lru", ["ttl=5s"]),
    "daemon-fill": ("writeinval", NO_TIMEOUTS + ["fill=daemon"]),
}
EXPECTED = os.path.join(vm.WORK, "expected")


def tree():
    """A real tree of some 150 files, copied so that all runs see the same."""
    folder = os.path.join(vm.WORK, "tree")
    if not os.path.exists(folder):
        shutil.copytree(vm.ROOT, folder, symlinks=True,
                        ignore=lambda path, names: [name for name in names if name.startswith(
                            (".git", "build", "bench", "demo", "seeds", "__pycache__"))])
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


def native(name, function):
    """Python's own tests may find something wrong natively: then the same has to be wrong again."""
    text = run_workload(function, os.path.join(vm.WORK, "native-" + name))
    with open(os.path.join(EXPECTED, name), "w", encoding="utf-8") as file:
        file.write(text)
    print(text[-2000:])
    vm.need(text.endswith("exit 0\n") or name == "random_calls", "the workload itself failed")


def compare(name, function, mount):
    with open(os.path.join(EXPECTED, name), encoding="utf-8") as file:
        expected = file.read()
    got = run_workload(function, os.path.join(mount.mnt, name))
    if got != expected:
        print(getattr(function, "details", "")[-6000:])
        lines = list(difflib.unified_diff(expected.splitlines(), got.splitlines(), "native",
                                          "mount", n=1, lineterm=""))
        raise vm.Failed("\n".join(lines[:80]))
    if mount.answers:
        vm.need(mount.stats().hits("LOOKUP") > 0, "the cache never answered")


def main():
    args = vm.arguments()
    os.makedirs(EXPECTED, exist_ok=True)
    tree()
    runner = vm.Runner("fs", args)
    workloads = dict(WORKLOADS)
    workloads["python_tests"] = python_tests(args.full)
    timeout = 600 if args.full else 150
    have = importlib.util.find_spec("test.test_os") is not None
    if not have:
        def missing():
            raise vm.Skipped("Python's own tests are not installed")
        if runner.selected("python_tests", ""):
            runner.run("python_tests", "", missing)
        del workloads["python_tests"]

    for name, function in workloads.items():
        if any(runner.selected(name, variant) for variant in VARIANTS):
            runner.run(name, "native", native, name, function, timeout=timeout)
    for variant, (policy, options) in VARIANTS.items():
        start = time.monotonic()
        chosen = [name for name in workloads if runner.selected(name, variant)]
        if not chosen:
            continue
        mount = vm.Mount("fs-" + variant, options, policy)
        try:
            mount.start()
        except vm.Failed as error:
            def failed(reason=error):
                raise reason
            for name in chosen:
                runner.run(name, variant, failed)
            continue
        for name in chosen:
            if not runner.run(name, variant, compare, name, workloads[name], mount, timeout=timeout):
                mount.stop()
                mount.start()
        mount.stop()
        print("%s: %.0f s" % (variant, time.monotonic() - start), file=sys.stderr, flush=True)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
