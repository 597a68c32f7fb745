#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints what bench/run.sh or bench/steps.sh measured as Markdown, judges the limits, joins figures and draws plots.

report.py hits|pairs|quick|full|steps FOLDER: the folder that bench/run.sh and bench/steps.sh keep results in.
"""

import glob
import json
import os
import statistics
import subprocess
import sys

from columns import ANSWERING, baseline
from hits import KINDS
from workloads import WORKLOADS

CLOCKS = {
    "icount": "icount (the clock counts instructions, 2 ns each)",
    "clock": "no icount (the machine's clock, QEMU's TCG)",
}


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
        paths = {"absolute": stat["path"], "relative": "mnt/d/f, from the folder of mnt",
                 "long": "mnt/d/n..., a name of 40 bytes, from the folder of mnt"}
        for kind, path in paths.items():
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


def print_miss(miss):
    print("## A miss with its fill, and a hit after it\n")
    print("stat() of %d files of one folder, by their names in it, icount: of files that were never looked "
          "up, and of the same ones again. Medians; the requests are LOOKUP and GETATTR that reached the "
          "daemon, the BPF figures are of a pass of their own with kernel.bpf_stats_enabled=1, for both "
          "requests and replies.\n" % miss["files"])
    plain = statistics.median(miss["columns"]["fuse"]["miss"]["ns"])
    rows = []
    for name, one in miss["columns"].items():
        for which, shown in ("miss", "per miss with its fill"), ("hit", "per hit"):
            if name in ("fuse", "never"):
                shown = {"miss": "never seen", "hit": "again"}[which]
            figures = one[which]
            ns = statistics.median(figures["ns"])
            bpf = figures["bpf"]
            rows.append((name, shown, "%.0f" % ns, "%.2f" % (ns / plain),
                         "%.2f" % statistics.median(figures["requests"]), "%.2f" % bpf["runs"],
                         "%.0f" % bpf["ns"], "%.0f" % (bpf["ns"] / bpf["runs"]) if bpf["runs"] else "-"))
    table(("column", "stat", "ns per stat", "times fuse never seen", "requests", "BPF runs",
           "BPF ns per stat", "ns per run"), rows)


def print_bpf(bpf):
    print("## BPF programs\n")
    print("Time of one run (run_time_ns by run_cnt, kernel.bpf_stats_enabled=1), icount, while one "
          "path is stat'ed: each request is a hit, or under `never` a miss whose reply the "
          "programs do not see, and runs them once.\n")
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


def print_memory(memory):
    print("## Memory\n")
    print("After two walks over 2,000 files. A row: key, value and what the map adds, by the kernel's count, "
          "or, of a table that the walks left empty, what kmalloc takes for it; `when full` adds "
          "the row's share of the buckets and of the ring of keys. `all tables` are bytes for each of "
          "max_entries when all four are full. `of all maps` is what a mount takes, empty, after the walk, "
          "and at most, with all four tables full.\n")
    rows = []
    for policy, one in memory.items():
        worst = one["bytes"]
        each = 0
        for name, table_of in one["tables"].items():
            row = row_bytes(table_of)
            worst += row * (table_of["limit"] - table_of["rows"])
            each += full_row_bytes(table_of)
            rows.append((policy, name, table_of["rows"], table_of["limit"], "%.0f" % row,
                         "%.0f" % full_row_bytes(table_of)))
        rows.append((policy, "all tables", "", "", "", "%.0f" % each))
        rows.append((policy, "of all maps", "", "", "", "%.1f, %.1f, %.1f MB" % tuple(
            size / 1e6 for size in (one["empty"], one["bytes"], worst))))
    table(("policy", "table", "rows", "limit", "bytes a row", "when full"), rows)


def row_bytes(one):
    return (one["bytes"] - one["empty"]) / one["rows"] if one["rows"] else one["allocated"]


def full_row_bytes(one):
    return row_bytes(one) + (one["empty"] + one["ring"]) / one["limit"]


def limits(results):
    """(limit, setting, figure, whether it is met)."""
    for clock, times in ("icount", 5), ("clock", 12):
        ns = medians(results[clock]["stat"]["absolute"])
        for name in ANSWERING:
            if clock == "icount":
                ratio = ns[name] / ns["native"]
                yield "stat: at most 3.0 times native", clock, name, "%.2f" % ratio, ratio <= 3
                yield "stat: at most 1.6 times native", clock, name, "%.2f" % ratio, ratio <= 1.6
                near = medians(results[clock]["stat"]["relative"])
                ratio = near[name] / near["native"]
                yield ("stat: at most 1.6 times native, relative path", clock, name, "%.2f" % ratio,
                       ratio <= 1.6)
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
    for name, one in results["icount"]["memory"].items():
        for which, limit in ("ext_attrs", 256), ("ext_names", 320):
            size = full_row_bytes(one["tables"][which])
            yield ("memory: at most %d bytes a row of %s" % (limit, which), "count", name,
                   "%.0f" % size, size <= limit)


# ---- Workloads ----

# Where each instruction is counted the clock leaps while nobody runs: what counts is who ran for how
# long, the commands and the daemon.
TIME = {"icount": "cpu", "clock": "seconds"}


# What arrives with delay differs by a few requests between runs.
FEW = 10


def sent(run):
    return sum(run["requests"].values())


def without_leaps(runs):
    """The VM's clock leaps while it waits for its disk. Then timeouts are over that were not yet, and the
    run sends more than the same run without a leap; it never sends less."""
    least = min(sent(one) for one in runs)
    return [one for one in runs if sent(one) <= 1.03 * least + FEW]


def read_cells(folder, clock):
    """{workload: {column: cell}}; "runs" of a cell are those of one boot of the VM, of that with most, and
    "seconds" what they typically took, "typical" those that are asked for it; "boots" has the latter for
    each boot."""
    found = {}
    for path in glob.glob(os.path.join(folder, "*.json")):
        with open(path, encoding="ascii") as file:
            cell = json.load(file)
        runs = {}
        for one in cell["runs"]:
            runs.setdefault(one["boot"], []).append(one)
        cell["boots"] = {boot: statistics.median(one[TIME[clock]] for one in without_leaps(some))
                         for boot, some in runs.items()}
        # The last of these.
        cell["boot"] = max(reversed(runs), key=lambda boot: len(runs[boot]))
        cell["runs"] = runs[cell["boot"]]
        cell["typical"] = without_leaps(cell["runs"])
        cell["times"] = [one[TIME[clock]] for one in cell["runs"]]
        cell["seconds"] = cell["boots"][cell["boot"]]
        found.setdefault(cell["workload"], {})[cell["column"]] = cell
    return found


def median_run(cell):
    runs = sorted(cell["typical"], key=sent)
    return runs[len(runs) // 2]


def requests(cell):
    return median_run(cell)["requests"]


def ratio_of(cell, other):
    """Of their times in one boot, that which the cell is shown of if it can be; None if there is none."""
    shared = [boot for boot in cell["boots"] if boot in other["boots"]]
    if not shared:
        return None
    boot = cell["boot"] if cell["boot"] in shared else shared[-1]
    return cell["boots"][boot] / other["boots"][boot]


def shown_ratio(cell, other):
    ratio = ratio_of(cell, other)
    return "%.2f" % ratio if ratio else "-"


def cut(*cells):
    """Whether the time of one was up before its command was through: its figures are of a part."""
    return any(cell.get("cut") for cell in cells)


def order_of(cells):
    """native, then each kind of mount with what is on it."""
    return sorted(cells, key=lambda name: (name != "native", baseline(name), "/" in name,
                                           "relaxed" in name, name))


def cell_rows(cells, opcodes, with_speed):
    for name in order_of(cells):
        cell = cells[name]
        took = cell["seconds"]
        times = cell["times"]
        counts = requests(cell)
        shown = [counts.get(opcode, 0) for opcode in opcodes]
        memory = cell["runs"][-1]["memory"]
        speeds = [one["kib_s"] for one in cell["runs"] if "kib_s" in one]
        speed = ["%.0f" % (statistics.median(speeds) / 1024) if speeds else "-"] if with_speed else []
        yield [name, ("over " if cut(cell) else "") + "%.3f" % took, shown_ratio(cell, cells["native"]),
               shown_ratio(cell, cells[baseline(name)]),
               "%.0f %%" % (100 * (max(times) - min(times)) / took), *speed,
               "%d" % statistics.median(one["switches"] for one in cell["runs"]),
               "%.1f" % (memory["bytes"] / 1e6) if memory else "-",
               "-" if not memory or memory["rows"] is None else memory["rows"],
               sum(counts.values())] + shown + [sum(counts.values()) - sum(shown)]


def busiest(cells, count=6):
    """The opcodes that tell the columns apart."""
    total = {}
    for cell in cells.values():
        for opcode, number in requests(cell).items():
            total[opcode] = max(total.get(opcode, 0), number)
    return sorted(total, key=lambda opcode: -total[opcode])[:count]


def left_out(cells):
    leaps = ["%s %d" % (name, len(cells[name]["runs"]) - len(cells[name]["typical"]))
             for name in order_of(cells) if len(cells[name]["runs"]) > len(cells[name]["typical"])]
    return "; with a leap of the clock, and so left out: " + ", ".join(leaps) if leaps else ""


def print_cells(found, clock):
    print("# Workloads: %s\n" % CLOCKS[clock])
    print("%s, medians of the runs that met no leap of the VM's clock, which shows in 3 %% more requests; "
          "spread of all; `of its kind` is the time divided by that of the same FUSE mount without a "
          "policy, both of one boot of the VM; `MiB/s` is what fio says of its own reads and writes, "
          "without its start; `map MB` and `rows` are what the policy's maps have after the last run, "
          "rows since it was mounted, which LRU tables do not count; the figures after "
          "`rows` are requests that reached the daemon, by its own count.\n" %
          ("CPU time of the commands and of the daemon" if clock == "icount" else "Time that passed"))
    for workload in WORKLOADS:
        cells = found.get(workload.name)
        if not cells or "native" not in cells:
            continue
        opcodes = busiest(cells)
        print("## %s\n\n%s%s. %d runs%s.\n" % (
            workload.name, workload.stands_for[0].upper(), workload.stands_for[1:],
            len(cells["native"]["runs"]), left_out(cells)))
        table(["column", "s", "times native", "of its kind", "spread"] +
              ["MiB/s"] * workload.data + ["switches", "map MB", "rows", "requests"] + opcodes + ["other"],
              cell_rows(cells, opcodes, workload.data))


def worse(found, clock):
    """Cells in which a policy costs: more requests than its kind of mount, or more than 3 % of time."""
    for workload, cells in found.items():
        for name in order_of(cells):
            kind = baseline(name)
            if name == kind or kind not in cells or cut(cells[name], cells[kind]):
                continue
            more = sum(requests(cells[name]).values()) - sum(requests(cells[kind]).values())
            ratio = ratio_of(cells[name], cells[kind])
            if more > 0 or (clock == "icount" and ratio and ratio > 1.03):
                yield workload, name, more, "%+.1f %%" % (100 * (ratio - 1)) if ratio else "-"


def print_worse(found, clock):
    rows = list(worse(found, clock))
    print("## Where a policy costs more than it brings\n")
    if not rows:
        print("Nowhere: no policy sends more requests than the mount it is on, and none is more than "
              "3 % slower.\n")
        return
    print("More requests than the same mount without it, or (under icount) more than 3 % slower.\n")
    table(("workload", "column", "requests more", "time"), rows)


# Figure 9 of the ExtFUSE paper (USENIX ATC'19), in thousands: handlers of metadata alone.
PUBLISHED = {
    "build": {"LOOKUP": (36, 8), "GETATTR": (303, 0.137), "GETXATTR": (14, 0), "OPEN": (322, 322)},
    "untar": {"LOOKUP": (65, 65), "CREATE": (60, 60), "SETATTR": (65, 65), "GETXATTR": (135, 0)},
}
# Kinds of mount, each with these policies on it.
FIGURE_9 = ("fuse-default", "fuse-tuned")
STRICT, RELAXED = "/writeinval", "/writeinval,relaxed"


def change(before, after):
    return "%+.1f %%" % (100 * (after / before - 1)) if before else "-"


def figure_9_rows(found, kind):
    columns = (kind, kind + STRICT, kind + RELAXED)
    for workload, published in PUBLISHED.items():
        cells = found.get(workload, {})
        if not all(name in cells and not cut(cells[name]) for name in columns):
            continue
        plain, strict, relaxed = (requests(cells[name]) for name in columns)
        for opcode, (fuse, ext) in published.items():
            ours = [counts.get(opcode, 0) for counts in (plain, strict, relaxed)]
            yield ([workload, opcode, "%gK" % fuse,
                    "%gK" % ext if ext >= 1 else "%.0f" % (1000 * ext), change(fuse, ext)] +
                   ours + [change(ours[0], ours[1]), change(ours[0], ours[2])])


def print_figure_9(found):
    """Requests in a build and an untar beside what was published, for each kind of mount on which
    they were measured."""
    tables = {kind: list(figure_9_rows(found, kind)) for kind in FIGURE_9}
    if not any(tables.values()):
        return
    print("## Figure 9 of the ExtFUSE paper\n")
    print("Requests that reached the daemon. Published: FUSE and ExtFUSE with its metadata handlers, which "
          "ignore the time of last access; a whole kernel, and another tree. Here: a FUSE mount, with "
          "timeouts of 1 s (`fuse-default`) or of years, write-back and no extended attributes "
          "(`fuse-tuned`), and `writeinval` on it with atime strict and relaxed.\n")
    for kind, rows in tables.items():
        if rows:
            table(("workload", "request", "FUSE published", "ExtFUSE", "change", kind, "strict",
                   "relaxed", "change strict", "change relaxed"), rows)


# The names that `extfuse stats` has for them.
REASONS = ("absent", "stale", "expired", "torn", "full", "not_live", "error")


def print_misses(found):
    """Why the policies of figure 9 did not answer what a policy can answer."""
    rows = []
    for workload in PUBLISHED:
        for column in (kind + policy for kind in FIGURE_9 for policy in (STRICT, RELAXED)):
            cell = found.get(workload, {}).get(column)
            misses = median_run(cell)["misses"] if cell and not cut(cell) else {}
            for opcode in "LOOKUP", "GETATTR", "GETXATTR":
                counts = [misses.get("%s %s" % (opcode, reason), 0) for reason in REASONS]
                if any(counts):
                    rows.append([workload, column, opcode, sum(counts)] + counts)
    if not rows:
        return
    print("## Why they were not answered\n")
    print("The same requests by the reason that `extfuse stats` gives.\n")
    table(("workload", "column", "request", "asked") + REASONS, rows)


PLOT = """set terminal svg size 900,420 font 'sans-serif,14' background rgb 'white'
set output '%(svg)s'
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set boxwidth 0.9
set ylabel '%(ylabel)s'
set grid ytics
set key outside right top
set yrange [0:*]
# One more than there are by default.
set linetype 9 linecolor rgb '#888888'
plot for [i=2:%(columns)d] '%(data)s' using i:xtic(1) title columnheader(i)
"""


def plot(folder, clock, found):
    """Times of each policy on plain FUSE, as a share of plain FUSE's."""
    shown = [name for name in ("native", "fuse", "fuse-default", "fuse-tuned", "fuse/never", "fuse/ttl",
                               "fuse/lru", "fuse/writeinval", "fuse/ttl+lru")]
    data = os.path.join(folder, "workloads-%s.dat" % clock)
    svg = os.path.join(folder, "workloads-%s.svg" % clock)
    complete = {name: cells for name, cells in found.items()
                if all(column in cells and not cut(cells[column]) for column in shown) and
                all(ratio_of(cells[column], cells["fuse"]) for column in shown)}
    if not complete:
        return
    with open(data, "w", encoding="ascii") as file:
        print("workload", *shown, file=file)
        for name in (workload.name for workload in WORKLOADS if workload.name in complete):
            cells = complete[name]
            print(name, *("%.4f" % ratio_of(cells[column], cells["fuse"])
                          for column in shown), file=file)
    script = PLOT % {"svg": svg, "data": data, "columns": len(shown) + 1,
                     "ylabel": "%s, plain FUSE = 1" % ("CPU time (icount)" if clock == "icount"
                                                       else "time")}
    subprocess.run(["gnuplot", "-"], input=script.encode(), check=True)


