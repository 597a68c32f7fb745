#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints the demo's table and where the cache does not help; the table with tabs goes to a file."""

import json
import sys

OPCODES = ("LOOKUP", "GETATTR", "GETXATTR", "OPEN", "READ", "READDIRPLUS", "FLUSH", "RELEASE")
HEADER = ("workload", "column", "wall_s", "requests") + OPCODES + ("other",)
POLICIES = ("ttl", "lru", "writeinval", "ttl+lru")


def cells(row):
    requests = row["requests"]
    total = sum(requests.values())
    shown = [requests.get(name, 0) for name in OPCODES]
    return [row["workload"], row["column"], "%.2f" % row["seconds"], total] + shown + \
        [total - sum(shown)]


def print_table(rows):
    lines = [list(HEADER)] + [[str(cell) for cell in cells(row)] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    for line in lines:
        print(" ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(line, widths))).rstrip())


def legend(data):
    """What the rows are, for people who watch: stdout is the table alone."""
    print("A tree of %d files. Each row is the fastest repeat on the same mount: its time, and the "
          "requests that reached\nthe daemon, by the daemon's own count." % data["files"],
          file=sys.stderr)
    for name, text in data["workloads"].items():
        print("  %-12s %s" % (name, text), file=sys.stderr)
    for name, options in data["columns"].items():
        print("  %-12s %s" % (name, "-o " + options if options else "no FUSE, the same tree"),
              file=sys.stderr)
    print(file=sys.stderr)


def least_help(data):
    """One sentence, from the rows alone."""
    rows = {(row["workload"], row["column"]): row for row in data["rows"]}

    def seconds(workload, column):
        return rows[workload, column]["seconds"]

    def gain(pair):
        return seconds(pair[0], "fuse") / seconds(*pair)

    pairs = [(name, policy) for name in data["workloads"] for policy in POLICIES]
    workload, policy = min(pairs, key=gain)
    requests, plain = rows[workload, policy]["requests"], rows[workload, "fuse"]["requests"]
    # What the policy made no fewer.
    others = sorted((name for name in requests if requests[name] > 0.9 * plain.get(name, 0)),
                    key=lambda name: -requests[name])
    text = "The cache helps least in %s with %s: %.2f s, plain fuse %.2f s, native %.2f s;" % (
        workload, policy, seconds(workload, policy), seconds(workload, "fuse"),
        seconds(workload, "native"))
    text += " of %d requests left, %d are of kinds that it does not answer (%s)." % (
        sum(requests.values()), sum(requests[name] for name in others), ", ".join(others[:4]))
    tuned = [name for name in data["workloads"]
             if seconds(name, "fuse-tuned") < min(seconds(name, policy) for policy in POLICIES)]
    if tuned:
        text += " fuse-tuned, for trees that nobody else changes, beats every policy in %s." \
            % ", ".join(tuned)
    return text


def main():
    source, tsv = sys.argv[1:]
    with open(source, encoding="ascii") as file:
        data = json.load(file)
    order = list(data["workloads"])
    data["rows"].sort(key=lambda row: order.index(row["workload"]))
    with open(tsv, "w", encoding="ascii") as file:
        for line in [HEADER] + [cells(row) for row in data["rows"]]:
            print("\t".join(map(str, line)), file=file)
    legend(data)
    sys.stderr.flush()
    print_table(data["rows"])
    print(least_help(data))


if __name__ == "__main__":
    sys.exit(main())
