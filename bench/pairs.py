#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of bench/run.sh that looks for memory that two hits share, in a VM with two CPUs.

A process calls stat() over and over on one CPU, alone, and then beside another on the other CPU. Where
both write the same cache line, each has to wait for it, and one stat() takes longer than alone. Two
processes that increment a counter show whether that can be seen at all. Where both are on one CPU they
take turns, and each takes twice as long, whatever they share.
"""

import json
import os
import statistics
import subprocess
import sys

from columns import ANSWERING, on
from hits import WORK, arguments, place, put, say
from mounts import Failed, Mount

COLUMNS = {"native": None}
COLUMNS.update({name: on("fuse", name) for name in ANSWERING})
TWO_CPUS, ONE_CPU = (0, 1), (0, 0)
# Two processes that look at one file write the reference count of its dentry. An absolute path leads
# through the VM's own root, whose file system leaves RCU-walk: each directory's is written too.
TWO_FILES = ("mnt/d/f", "mnt/e/g")
CASES = {
    "two files": (TWO_FILES, False, TWO_CPUS),
    "two files of one directory": (("mnt/d/f", "mnt/d/h"), False, TWO_CPUS),
    "one file": (("mnt/d/f", "mnt/d/f"), False, TWO_CPUS),
    "two files, absolute": (TWO_FILES, True, TWO_CPUS),
    "two files of one directory, absolute": (("mnt/d/f", "mnt/d/h"), True, TWO_CPUS),
    "two files, one CPU": (TWO_FILES, False, ONE_CPU),
}
# Offsets of two counters: in one word, and further apart than any line and the line that is fetched with it.
COUNTERS = {"one counter": (0, 0), "two counters": (0, 1024)}
INCREMENTS = 3000


def start(words, cpu, folder):
    return subprocess.Popen(["taskset", "-c", str(cpu), *words], cwd=folder, stdout=subprocess.PIPE)


def ns(process):
    text, _ = process.communicate()
    if process.returncode:
        raise Failed("%s: exit %d" % (" ".join(process.args), process.returncode))
    return float(text)


def measure(commands, cpus, folder="/"):
    """(ns of one step alone, ns beside the other), the mean of two commands."""
    alone = [ns(start(words, cpu, folder)) for cpu, words in zip(cpus, commands)]
    both = [start(words, cpu, folder) for cpu, words in zip(cpus, commands)]
    return statistics.mean(alone), statistics.mean([ns(process) for process in both])


def stats(args, number, paths, absolute):
    """Commands that call stat()."""
    prefix = place(number) + "/" if absolute else ""
    return [[args.statloop, str(args.repeats), prefix + path] for path in paths]


def counters(args, offsets):
    """Commands that increment counters, for long enough that the two overlap."""
    return [[args.counter, str(args.repeats * INCREMENTS), WORK + "/counter", str(offset)]
            for offset in offsets]


def main():
    parser = arguments()
    parser.add_argument("--counter", required=True, type=os.path.abspath)
    args = parser.parse_args()
    os.makedirs(WORK)
    mounts = []
    result = {"rounds": args.rounds, "alone": {}, "beside": {}}

    def keep(kind, name, figures):
        for what, figure in zip(("alone", "beside"), figures):
            result[what].setdefault(kind, {}).setdefault(name, []).append(figure)

    try:
        for number, (name, options) in enumerate(COLUMNS.items()):
            source = place(number) + ("/mnt" if options is None else "/src")
            put(source + "/d/f")
            put(source + "/d/h")
            put(source + "/e/g")
            if options is not None:
                mounts.append(Mount(source, place(number) + "/mnt", options))
        for turn in range(args.rounds):
            say("round %d of %d" % (turn + 1, args.rounds))
            for kind, offsets in COUNTERS.items():
                keep(kind, "increment", measure(counters(args, offsets), TWO_CPUS))
            for kind, (paths, absolute, cpus) in CASES.items():
                for number, name in enumerate(COLUMNS):
                    keep(kind, name, measure(stats(args, number, paths, absolute), cpus, place(number)))
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