def report_cells(mode, folder):
    joined = {}
    for clock in CLOCKS:
        found = read_cells(os.path.join(folder, "%s-%s" % (mode, clock)), clock)
        joined[clock] = found
        print_cells(found, clock)
        print_worse(found, clock)
        print_figure_9(found)
        print_misses(found)
        plot(folder, clock, found)
    with open(os.path.join(folder, mode + ".json"), "w", encoding="ascii") as file:
        json.dump({"settings": CLOCKS, "workloads": joined}, file, indent=1)
        file.write("\n")


def report_hits(folder):
    results = {}
    for name in CLOCKS:
        with open(os.path.join(folder, "hits-%s.json" % name), encoding="ascii") as file:
            results[name] = json.load(file)
    print("# A hit, Linux %s\n" % results["icount"]["kernel"])
    judged = [{"limit": limit, "setting": setting, "column": column, "figure": figure,
               "met": met} for limit, setting, column, figure, met in limits(results)]
    print("## Limits\n")
    print("Absolute path where nothing else is said, -smp 1; the settings are below.\n")
    table(("limit", "setting", "column", "figure", "result"),
          [(row["limit"], row["setting"], row["column"], row["figure"],
            "PASS" if row["met"] else "MISS") for row in judged])
    print_stat(results)
    print_find(results["icount"]["find"])
    print_memory(results["icount"]["memory"])
    print_miss(results["icount"]["miss"])
    print_bpf(results["icount"]["bpf"])
    with open(os.path.join(folder, "hits.json"), "w", encoding="ascii") as file:
        json.dump({"settings": CLOCKS, "limits": judged, "results": results}, file, indent=1)
        file.write("\n")


