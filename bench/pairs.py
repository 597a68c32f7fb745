#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of bench/run.sh that looks for memory that two hits share, in a VM with two CPUs.

A process calls stat() over and over on one CPU, alone, and then beside another on the other CPU. Where
both write the same cache line, each has to wait for it, and one stat() takes longer than alone.
"""

import json
import statistics
import subprocess
import sys

from columns import ANSWERING, on
from hits import arguments, place, put, say
from mounts import Failed, Mount

COLUMNS = {"native": None}
COLUMNS.update({name: on("fuse", name) for name in ANSWERING})
# The control: two processes that look at one file write the reference count of its dentry.
FILES = {"two files": ("mnt/d/f", "mnt/e/g"), "one file": ("mnt/d/f", "mnt/d/f")}


def start(program, repeats, cpu, number, path):
    return subprocess.Popen(["taskset", "-c", str(cpu), program, str(repeats), path],
                            cwd=place(number), stdout=subprocess.PIPE)


def ns(process):
    text, _ = process.communicate()
    if process.returncode:
        raise Failed("statloop: exit %d" % process.returncode)
    return float(text)


def measure(args, number, paths):
    """(ns of one stat() alone, ns beside another), the mean of both CPUs."""
    alone = [ns(start(args.statloop, args.repeats, cpu, number, path))
             for cpu, path in enumerate(paths)]
    both = [start(args.statloop, args.repeats, cpu, number, path)
            for cpu, path in enumerate(paths)]
    return statistics.mean(alone), statistics.mean([ns(process) for process in both])


def main():
    args = arguments().parse_args()
    mounts = []
    result = {"rounds": args.rounds, "alone": {}, "beside": {}}
    try:
        for number, (name, options) in enumerate(COLUMNS.items()):
            source = place(number) + ("/mnt" if options is None else "/src")
            put(source + "/d/f")
            put(source + "/e/g")
            if options is not None:
                mounts.append(Mount(source, place(number) + "/mnt", options))
        for kind, paths in FILES.items():
            for turn in range(args.rounds):
                say("%s: round %d of %d" % (kind, turn + 1, args.rounds))
                for number, name in enumerate(COLUMNS):
                    alone, beside = measure(args, number, paths)
                    for what, figure in ("alone", alone), ("beside", beside):
                        result[what].setdefault(kind, {}).setdefault(name, []).append(figure)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print("bench: %s" % error, file=sys.stderr)
        return 1
    finally:
        for mount in mounts:
            mount.close()
    with open(args.out, "w", encoding="ascii") as file:
        json.dump(result, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
