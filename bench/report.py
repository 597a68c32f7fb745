#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints the results of bench/vm.py as Markdown, judges the limits, and joins them into one file."""

import json
import statistics
import sys

CLOCKS = {
    "icount": "icount (the clock counts instructions, 2 ns each)",
    "clock": "no icount (the machine's clock, QEMU's TCG)",
}
ANSWERING = ("ttl", "lru", "writeinval", "ttl+lru")


def table(header, rows):
    """A table whose source is aligned as well; the first column is text."""
    cells = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    line = [":" + "-" * (width - 1) if not i else "-" * (width - 1) + ":"
            for i, width in enumerate(widths)]
    for row in [cells[0], line] + cells[1:]:
        print("| " + " | ".join(cell.ljust(width) if not i else cell.rjust(width)
                                for i, (cell, width) in enumerate(zip(row, widths))) + " |")
    print()


def medians(figures):
    return {name: statistics.median(values) for name, values in figures.items()}


def stat_rows(figures):
    ns = medians(figures)
    for name, values in figures.items():
        yield (name, "%.0f" % ns[name], "%.2f" % (ns[name] / ns["native"]),
               "%.2f" % (ns["fuse"] / ns[name]),
               "%.1f %%" % (100 * (max(values) - min(values)) / ns[name]))


def print_stat(results):
    for clock, result in results.items():
        stat = result["stat"]
        for kind in "absolute", "relative":
            path = stat["path"] if kind == "absolute" else "mnt/d/f, from the folder of mnt"
            print("## stat of one path, %s\n" % kind)
            print("%s; path `%s`; -smp 1; fuse: entry_timeout=0,attr_timeout=0, as below every "
                  "policy; medians of %d interleaved rounds.\n" % (CLOCKS[clock], path,
                                                                   stat["rounds"]))
            table(("column", "ns per stat", "times native", "times faster than fuse", "spread"),
                  stat_rows(stat[kind]))


def print_find(find):
    opcodes = sorted({name for row in find.values() for name in row["requests"]},
                     key=lambda name: (name not in ("LOOKUP", "GETATTR"), name))
    print("## find -size +0, the second time\n")
    print("Requests that reached the daemon, by its own count; 2,000 files in 20 directories; "
          "entry_timeout=0, attr_timeout=0. `of files` are LOOKUP and GETATTR for anything but "
          "directories that this walk read.\n")
    table(["column", "of files"] + opcodes,
          [[name, row["about_files"]] + [row["requests"].get(opcode, 0) for opcode in opcodes]
           for name, row in find.items()])


def print_bpf(bpf):
    print("## BPF programs\n")
    print("Time of one run (run_time_ns by run_cnt, kernel.bpf_stats_enabled=1), icount, while one "
          "path is stat'ed: under `never` each request is a miss and runs a program twice, else "
          "each is a hit and runs it once.\n")
    table(("column", "ns per run", "runs"),
          [(name, "%.0f" % row["ns"], row["runs"]) for name, row in bpf["run"].items()])
    print("Instructions after verification (`bpftool prog dump xlated`), subprograms included. "
          "on_: request, re_: reply, ev_: event.\n")
    columns = list(bpf["instructions"])
    names = sorted({name for counts in bpf["instructions"].values() for name in counts},
                   key=lambda name: (name.startswith(("on_", "re_", "ev_")), name))
    table(["program"] + columns,
          [[name] + [bpf["instructions"][column].get(name, "") for column in columns]
           for name in names])


def limits(results):
    """(limit, setting, figure, whether it is met)."""
    for clock, times in ("icount", 5), ("clock", 12):
        ns = medians(results[clock]["stat"]["absolute"])
        for name in ANSWERING:
            if clock == "icount":
                ratio = ns[name] / ns["native"]
                yield "stat: at most 3.0 times native", clock, name, "%.2f" % ratio, ratio <= 3
            ratio = ns["fuse"] / ns[name]
            yield ("stat: at least %d times faster than fuse" % times, clock, name,
                   "%.2f" % ratio, ratio >= times)
        if clock == "icount":
            more = 100 * (ns["never"] / ns["fuse"] - 1)
            yield ("stat: at most 5 % slower than fuse", clock, "never", "%.1f %%" % more,
                   more <= 5)
    find = results["icount"]["find"]
    row = find["writeinval,atime=relaxed"]["requests"]
    count = row.get("LOOKUP", 0) + row.get("GETATTR", 0)
    yield ("find: no LOOKUP, no GETATTR", "count", "writeinval,atime=relaxed", "%d" % count,
           not count)
    for name in ANSWERING:
        yield ("find: none but for directories it read", "count", name,
               "%d" % find[name]["about_files"], not find[name]["about_files"])


def main():
    out, icount, clock = sys.argv[1:]
    results = {}
    for name, path in ("icount", icount), ("clock", clock):
        with open(path, encoding="ascii") as file:
            results[name] = json.load(file)
    print("# Benchmark, Linux %s\n" % results["icount"]["kernel"])
    judged = [{"limit": limit, "setting": setting, "column": column, "figure": figure,
               "met": met} for limit, setting, column, figure, met in limits(results)]
    print("## Limits\n")
    print("Absolute path, -smp 1; the settings are below.\n")
    table(("limit", "setting", "column", "figure", "result"),
          [(row["limit"], row["setting"], row["column"], row["figure"],
            "PASS" if row["met"] else "MISS") for row in judged])
    print_stat(results)
    print_find(results["icount"]["find"])
    print_bpf(results["icount"]["bpf"])
    with open(out, "w", encoding="ascii") as file:
        json.dump({"settings": CLOCKS, "limits": judged, "results": results}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
