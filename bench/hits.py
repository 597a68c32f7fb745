#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of bench/run.sh that measures hits, in the VM, and writes one JSON file."""

import argparse
import json
import os
import re
import subprocess
import sys

from columns import ANSWERING, POLICIES, TRIAL, on
from mounts import PATIENCE, PLAIN, Failed, Mount, difference, element_size, run

WORK = "/run/bench"

COLUMNS = {"native": None, "fuse": PLAIN}
COLUMNS.update({name: on("fuse", name) for name in POLICIES})

FIND = {
    "fuse": PLAIN,
    "writeinval,atime=relaxed": on("fuse", "writeinval", relaxed=True),
}
FIND.update({name: COLUMNS[name] for name in ANSWERING + ["never"]})
FIND_DIRS, FIND_FILES = (2, 10) if TRIAL else (20, 100)


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def put(path, text="x\n"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def place(number):
    """A folder for a column, with few and short names above it; all are equally long."""
    return "/run/b%d" % number


# ---- Repeated stat of one path ----

# The last is in the class of long names.
KINDS = ("absolute", "relative", "long")
LONG_NAME = "n" * 40


def statloop(program, kind, number, repeats):
    base = place(number)
    paths = {"absolute": base + "/mnt/d/f", "relative": "mnt/d/f", "long": "mnt/d/" + LONG_NAME}
    return float(run(program, str(repeats), paths[kind], cwd=base))


def measure_stat(args, columns, objects=None):
    """objects: {column: folder of its BPF objects}, where these are not the build's."""
    mounts = {}
    repeats = {"native": args.repeats, "fuse": args.repeats // 5, "never": args.repeats // 5}
    result = {"path": "/run/bN/mnt/d/f", "rounds": args.rounds,
              "repeats": {name: repeats.get(name, args.repeats) for name in columns}}
    try:
        for number, (name, options) in enumerate(columns.items()):
            source = place(number) + ("/mnt" if options is None else "/src")
            put(source + "/d/f")
            put(source + "/d/" + LONG_NAME)
            if options is not None:
                mounts[name] = Mount(source, place(number) + "/mnt", options,
                                     objects=(objects or {}).get(name))
        for kind in KINDS:
            figures = {name: [] for name in columns}
            for turn in range(args.rounds):
                say("stat, %s path: round %d of %d" % (kind, turn + 1, args.rounds))
                for number, name in enumerate(columns):
                    figures[name].append(statloop(args.statloop, kind, number,
                                                  result["repeats"][name]))
            result[kind] = figures
        result["asked"] = {}
        for name, mount in mounts.items():
            counts = mount.requests()
            result["asked"][name] = counts.get("LOOKUP", 0) + counts.get("GETATTR", 0)
    finally:
        for mount in mounts.values():
            mount.close()
    return result


# ---- find -size +0 over many files ----

REQUEST = re.compile(r"opcode: (\w+) \(\d+\), nodeid: (\d+)")


def walk(mount):
    """One find: requests by opcode, and those for names or attributes of other than directories.

    All that is in the root are directories, and all else are files; a directory that was read
    was opened.
    """
    before = mount.requests()
    start = os.path.getsize(mount.log)
    found = run("find", mount.path, "-size", "+0").count("\n")
    if found < FIND_DIRS * FIND_FILES:
        raise Failed("find saw only %d files" % found)
    counts = difference(before, mount.requests())
    with open(mount.log, encoding="utf-8", errors="replace") as log:
        log.seek(start)
        seen = REQUEST.findall(log.read())
    opened = {nodeid for opcode, nodeid in seen if opcode == "OPENDIR"}
    files = sum(opcode == "LOOKUP" and nodeid != "1" or opcode == "GETATTR" and nodeid not in opened
                for opcode, nodeid in seen)
    return {"requests": counts, "about_files": files}


def measure_find():
    source = WORK + "/find/src"
    for directory in range(FIND_DIRS):
        for name in range(FIND_FILES):
            put("%s/d%02d/f%02d" % (source, directory, name))
    result = {}
    for name, options in FIND.items():
        say("find: " + name)
        with Mount(source, WORK + "/find/mnt", options, debug=True) as mount:
            walk(mount)
            result[name] = walk(mount)
    return result


# ---- The first stat() of a file beside the next ----

MISS_COLUMNS = ["fuse"] + list(POLICIES)
MISS_FILES = 20 if TRIAL else 500


def unseen(source, folders):
    """Makes folders of files, for a pass over one folder each."""
    for folder in folders:
        for number in range(MISS_FILES):
            put("%s/%s/f%04d" % (source, folder, number))


def passes(program, mount, folder):
    """{pass: (ns, LOOKUP and GETATTR that reached the daemon, BPF time in ns, its runs), per stat()}:
    over files that were never looked up, and over the same ones again, which statloop does twice.
    BPF's are 0 unless they are counted."""
    names = ["f%04d" % number for number in range(MISS_FILES)]
    found = {}
    for which, word, times in ("miss", "first", 1), ("hit", "1", 2):
        stats = times * MISS_FILES
        requests, before = mount.requests(), dispatcher()
        ns = float(run(program, word, *names, cwd=mount.path + "/" + folder))
        after, added = dispatcher(), difference(requests, mount.requests())
        found[which] = (ns, (added.get("LOOKUP", 0) + added.get("GETATTR", 0)) / stats,
                        (after[0] - before[0]) / stats, (after[1] - before[1]) / stats)
    return found


def measure_miss(args):
    """Without statistics of BPF, which take time themselves; then once with them, for these alone."""
    source = WORK + "/miss/src"
    folders = ["d%d" % turn for turn in range(args.rounds)]
    unseen(source, folders + ["bpf"])
    result = {"files": MISS_FILES, "columns": {}}
    for name in MISS_COLUMNS:
        say("miss: " + name)
        one = {which: {"ns": [], "requests": []} for which in ("miss", "hit")}
        with Mount(source, WORK + "/miss/mnt", COLUMNS[name]) as mount:
            for folder in folders:
                for which, (ns, requests, _, _) in passes(args.statloop, mount, folder).items():
                    one[which]["ns"].append(ns)
                    one[which]["requests"].append(requests)
            count_bpf("1")
            for which, (_, _, ns, runs) in passes(args.statloop, mount, "bpf").items():
                one[which]["bpf"] = {"ns": ns, "runs": runs}
            count_bpf("0")
        result["columns"][name] = one
    return result


# ---- What the BPF programs cost ----

def count_bpf(how):
    with open("/proc/sys/kernel/bpf_stats_enabled", "w", encoding="ascii") as file:
        file.write(how)


def programs():
    return json.loads(run("bpftool", "-j", "prog", "show"))


def dispatcher():
    """(time in ns, runs) of the programs that the kernel itself calls."""
    shown = [program for program in programs() if program.get("run_cnt")]
    return (sum(program["run_time_ns"] for program in shown),
            sum(program["run_cnt"] for program in shown))


def per_run(program, repeats, mount, opcodes):
    """Mean of one run while a path is stat'ed over and over."""
    before = dispatcher()
    requests = mount.requests()
    run(program, str(repeats), mount.path + "/d/f")
    added = difference(requests, mount.requests())
    after = dispatcher()
    runs = after[1] - before[1]
    return {"ns": (after[0] - before[0]) / runs, "runs": runs,
            "upcalls": {name: added.get(name, 0) for name in opcodes}}


def instructions():
    """{program: instructions after verification} of the one mount that there is."""
    counts = {}
    for program in programs():
        text = run("bpftool", "prog", "dump", "xlated", "id", str(program["id"]))
        counts[program.get("name", str(program["id"]))] = len(
            re.findall(r"^ *\d+: \(", text, re.MULTILINE))
    return counts


def measure_bpf(args):
    result = {"run": {}, "instructions": {}}
    source = WORK + "/bpf/src"
    put(source + "/d/f")
    count_bpf("1")
    for name in POLICIES:
        say("BPF programs: " + name)
        with Mount(source, WORK + "/bpf/mnt", COLUMNS[name]) as mount:
            result["run"][name] = per_run(args.statloop, args.repeats // 5, mount,
                                          ("LOOKUP", "GETATTR"))
            result["instructions"][name] = instructions()
    return result


# ---- What rows cost in memory ----

# Each table of rows, and the ring that has its keys in the order of their insertion.
RINGS = {"ext_attrs": "ext_rings_attr", "ext_names": "ext_rings_name",
         "ext_names_long": "ext_rings_long", "ext_xattrs": "ext_rings_xattr"}

# kernel/bpf/memalloc.c takes elements from kmalloc, which has these sizes.
KMALLOC = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192]


def allocated(one):
    """Bytes of a row that a table allocates when it is filled; an LRU table has allocated all of them."""
    if one["type"] != "hash":
        return 0
    size = element_size(one["bytes_key"], one["bytes_value"])
    return next(fits for fits in KMALLOC if fits >= size)


def maps():
    """{id: what bpftool says}"""
    return {one["id"]: one for one in json.loads(run("bpftool", "-j", "map", "show"))}


def rows_of(one):
    return len(json.loads(run("bpftool", "-j", "map", "dump", "id", str(one["id"]))))


def memory(source, mountpoint, options):
    """Bytes of all maps, empty and after a walk, and of each table of rows with its ring."""
    before = maps()
    with Mount(source, mountpoint, options) as mount:
        mine = {one["name"]: one for number, one in maps().items() if number not in before}
        empty = {name: one["bytes_memlock"] for name, one in mine.items()}
        run("find", mount.path, "-size", "+0")
        run("find", mount.path, "-size", "+0")
        now = {one["name"]: one for number, one in maps().items() if number not in before}
        tables = {}
        for name in RINGS:
            tables[name] = {
                "rows": rows_of(now[name]), "limit": now[name]["max_entries"],
                "empty": empty[name], "bytes": now[name]["bytes_memlock"],
                "allocated": allocated(now[name]),
                "ring": now[RINGS[name]]["bytes_memlock"]}
        return {"tables": tables, "empty": sum(empty.values()),
                "bytes": sum(one["bytes_memlock"] for one in now.values())}


def measure_memory():
    source = WORK + "/find/src"
    result = {}
    for name in ANSWERING:
        say("memory: " + name)
        result[name] = memory(source, WORK + "/find/mnt", COLUMNS[name])
    return result


def arguments():
    """The options of whatever repeats statloop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--statloop", required=True, type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=10000)
    return parser


def main():
    parser = arguments()
    parser.add_argument("--icount", action="store_true", help="measure all that repeats exactly")
    args = parser.parse_args()
    if args.icount:
        PATIENCE["seconds"] = 1e6
    try:
        result = {"kernel": os.uname().release, "stat": measure_stat(args, COLUMNS)}
        if args.icount:
            result["find"] = measure_find()
            result["memory"] = measure_memory()
            result["miss"] = measure_miss(args)
            result["bpf"] = measure_bpf(args)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print("bench: %s" % error, file=sys.stderr)
        return 1
    with open(args.out, "w", encoding="ascii") as file:
        json.dump(result, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
