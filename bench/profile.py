#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The parts of bench/profile.sh: what runs in the VM, and the table.

profile.py stat OUT COLUMN absolute|relative STATLOOP: COLUMN is native or a policy
profile.py workload OUT COLUMN NAME STATLOOP MIX TREE TAR: a workload on a column of bench/run.sh --full
profile.py report WHAT BEFORE AFTER: the folders that OUT named, and what was counted
"""

import argparse
import bisect
import collections
import os
import sys

import columns
from cells import Cell, Place, prepare, rehearse
from hits import statloop
from mounts import PATIENCE, PLAIN, Failed, Mount, run
from workloads import WORKLOADS

REPEATS = 5000
NUMBER = 1
BASE = "/run/b%d" % NUMBER
# Shorter ones share one line: of all instructions, one in so many.
LEAST = 1200


def show_addresses():
    """In the VM's lists of symbols, programs' too."""
    for name, value in (("/proc/sys/net/core/bpf_jit_kallsyms", "1"),
                        ("/proc/sys/kernel/kptr_restrict", "0")):
        if os.path.exists(name):
            with open(name, "w", encoding="ascii") as file:
                file.write(value)


def keep_symbols(out):
    """Programs have their addresses once they are loaded."""
    with open("/proc/kallsyms", encoding="ascii") as symbols, \
            open(out + "/symbols", "w", encoding="ascii") as copy:
        copy.writelines(line for line in symbols if line.split()[1] in "tTwW")


def keep_times(out, times):
    """How often what was counted ran between the marks."""
    with open(out + "/times", "w", encoding="ascii") as file:
        print(times, file=file)


def measure_stat(out, column, kind, program):
    folder = BASE + ("/mnt" if column == "native" else "/src") + "/d"
    os.makedirs(folder)
    with open(folder + "/f", "w", encoding="ascii") as file:
        file.write("x\n")
    mount = None
    if column != "native":
        mount = Mount(BASE + "/src", BASE + "/mnt", "policy=%s,extfuse=require,%s" % (column, PLAIN))
    try:
        keep_symbols(out)
        keep_times(out, REPEATS)
        statloop(program, kind, NUMBER, REPEATS)
    finally:
        if mount:
            mount.close()


def measure_workload(out, column, name, program, mix, tree, tar):
    files = argparse.Namespace(statloop=program, mix=mix, tree=tree, tar=tar, kernel=None)
    workload = next((one for one in WORKLOADS if one.name == name and one.icount), None)
    if not workload:
        raise Failed("no workload '%s'; there are %s" % (name, ", ".join(
            one.name for one in WORKLOADS if one.icount)))
    found = columns.full(workload)
    if column not in found:
        raise Failed("no column '%s'; there are %s" % (column, " ".join(found)))
    Cell.leaps = True
    prepare(files)
    place = Place(0, found[column], files)
    try:
        rehearse(workload, place)
        keep_symbols(out)
        keep_times(out, 1)
        workload.before(place)
        words, where = workload.command(place)
        run(place.tools["statloop"], "--", *words, cwd=where)
        workload.after(place)
    finally:
        place.close()


def by_function(folder):
    """{function: instructions of one time}"""
    with open(folder + "/symbols", encoding="ascii") as file:
        symbols = sorted((int(words[0], 16), words[2]) for words in map(str.split, file))
    with open(folder + "/times", encoding="ascii") as file:
        times = int(file.read())
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
            found[name] += int(count) / times
    return found


def report(what, *folders):
    """What takes most first; of a workload, what the policy adds or saves most."""
    counts = [by_function(folder) for folder in folders]
    total = [sum(column.values()) for column in counts]
    least = min(total) / LEAST

    def weight(name):
        before, after = (column[name] for column in counts)
        return after if what.startswith("one stat()") else abs(after - before)

    names = sorted(set(counts[0]) | set(counts[1]), key=lambda name: -weight(name))
    shown = [name for name in names if weight(name) >= least]
    rows = [("all", *total),
            ("BPF", *(sum(count for name, count in column.items() if name.startswith("BPF: "))
                      for column in counts))]
    rows += [("`%s`" % name, *(column[name] for column in counts)) for name in shown]
    rows.append(("others", *(sum(count for name, count in column.items() if name not in shown)
                             for column in counts)))
    heads = [os.path.basename(folder).replace("+", "/", 1) for folder in folders]
    print("Instructions of %s, by function: %.2f times those on %s.\n" %
          (what, total[1] / total[0], heads[0]))
    print("| function | %s | %s | more |" % tuple(heads))
    print("|:--|--:|--:|--:|")
    for name, one, two in rows:
        print("| %s | %.0f | %.0f | %+.0f |" % (name, one, two, two - one))


def main():
    part, *args = sys.argv[1:]
    if part == "report":
        report(*args)
        return 0
    PATIENCE["seconds"] = 1e6
    show_addresses()
    try:
        {"stat": measure_stat, "workload": measure_workload}[part](*args)
    except (Failed, OSError) as error:
        print("bench: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