def report_pairs(folder):
    with open(os.path.join(folder, "pairs.json"), encoding="ascii") as file:
        result = json.load(file)
    print("## Two processes on two CPUs\n")
    print("ns per stat of `mnt/d/f` and `mnt/e/g` (two files), of `mnt/d/f` and `mnt/d/h` (two files of one "
          "directory) or of one of them (one file), alone on a CPU and beside the other; medians of %d "
          "interleaved rounds, by the machine's clock, with a thread of QEMU's TCG for each CPU. Paths "
          "are relative where nothing else is said. The counters show what a shared line costs: ns per "
          "atomic increment of one counter, or of two in different lines. On one CPU two take turns: "
          "2.00 is nothing but that, and less where one ends first.\n" % result["rounds"])
    rows = []
    for kind, figures in result["alone"].items():
        for name, alone in figures.items():
            beside = result["beside"][kind][name]
            ratios = [two / one for one, two in zip(alone, beside)]
            rows.append((kind, name, "%.0f" % statistics.median(alone),
                         "%.0f" % statistics.median(beside), "%.2f" % statistics.median(ratios),
                         "%.2f to %.2f" % (min(ratios), max(ratios))))
    table(("files", "column", "alone", "beside", "times alone", "spread"), rows)


STEPS = os.path.join(os.path.dirname(__file__), "steps", "list")
# Of icount's clock, see kernel/run.sh.
NS_PER_INSTRUCTION = 2


