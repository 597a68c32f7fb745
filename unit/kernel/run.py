#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the programs of the kernel tier; in the VM, as root, on the kernel with ExtFUSE."""

import argparse
import os
import re
import subprocess
import sys

# By the number of CPUs.
PROGRAMS = {
    1: ("test_helpers", "test_wire", "test_random", "test_hostile", "test_faults", "test_races"),
    2: ("test_two_cpus",),
}

# Of one program, in seconds; thousands of random programs on the debug kernel take hours.
LIMIT = 1400 if "EXTFUSE_TEST_SLOW" not in os.environ else 20000


def abort_all():
    top = "/sys/fs/fuse/connections"
    for name in os.listdir(top):
        with open("%s/%s/abort" % (top, name), "w", encoding="ascii") as file:
            file.write("1")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="*")
    parser.add_argument("--logs", required=True)
    parser.add_argument("--suffix", default="", help="behind the name of each test")
    parser.add_argument("--full", action="store_true", help="thousands of random programs")
    parser.add_argument("build")
    args = parser.parse_args()
    failed = False
    selected = args.filter.removesuffix(args.suffix)
    if args.full:
        os.environ.setdefault("EXTFUSE_RANDOM_PROGRAMS", "5000")

    for program in PROGRAMS.get(os.cpu_count(), PROGRAMS[1]):
        log = os.path.join(args.logs, program + ".log")
        with open(log, "wb") as err:
            with subprocess.Popen([os.path.join(args.build, program), selected, args.build],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=err) as process:
                try:
                    out, _ = process.communicate(timeout=LIMIT)
                except subprocess.TimeoutExpired:
                    abort_all()
                    process.kill()
                    out, _ = process.communicate()
                    print("FAIL kernel/%s_hangs%s (log %s)" % (program, args.suffix, log))
        for line in out.decode().splitlines():
            line = re.sub(r"^((?:PASS|FAIL|SKIP) kernel/\w+)", r"\1" + args.suffix, line)
            print("%s (log %s)" % (line, log) if line.startswith("FAIL ") else line)
        if process.returncode not in (0, 1):
            print("FAIL kernel/%s_crashed%s (log %s)" % (program, args.suffix, log))
        failed |= process.returncode != 0
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
