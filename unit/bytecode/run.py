#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs tests of handlers and policies with the bytecode in the kernel, and with fakes, and compares.

In the VM, as root, on the kernel with ExtFUSE. A test passes when both ways pass each case that the
kernel can run and every run of the program in them had the same outcome: result, cookie, outputs,
statistics. Cases for the host alone are listed with their reasons; the unit tier runs them.
"""

import argparse
import fnmatch
import os
import re
import subprocess
import sys

RESULT = re.compile(r"^\[ +(OK|FAILED) +\] (\w+)$", re.M)
HOST_ONLY = re.compile(r"^host only: (\w+): (.*)$", re.M)


class Runs:
    """What the ways to run left behind: outcomes of cases, and their traces."""

    def __init__(self, text, trace):
        self.outcomes = {}
        self.host_only = dict(HOST_ONLY.findall(text))
        for word, name in RESULT.findall(text):
            self.outcomes.setdefault(name, word)
        self.traces = {}
        lines = []
        for line in trace.splitlines():
            if line.startswith("case "):
                lines = self.traces.setdefault(line[5:], [])
            else:
                lines.append(line)


def run(command, trace, log, env=None):
    with open(log, "wb") as out:
        try:
            code = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {}), "EXTFUSE_KIT_TRACE": trace}, timeout=1200,
                check=False).returncode
        except subprocess.TimeoutExpired:
            code = None
    with open(log, encoding="utf-8", errors="replace") as text:
        return code, text.read()


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def by_test(text):
    """The parts of a text that begin with "test NAME"."""
    parts = re.split(r"^test (\w+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def difference(kernel, fakes):
    """What the two ways did not agree on, or None."""
    for i, (one, other) in enumerate(zip(kernel, fakes)):
        if one != other:
            return "run %d: in the kernel '%s', with fakes '%s'" % (i + 1, one, other)
    if len(kernel) != len(fakes):
        return "%d runs in the kernel, %d with fakes" % (len(kernel), len(fakes))
    return None


def compare(kernel, fakes):
    """Lines that say what is wrong."""
    wrong = []
    for name, outcome in fakes.outcomes.items():
        if name in kernel.host_only:
            continue
        got = kernel.outcomes.get(name, "missing")
        if outcome != "OK" or got != "OK":
            wrong.append("%s: %s in the kernel, %s with fakes" % (name, got, outcome))
        apart = difference(kernel.traces.get(name, []), fakes.traces.get(name, []))
        if apart:
            wrong.append("%s: %s" % (name, apart))
    for name in kernel.outcomes:
        if name not in fakes.outcomes:
            wrong.append("%s: only in the kernel" % name)
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="*")
    parser.add_argument("--logs", required=True)
    parser.add_argument("build")
    args = parser.parse_args()
    logs = os.path.abspath(args.logs)
    os.makedirs(logs, exist_ok=True)
    failed = False

    groups = sorted(os.listdir(os.path.join(args.build, "bytecode")))
    for group in groups:
        program = os.path.join(args.build, "bytecode", group)
        tests = [name for name in subprocess.run(
            [program, "--list"], check=True, stdout=subprocess.PIPE).stdout.decode().split()
                 if fnmatch.fnmatchcase("kernel/%s[bytecode]" % name, args.filter) or
                 fnmatch.fnmatchcase("%s[bytecode]" % name, args.filter) or
                 fnmatch.fnmatchcase(name, args.filter)]
        if not tests:
            continue
        log = os.path.join(logs, "bytecode.%s.log" % group)
        trace = os.path.join(logs, "bytecode.%s.trace" % group)
        code, text = run([program] + tests, trace, log)
        ran, traces = by_test(text), by_test(read(trace))
        if code not in (0, 1):
            print("%s: %s" % (program, "timeout" if code is None else "exit %d" % code),
                  file=sys.stderr)
        for test in tests:
            own_log = os.path.join(logs, "fakes.%s.log" % test)
            own_trace = os.path.join(logs, "fakes.%s.trace" % test)
            fakes_code, fakes_text = run([os.path.join(args.build, "unit", test)], own_trace,
                                         own_log)
            kernel = Runs(ran.get(test, ""), traces.get(test, ""))
            fakes = Runs(fakes_text, read(own_trace))
            wrong = compare(kernel, fakes)
            if not fakes.outcomes or fakes_code != 0:
                wrong.append("with fakes: exit %s" % fakes_code)
            for name, reason in kernel.host_only.items():
                print("host only: %s.%s: %s" % (test, name, reason))
            if wrong:
                failed = True
                with open(own_log, "a", encoding="utf-8") as file:
                    file.write("\n".join(["", "In the kernel:", ran.get(test, "")] + wrong) + "\n")
                print("FAIL kernel/%s[bytecode] (log %s)" % (test, own_log))
            elif kernel.outcomes:
                print("PASS kernel/%s[bytecode]" % test)
            if not wrong:
                os.unlink(own_log)
                os.unlink(own_trace)
            sys.stdout.flush()
        if not failed:
            os.unlink(log)
            os.unlink(trace)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
