#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of demo.sh that runs in the VM: each workload in each column, results to a JSON file."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "bench"))
from mounts import PLAIN, Failed, Mount, difference, run  # noqa: E402 pylint: disable=C0413

WORK = "/run/demo"
LIBFDT_MK = os.path.join(ROOT, "demo", "libfdt.mk")

# FUSE at its best for a tree that nobody else changes; and, alone, each policy.
COLUMNS = {
    "native": None,
    "fuse": PLAIN,
    "fuse-tuned": "entry_timeout=3600,attr_timeout=3600,negative_timeout=3600,cache=always,"
                  "writeback",
    "never": "policy=never," + PLAIN,
    "ttl": "policy=ttl,ttl=60s," + PLAIN,
    "lru": "policy=lru," + PLAIN,
    "writeinval": "policy=writeinval," + PLAIN,
    "ttl+lru": "policy=ttl+lru,ttl=60s," + PLAIN,
}


class Workload:
    """A command, how often it is repeated after the first time, and what removes what it makes."""

    def __init__(self, text, command, repeats, where=".", makes=None, undo=None):
        self.text = text
        self.command = command
        self.repeats = repeats
        self.where = where
        self.makes = makes
        self.undo = undo

    def run(self, tree):
        """What the command printed, and how long it took."""
        start = time.monotonic()
        output = run(*self.command, cwd=os.path.join(tree, self.where))
        return output, time.monotonic() - start

    def result(self, tree, output):
        """A digest of what it printed and made; what it made is removed."""
        digest = hashlib.sha256("\n".join(sorted(output.splitlines())).encode())
        where = os.path.join(tree, self.where)
        if self.makes:
            with open(os.path.join(where, self.makes), "rb") as file:
                digest.update(file.read())
        if self.undo:
            run(*self.undo, cwd=where)
        return digest.hexdigest()


MAKE = ("make", "-s", "-f", os.path.join(ROOT, "demo", "libfdt.mk"))
WORKLOADS = {
    "walk-again": Workload("find . -size +0; repeated 3 times", ("find", ".", "-size", "+0"), 3),
    "git-again": Workload("git status; repeated 3 times", ("git", "status", "--porcelain"), 3),
    "grep-again": Workload("grep -r MODULE_LICENSE .; repeated 3 times",
                           ("grep", "-r", "--exclude-dir=.git", "MODULE_LICENSE", "."), 3),
    "build-again": Workload("make (libfdt: 9 C files); repeated once, after make clean",
                            MAKE + ("libfdt.a",), 1, "scripts/dtc/libfdt", "libfdt.a",
                            MAKE + ("clean",)),
}


def measure(workload, tree, mount):
    """Seconds and requests by opcode of the fastest repeat; the result of the first time."""
    result = workload.result(tree, workload.run(tree)[0])
    repeats = []
    for _ in range(workload.repeats):
        before = mount.requests() if mount else {}
        output, seconds = workload.run(tree)
        requests = difference(before, mount.requests()) if mount else {}
        repeats.append((seconds, requests))
        if workload.result(tree, output) != result:
            raise Failed("%s: not the same when repeated" % workload.text)
    return min(repeats, key=lambda repeat: repeat[0]), result


def progress(done, text):
    print("demo: %d %% %s" % (100 * done / (len(COLUMNS) * len(WORKLOADS)), text), file=sys.stderr,
          flush=True)


def measure_all(tree):
    rows, expected = [], {}
    for column, options in COLUMNS.items():
        progress(len(rows), "mount " + column if options else column)
        mount = None
        if options:
            if "policy=" in options:
                options += ",extfuse=require"
            mount = Mount(tree, WORK + "/mnt", options)
        try:
            for name, workload in WORKLOADS.items():
                progress(len(rows), "%s: %s" % (column, name))
                (seconds, requests), result = measure(workload, mount.path if mount else tree, mount)
                if result != expected.setdefault(name, result):
                    raise Failed("%s has another result in column %s" % (workload.text, column))
                rows.append({"workload": name, "column": column, "seconds": seconds,
                             "requests": requests})
        finally:
            if mount:
                mount.close()
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tree", required=True, help="a tar archive")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    os.environ.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8")
    tree = WORK + "/tree"
    os.makedirs(tree)
    progress(0, "unpack the tree")
    try:
        run("tar", "-xf", args.tree, "-C", tree, "--no-same-owner")
        rows = measure_all(tree)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print("demo: %s" % error, file=sys.stderr)
        return 1
    files = int(run("sh", "-c", "find . -name .git -prune -o -type f -print | wc -l", cwd=tree))
    with open(args.out, "w", encoding="ascii") as file:
        json.dump({"files": files, "columns": COLUMNS, "rows": rows,
                   "workloads": {name: workload.text for name, workload in WORKLOADS.items()}},
                  file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
