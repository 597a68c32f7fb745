#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Says which lines of BPF sources the tests ran, of a build with --coverage; fails below a limit.

usage: coverage.py [--limit PERCENT] [--gcov GCOV] BUILD_DIR SOURCE_DIR...

Counts each line of a source or header once, whichever object it was compiled into.
"""

import argparse
import collections
import json
import os
import subprocess
import sys


def counters(build):
    for folder, _, files in os.walk(build):
        for name in files:
            if name.endswith(".gcda"):
                yield os.path.join(folder, name)


def lines_of(gcov, path):
    """(file, line, count) of one object."""
    out = subprocess.run([gcov, "--json-format", "--stdout", path], check=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    for document in out.splitlines():
        data = json.loads(document)
        for file in data["files"]:
            name = os.path.realpath(os.path.join(data["current_working_directory"], file["file"]))
            for line in file["lines"]:
                yield name, line["line_number"], line["count"]


def ranges(numbers):
    """3-5, 9"""
    parts = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join("%d" % a if a == b else "%d-%d" % (a, b) for a, b in parts)


def say(name, lines, missing, wanted=None):
    ran = lines - len(missing)
    end = wanted or ("  not run: " + ranges(missing) if missing else "")
    print("%6.1f %%  %4d of %4d  %s%s" % (100.0 * ran / lines, ran, lines,
                                         os.path.relpath(name), end))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, default=95.0)
    parser.add_argument("--gcov", default="gcov")
    parser.add_argument("build")
    parser.add_argument("sources", nargs="+")
    args = parser.parse_args()
    folders = [os.path.realpath(folder) for folder in args.sources]

    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    for path in counters(args.build):
        for name, line, count in lines_of(args.gcov, path):
            if os.path.dirname(name) in folders:
                counts[name][line] += count

    good = True
    for folder in folders:
        names = sorted(name for name in counts if os.path.dirname(name) == folder)
        lines = missed = 0
        for name in names:
            missing = [line for line, count in counts[name].items() if not count]
            lines += len(counts[name])
            missed += len(missing)
            say(name, len(counts[name]), missing)
        # A source without a counter was compiled into no test.
        for name in sorted(os.listdir(folder)):
            if name.endswith(".bpf.c") and os.path.join(folder, name) not in names:
                print("no test has %s" % os.path.relpath(os.path.join(folder, name)))
                good = False
        if lines:
            say(folder, lines, range(missed), ", %g %% are wanted" % args.limit)
            good = good and 100.0 * (lines - missed) / lines >= args.limit
        else:
            print("%s: nothing was counted; build with --coverage and run the tests" % folder)
            good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
