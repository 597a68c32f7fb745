#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the commands of README.md and of the pages of docs/: run.py --where host|vm|bench --logs DIR BUILD_DIR

Blocks marked "sh" are run on the host, with what BUILD_DIR installs; "sh vm" as root in the VM, with
what is in BUILD_DIR; "sh bench" in the checkout, with what is in BUILD_DIR: these boot VMs, and
EXTFUSE_BENCH_TRIAL makes them short; "sh bench full" likewise, with --full alone; "sh test=NAME" is run by
that test, and "sh skip=REASON" by nothing. Those of one page are one script, in a folder of its own, with
a link to BUILD_DIR as the pages' "build" and in the VM to the projects that the page has written on the
host: unit/author_projects.sh has built them. On the host it is also checked that every block has a mark,
that the tests named are there, that links lead somewhere and that the messages in troubleshooting.md are
in the sources.
"""

import argparse
import fnmatch
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DOCS = os.path.join(ROOT, "docs")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
# What is no command says so: text is output, a file or a picture.
KINDS = re.compile(r"^(sh( vm| bench| bench full| test=\w+| skip=.+)?|c|text)$")
MARKS = {"host": ("sh",), "vm": ("sh vm",), "bench": ("sh bench",)}
# The first line of a block without a fence: such blocks have no mark.
INDENTED = re.compile(r"\n[ \t]*\n(?:    |\t)[^\n]*")
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")


def scripts(text, where):
    """The page's blocks for here; raises ValueError at a mark that means nothing."""
    parts = []
    for match in FENCE.finditer(text):
        mark, body = match.groups()
        if not KINDS.match(mark):
            raise ValueError("a block is marked '%s': sh, sh vm, sh bench, sh bench full, sh test=NAME, "
                             "sh skip=REASON, c or text is expected" % mark)
        if mark in MARKS[where]:
            parts.append(body)
    return parts


def projects(text):
    """Names of what the page's commands write."""
    return re.findall(r"^extfuse new (?:policy|handler) (\w+)", "\n".join(scripts(text, "host")), re.M)


def run(parts, links, env, log, cwd=None):
    """None, or what is wrong; links are names in the script's folder, with their targets."""
    with tempfile.TemporaryDirectory() as folder, open(log, "wb") as out:
        for name, target in links:
            os.symlink(target, os.path.join(folder, name))
        script = "set -eux\n" + "\n".join(parts)
        try:
            code = subprocess.run(["bash", "-c", script], cwd=cwd or folder, env=env,
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                  timeout=3000 if cwd else 600, check=False).returncode
        except subprocess.TimeoutExpired:
            code = "timeout"
        mnt = os.path.join(folder, "mnt")
        if os.path.ismount(mnt):
            subprocess.run(["umount", "-l", mnt], check=False)
            if code == 0:
                code = "the page leaves a mount"
    return None if code == 0 else "exit %s" % code


def is_test(name):
    """Whether a source of the tests has the name, or a page's commands are a test of that name."""
    if name in (page[0] for page in pages("bench")):
        return True
    sources = glob.glob(ROOT + "/unit/**/*.*", recursive=True) + glob.glob(ROOT + "/kernel/tests/*.sh")
    for path in sources:
        if not path.endswith((".c", ".py", ".sh", ".txt")):
            continue
        with open(path, encoding="utf-8") as file:
            if re.search(r"\b%s\b" % name, os.path.basename(path) + " " + file.read()):
                return True
    return False


def page_errors(page, text):
    name = os.path.basename(page)
    wrong = []
    for mark, _ in FENCE.findall(text):
        if mark.startswith("sh test=") and not is_test(mark[8:]):
            wrong.append("%s: a block is marked '%s', and there is no such test" % (name, mark))
    for path, _ in LINK.findall(text):
        if not os.path.exists(os.path.join(os.path.dirname(page), path)):
            wrong.append("%s: no %s" % (name, path))
    for block in INDENTED.findall(FENCE.sub("", text)):
        wrong.append("%s: a block without a fence, so without a mark: %s" % (name, block.strip()))
    return wrong


def pages(where):
    """(name of the test, path) of each page."""
    prefix = "bench_" if where == "bench" else "docs_"
    found = [(prefix + name[:-3], os.path.join(DOCS, name)) for name in sorted(os.listdir(DOCS))
             if name.endswith(".md")]
    return found + [(prefix + "of_the_whole", os.path.join(ROOT, "README.md"))]


def unknown_messages():
    """Messages of the troubleshooting page that no source has."""
    sources = ""
    for path in glob.glob(ROOT + "/loader/*.c") + glob.glob(ROOT + "/fs-examples/*.c"):
        with open(path, encoding="utf-8") as file:
            sources += file.read()
    # A string may go on in the next line.
    sources = re.sub(r'"\s*\n\s*"', "", sources)
    with open(os.path.join(DOCS, "troubleshooting.md"), encoding="utf-8") as file:
        messages = re.findall(r"^\| `([^`]+)` \|", file.read(), re.M)
    wrong = ["troubleshooting.md: no source says '%s'" % m for m in messages if m not in sources]
    return wrong if messages else ["troubleshooting.md has no message"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--where", choices=MARKS, required=True)
    parser.add_argument("--filter", default="*")
    parser.add_argument("--logs", required=True)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("build")
    args = parser.parse_args()
    if args.full:
        MARKS["bench"] += ("sh bench full",)
    build = os.path.abspath(args.build)
    tier = "unit" if args.where == "host" else "kernel"
    os.makedirs(args.logs, exist_ok=True)
    failed = False

    with tempfile.TemporaryDirectory() as prefix:
        env = {**os.environ, "EXTFUSE_BUILD": build}
        if args.where == "host":
            subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True,
                           stdout=subprocess.DEVNULL)
            env["CMAKE_PREFIX_PATH"] = prefix
            env["PATH"] = prefix + "/bin:" + env["PATH"]
        else:
            env["PATH"] = build + "/bin:" + env["PATH"]
        if args.where == "bench":
            env["EXTFUSE_BENCH_TRIAL"] = "yes"
        for name, page in pages(args.where):
            test = "%s/%s" % (tier, name)
            if not any(fnmatch.fnmatchcase(each, args.filter) for each in (test, name)):
                continue
            with open(page, encoding="utf-8") as file:
                text = file.read()
            log = os.path.abspath(os.path.join(args.logs, name + ".log"))
            wrong = page_errors(page, text) if args.where == "host" else []
            if args.where == "host" and name == "docs_troubleshooting":
                wrong += unknown_messages()
            try:
                parts = scripts(text, args.where)
            except ValueError as error:
                parts = []
                wrong.append(str(error))
            links = [("build", build)]
            if parts and args.where == "vm":
                links += [(name, os.path.join(build, "author", name)) for name in projects(text)]
            result = run(parts, links, env, log, ROOT if args.where == "bench" else None) if parts else None
            if result:
                wrong.append(result)
            if wrong:
                failed = True
                with open(log, "a", encoding="utf-8") as file:
                    file.write("\n".join(wrong) + "\n")
                print("FAIL %s (log %s)" % (test, log))
            elif parts or args.where == "host":
                print("PASS " + test)
                if parts:
                    os.unlink(log)
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
