#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of bench/run.sh that measures workloads, in the VM: a JSON file for each cell.

A cell is one workload on one column. Columns take turns, and another begins each round, so that what
drifts meets all of them. What an earlier run has written is kept, and not measured again, but for what
new columns are compared with: ratios are of runs of one boot of the VM.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import columns
from mounts import PATIENCE, Failed, Mount, difference, run
from workloads import TREE, WORKLOADS

WORK = "/run/bench"
SOURCE = WORK + "/source"
COPY = WORK + "/copy"
TOOLS = WORK + "/tools"
# Seconds for all runs of a cell; what they allow less than is repeated less often. icount's clock leaps to
# the next timer when nobody runs, as while the VM waits for a disk: there it is CPU time that counts, of
# which the host needs several times as much.
CAP = {"seconds": 300.0, "cpu": 60.0}
with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot_id:
    BOOT = boot_id.read().strip()


def busy_time():
    """Seconds that the VM's CPU has not been idle."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def limit():
    """What run() needs to end a command that takes longer than a cell may."""
    if not Cell.leaps:
        return {"timeout": CAP["seconds"]}
    end = busy_time() + CAP["cpu"]
    return {"timeout": 5.0, "over": lambda: busy_time() > end}


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


class Place:
    """A column: where it shows the source, and what the workloads need to know."""

    source = SOURCE
    copy = COPY

    def __init__(self, number, options, files):
        self.scratch = "work-%d" % number
        self.tar = files.tar
        self.kernel = files.kernel
        self.tools = {name: os.path.join(TOOLS, name) for name in ("statloop", "mix")}
        # All are equally long.
        self.mount = Mount(SOURCE, WORK + "/mnt%03d" % number, options) if options else None
        self.top = self.mount.path if self.mount else SOURCE

    def close(self):
        if self.mount:
            self.mount.close()


class Cell:
    """Runs of one workload on one column, in a file."""

    # Whether the clock leaps, so that time that passed says nothing.
    leaps = False

    def __init__(self, folder, workload, column, options):
        self.path = os.path.join(folder, "%s.%s.json" %
                                 (workload.name, column.replace("/", "+")))
        self.workload = workload
        self.column = column
        self.place = None
        # Whether others are to be compared with it, in this boot.
        self.compared = False
        self.data = {"workload": workload.name, "column": column, "options": options, "runs": []}
        if os.path.exists(self.path):
            with open(self.path, encoding="ascii") as file:
                self.data = json.load(file)

    def complete(self, rounds, boot):
        """Whether no other run of a boot is wanted, or fits."""
        clock = "cpu" if self.leaps else "seconds"
        took = [one[clock] for one in self.data["runs"] if one["boot"] == boot]
        return took and (len(took) >= rounds or sum(took) + took[-1] > CAP[clock])

    def wants(self, rounds):
        """Whether another run is wanted, and fits."""
        boots = {BOOT} if self.compared else {BOOT}.union(one["boot"] for one in self.data["runs"])
        return not any(self.complete(rounds, boot) for boot in boots)

    def measure(self):
        self.workload.before(self.place)
        words, where = self.workload.command(self.place)
        mount = self.place.mount
        # What the preparation left to write or to forget is not the workload's.
        os.sync()
        requests = mount.requests() if mount else {}
        misses = mount.misses() if mount and self.workload.reasons else {}
        switches = context_switches()
        busy = cpu(mount)
        output = None
        bounds = limit()
        start = time.monotonic()
        try:
            output = run(*words, cwd=where, **bounds)
            took = time.monotonic() - start
        except subprocess.TimeoutExpired:
            self.data["cut"] = True
            took = time.monotonic() - start
        busy = cpu(mount) - busy
        switches = context_switches() - switches
        added = difference(requests, mount.requests()) if mount else {}
        missed = difference(misses, mount.misses()) if mount and self.workload.reasons else {}
        # Before what the command made is removed, and rows with it.
        memory = mount.memory() if mount else {}
        self.workload.after(self.place)
        self.data["runs"].append({"boot": BOOT, "seconds": took, "cpu": busy, "requests": added,
                                  "misses": missed, "switches": switches, "memory": memory,
                                  **(self.workload.figures(output) if output is not None else {})})
        with open(self.path + ".new", "w", encoding="ascii") as file:
            json.dump(self.data, file)
        os.rename(self.path + ".new", self.path)


def cpu(mount):
    """Seconds that the commands run so far and the daemon were on a CPU, to the microsecond."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + (mount.cpu() if mount else 0)