def report_steps(folder):
    """The column "all" has all steps, each other all but that one."""
    figures = {kind: {} for kind in KINDS}
    rounds = 0
    for path in glob.glob(os.path.join(folder, "steps", "*.json")):
        with open(path, encoding="ascii") as file:
            stat = json.load(file)["stat"]
        rounds = stat["rounds"]
        for kind, columns in figures.items():
            columns.update(stat[kind])
    spread = max((max(values) - min(values)) / statistics.median(values)
                 for columns in figures.values() for values in columns.values())
    rows = []
    with open(STEPS, encoding="ascii") as file:
        listed = [line.split()[0] for line in file if line.strip() and not line.startswith("#")]
    for step in listed:
        for kind in KINDS:
            ns = medians(figures[kind])
            if step not in ns:
                continue
            gain = ns[step] - ns["all"]
            rows.append(("`%s`" % step, kind, "%.0f" % ns["all"], "%.0f" % ns[step], "%.0f" % gain,
                         "%.1f %%" % (100 * gain / ns[step]), "%.0f" % (gain / NS_PER_INSTRUCTION)))
    print("One stat() under `writeinval`, with all steps and without this one; medians of %d interleaved "
          "rounds, spread at most %.1f %%.\n" % (rounds, 100 * spread))
    table(("step", "path", "ns with it", "ns without", "ns gained", "of that", "instructions"), rows)


def main():
    mode, folder = sys.argv[1:]
    if mode == "hits":
        report_hits(folder)
    elif mode == "pairs":
        report_pairs(folder)
    elif mode == "steps":
        report_steps(folder)
    else:
        report_cells(mode, folder)


if __name__ == "__main__":
    sys.exit(main())
