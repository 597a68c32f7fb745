#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The parts of bench/profile.sh: what runs in the VM, and the table.

profile.py run COLUMN absolute|relative STATLOOP OUT: COLUMN is native or a policy
profile.py report absolute|relative NATIVE POLICY: the folders that OUT named
"""

import bisect
import collections
import os
import sys

from hits import statloop
from mounts import PATIENCE, PLAIN, Mount

REPEATS = 5000
NUMBER = 1
BASE = "/run/b%d" % NUMBER
# Shorter ones share one line.
LEAST = 8


def measure(column, kind, program, out):
    PATIENCE["seconds"] = 1e6
    for name, value in (("/proc/sys/net/core/bpf_jit_kallsyms", "1"),
                        ("/proc/sys/kernel/kptr_restrict", "0")):
        if os.path.exists(name):
            with open(name, "w", encoding="ascii") as file:
                file.write(value)
    folder = BASE + ("/mnt" if column == "native" else "/src") + "/d"
    os.makedirs(folder)
    with open(folder + "/f", "w", encoding="ascii") as file:
        file.write("x\n")
    mount = None
    if column != "native":
        mount = Mount(BASE + "/src", BASE + "/mnt", "policy=%s,extfuse=require,%s" % (column, PLAIN))
    try:
        # Programs have their addresses once they are loaded.
        with open("/proc/kallsyms", encoding="ascii") as symbols, \
                open(out + "/symbols", "w", encoding="ascii") as copy:
            copy.writelines(line for line in symbols if line.split()[1] in "tTwW")
        statloop(program, kind, NUMBER, REPEATS)
    finally:
        if mount:
            mount.close()


def by_function(folder):
    """{function: instructions of one stat()}"""
    with open(folder + "/symbols", encoding="ascii") as file:
        symbols = sorted((int(words[0], 16), words[2]) for words in map(str.split, file))
    starts = [address for address, _ in symbols]
    found = collections.Counter()
    with open(folder + "/counts", encoding="ascii") as file:
        for address, count in map(str.split, file):
            address = int(address, 16)
            name = "(user space)"
            if address >> 63:
                name = symbols[max(bisect.bisect_right(starts, address) - 1, 0)][1]
            if name.startswith("bpf_prog_"):
                name = "BPF: " + name.split("_", 3)[3]
            found[name] += int(count) / REPEATS
    return found


def report(kind, native, policy):
    columns = [by_function(folder) for folder in (native, policy)]
    names = sorted(set(columns[0]) | set(columns[1]), key=lambda name: -columns[1][name])
    shown = [name for name in names if max(column[name] for column in columns) >= LEAST]
    rows = [("all", *(sum(column.values()) for column in columns)),
            ("BPF", *(sum(count for name, count in column.items() if name.startswith("BPF: "))
                      for column in columns))]
    rows += [("`%s`" % name, *(column[name] for column in columns)) for name in shown]
    rows.append(("others", *(sum(count for name, count in column.items() if name not in shown)
                             for column in columns)))
    print("Instructions of one stat(), %s path, by function: %.2f times native.\n" %
          (kind, rows[0][2] / rows[0][1]))
    print("| function | native | %s |" % os.path.basename(policy))
    print("|:--|--:|--:|")
    for name, one, two in rows:
        print("| %s | %.0f | %.0f |" % (name, one, two))


if __name__ == "__main__":
    if sys.argv[1] == "run":
        measure(*sys.argv[2:])
    else:
        report(*sys.argv[2:])
