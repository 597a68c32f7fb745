#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the tests that CTest knows and prints one line for each cmocka test function."""

import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys

LINE = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+)", re.M)


def properties(test):
    return {p["name"]: p["value"] for p in test.get("properties", [])}


def selected(name, pattern):
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase("unit/" + name, pattern)


def run(test, logs):
    """Returns (exit code or None for a timeout, path of the log, its text)."""
    props = properties(test)
    env = dict(os.environ)
    for setting in props.get("ENVIRONMENT", []):
        name, _, value = setting.partition("=")
        env[name] = value
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    log = os.path.join(logs, "unit.%s.log" % test["name"].replace("/", "."))
    with open(log, "wb") as out:
        try:
            code = subprocess.run(
                test["command"], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                cwd=props.get("WORKING_DIRECTORY"), env=env, timeout=float(props.get("TIMEOUT", 900)),
                check=False).returncode
        except subprocess.TimeoutExpired:
            code = None
    with open(log, "a+", encoding="utf-8", errors="replace") as out:
        out.write("\n%s: %s\n" % (" ".join(test["command"]),
                                  "timeout" if code is None else "exit %d" % code))
        out.seek(0)
        return code, log, out.read()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="*")
    parser.add_argument("--logs", required=True)
    parser.add_argument("build")
    args = parser.parse_args()

    listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=args.build, check=True,
                             stdout=subprocess.PIPE).stdout
    tests = json.loads(listing)["tests"]
    bad = not tests
    if bad:
        print("CTest knows no test in", args.build)
    for test in tests:
        if "command" not in test:
            print("FAIL unit/%s (was not built)" % test["name"])
            bad = True
            continue
        # A pattern may name the executable or one of its functions.
        if not selected(test["name"], args.filter) and \
           not fnmatch.fnmatchcase(test["name"], args.filter.split(".")[0]
                                   .removeprefix("unit/")):
            continue
        code, log, text = run(test, args.logs)
        skip_code = properties(test).get("SKIP_RETURN_CODE")
        found = LINE.findall(text)
        results = dict((name, word) for word, name in found)
        named_failure = False
        for name, word in results.items():
            full = "unit/%s.%s" % (test["name"], name)
            if word == "OK":
                print("PASS " + full)
            elif word == "SKIPPED":
                print("SKIP %s: skipped by the test" % full)
            else:
                named_failure = True
                print("FAIL %s (log %s)" % (full, log))
        if skip_code is not None and code == int(skip_code):
            print("SKIP unit/%s: %s" % (test["name"], text.strip().splitlines()[-2]))
        elif code != 0 and not named_failure:
            # ASan at exit, a crash, a timeout
            named_failure = True
            print("FAIL unit/%s (log %s)" % (test["name"], log))
        elif code == 0 and not results:
            print("PASS unit/" + test["name"])
        if named_failure:
            bad = True
        else:
            os.unlink(log)
        sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