def context_switches():
    with open("/proc/stat", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("ctxt "))


def prepare(args):
    """The tree that all columns show, its index up to date, and a copy of it for rsync. What is used
    while the time is taken must not come from a disk."""
    os.environ.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8",
                      GIT_OPTIONAL_LOCKS="0", HOME=WORK)
    folder = os.path.join(SOURCE, TREE)
    os.makedirs(folder)
    os.makedirs(TOOLS)
    for path in args.statloop, args.mix, args.tar:
        run("cp", path, TOOLS)
    args.tar = os.path.join(TOOLS, os.path.basename(args.tar))
    run("tar", "-xf", args.tree, "-C", folder, "--no-same-owner")
    # Without optional locks it would not write what it found.
    run("git", "update-index", "-q", "--refresh", cwd=folder)
    run("cp", "-a", folder, COPY)


def measure(workload, cells, args):
    """What the cells of a workload still want."""
    rounds = min(args.rounds, workload.rounds)
    wanted = [cell.column for cell in cells if cell.wants(rounds)]
    if not wanted:
        say(workload.name + ": measured before")
        return
    for cell in cells:
        cell.compared = cell.column in {"native"}.union(map(columns.baseline, wanted))
    try:
        for number, cell in enumerate(cells):
            cell.place = Place(number, cell.data["options"], args)
        rehearse(workload, cells[0].place)
        for turn in range(rounds):
            first = turn % len(cells)
            for cell in cells[first:] + cells[:first]:
                if cell.wants(rounds):
                    cell.measure()
            say("%s: round %d of %d: %s" % (workload.name, turn + 1, rounds, ", ".join(
                "%s %.3f s" % (cell.column, cell.data["runs"][-1]["cpu"])
                for cell in cells)))
    finally:
        for cell in cells:
            if cell.place:
                cell.place.close()


def rehearse(workload, place):
    workload.before(place)
    words, where = workload.rehearsal(place)
    run(*words, cwd=where, **limit())
    workload.after(place)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--statloop", required=True)
    parser.add_argument("--mix", required=True)
    parser.add_argument("--tree", required=True, help="a tar archive")
    parser.add_argument("--tar", required=True, help="the archive that untar unpacks")
    parser.add_argument("--kernel", help="the archive that build compiles")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="", help="names of workloads, with commas")
    parser.add_argument("--column", action="append", help="of the columns only this; repeatable")
    parser.add_argument("--icount", action="store_true", help="leave out what takes too long there")
    args = parser.parse_args()
    if args.icount:
        PATIENCE["seconds"] = 1e6
        Cell.leaps = True
    known = [one.name for one in WORKLOADS]
    only = args.only.split(",") if args.only else known
    for name in only:
        if name not in known:
            print("bench: no workload '%s'; there are %s" % (name, ", ".join(known)), file=sys.stderr)
            return 1
    try:
        prepare(args)
        for workload in WORKLOADS:
            if workload.name not in only or not (args.full or workload.quick) or \
                    (args.icount and not workload.icount) or (columns.TRIAL and not workload.trial):
                continue
            chosen = columns.full(workload) if args.full else columns.quick()
            if args.column:
                chosen = columns.narrow(chosen, args.column)
            measure(workload, [Cell(args.out, workload, *column) for column in chosen.items()], args)
    except (Failed, OSError, ValueError, subprocess.SubprocessError) as error:
        print("bench: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
