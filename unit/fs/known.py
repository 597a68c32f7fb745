# SPDX-License-Identifier: GPL-2.0-only
"""Compares what a workload printed natively and on a mount, but for docs/known-differences.md."""

import difflib
import fnmatch
import os
import re

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs",
                    "known-differences.md")
WHEN = ("always", "sometimes")


class Row:
    """One row of a table of the page: workload, result, mounts, native, mount, when, reason."""

    def __init__(self, cells):
        self.workload, self.key, mounts, self.native, self.mount, self.when, self.reason = cells
        self.mounts = None if mounts == "all" else [name.strip() for name in mounts.split(",")]
        if self.when not in WHEN:
            raise ValueError("%s: %s is none of %s" % (self, self.when, ", ".join(WHEN)))
        if not self.reason:
            raise ValueError("%s: there is no reason" % self)

    def __str__(self):
        return "%s %s (%s, not %s)" % (self.workload, self.key, self.mount, self.native)

    def is_about(self, workload, mount):
        return self.workload == workload and (self.mounts is None or mount in self.mounts)

    def explains(self, key, native, mount):
        return all(matches(text, pattern) for text, pattern in
                   ((key, self.key), (native, self.native), (mount, self.mount)))


def matches(text, pattern):
    """A dash stands for a line that is not there; only * and ? are special."""
    if text is None:
        return pattern == "-"
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def rows(path=PAGE):
    """The rows of all tables of the page whose heading begins with "workload"."""
    found = []
    inside = False
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("|"):
                inside = False
                continue
            cells = [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            if cells[0] == "workload":
                inside = True
            elif inside and not set(cells[0]) <= set("-: "):
                found.append(Row([cell.replace("\\|", "|") for cell in cells]))
    return found


def results(text):
    """Lines "KEY: VALUE" as a dictionary; the second of a key is "KEY (2)"."""
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        name = key
        number = 1
        while name in found:
            number += 1
            name = "%s (%d)" % (key, number)
        found[name] = value
    return found


def differences(native, mount):
    """[(key, native value, value on the mount)], None for a line that is not there."""
    one, two = results(native), results(mount)
    return [(key, one.get(key), two.get(key)) for key in list(one) + [key for key in two if key not in one]
            if one.get(key) != two.get(key)]


def complaints(workload, variant, native, mount, keyed, table=None):
    """What is wrong, one line each: differences that are not listed, and listed ones that are gone."""
    if not keyed:
        if native == mount:
            return []
        return list(difflib.unified_diff(native.splitlines(), mount.splitlines(), "native", "mount",
                                         n=1, lineterm=""))
    about = [row for row in (rows() if table is None else table) if row.is_about(workload, variant)]
    found = differences(native, mount)
    wrong = []
    for key, one, two in found:
        if not any(row.explains(key, one, two) for row in about):
            wrong.append("%s: %s, natively %s" % (key, "not there" if two is None else two,
                                                  "not there" if one is None else one))
    for row in about:
        if row.when == "always" and not any(row.explains(*difference) for difference in found):
            wrong.append("docs/known-differences.md lists what does not differ: %s" % row)
    return wrong
