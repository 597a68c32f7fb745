#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: what docs/reliability.md names is there: tests, model runs, functions, files, filters of commands.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PYTHONDONTWRITEBYTECODE=1 python3 - docs/reliability.md <<'END'
import fnmatch
import glob
import importlib.util
import os
import re
import sys

PAGE = sys.argv[1]


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def module(path):
    sys.path[:0] = ["unit/lib", os.path.dirname(path)]
    spec = importlib.util.spec_from_file_location(path.replace("/", "_")[:-3], path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def first_words(path):
    return [line.split()[0] for line in text_of(path).splitlines()
            if line.strip() and not line.startswith("#")]


# Every name as the tests print it.
known = set()
for path in glob.glob("unit/test_*.c"):
    name = os.path.basename(path)[:-2]
    known.add("unit/" + name)
    # Defined, and in the table of what is run.
    source = text_of(path)
    for function in re.findall(r"^static void (\w+)\(void \*\*\w+\)", source, re.M):
        if re.search(r"test(_on_host)?(_with)?\(%s[,)]" % function, source):
            known.add("unit/%s.%s" % (name, function))
for path in glob.glob("unit/rules/*.sh"):
    known.add("unit/rule-" + os.path.basename(path)[:-3])
known |= {"unit/" + name for name in re.findall(r"add_test\(NAME (\w+) ", text_of("unit/CMakeLists.txt"))}
known |= {"unit/" + os.path.basename(path)[:-2] for path in glob.glob("unit/fuzz/fuzz_*.c")}

for path in glob.glob("unit/kernel/*.c"):
    known |= {"kernel/" + name for name in re.findall(r"^\tTEST\((\w+)\)", text_of(path), re.M)}
known |= {"kernel/" + os.path.basename(path)[len("check_"):-3] for path in glob.glob("unit/kernel/check_*.sh")}

mount = module("unit/mount/run.py")
handlers = {os.path.basename(path)[:-len(".bpf.c")] for path in glob.glob("handlers/*.bpf.c")}
core = {"mount/" + test.__name__ for test in mount.CORE}
per_variant = {name: set(mount.VARIANTS) | set(mount.CARELESS) |
               {"without-" + handler for handler in handlers} | set(mount.TIMEOUTS) for name in core}
for test in mount.SPECIAL:
    name = "mount/" + test.__name__
    per_variant[name] = set(mount.VARIANTS) - set(test.without)
    per_variant[name] |= {variant for variant, (_, specials) in mount.CARELESS.items()
                          if test.__name__ in specials}
    if test.group == "hard":
        per_variant[name] |= {"without-" + handler for handler in handlers.difference(mount.HARD_NEVER)}
for handler, test in mount.SINGLE_WITHOUT.items():
    per_variant.setdefault("mount/" + test, set()).add("without-" + handler)
known |= {"mount/" + test.__name__ for test in mount.SINGLE}

fs = module("unit/fs/run.py")
for name in fs.all_workloads(True):
    per_variant["fs/" + name] = set(fs.VARIANTS) | {"native"}
stress = module("unit/stress/run.py")
for cpus, runs in stress.RUNS.items():
    known.add("fs/oracle_checks_enough_on_%d_cpus" % cpus)
    for variant, config in runs:
        per_variant.setdefault("fs/oracle_%s_on_%d_cpus" % (config, cpus), set()).add(variant)
mutants = first_words("unit/stress/mutants/list")
known |= {"fs/mutant_%s_is_caught" % name for name in mutants}
for line in text_of("unit/stress/mutants/list").splitlines():
    if line.strip() and not line.startswith("#"):
        variant, config = line.split()[1:3]
        per_variant.setdefault("fs/mutant_none_is_found_" + config, set()).add(variant)
driver_mutants = first_words("unit/kernel/mutants/list")
known |= {"kernel/mutant_%s_is_caught" % name for name in driver_mutants}
known |= {"fs/no_answer_of_another_inode_on_%d_cpus" % cpus for cpus in (1, 2)}
known |= {"model/" + name for name in first_words("handlers/protocol/runs.list")}

FOLDERS = ("kernel/src", "kernel/patches", "handlers", "policies", "loader", "fs-examples")
sources = "\n".join(text_of(path) for folder in FOLDERS
                    for path in glob.glob(folder + "/**/*", recursive=True) if os.path.isfile(path))

bad = []
page = text_of(PAGE)
spans = re.findall(r"`([^`\n]+)`", page)


def exists(span):
    name, bracket, variant = span.partition("[")
    if not bracket:
        return span in known
    variant = variant.rstrip("]").removesuffix(":debug")
    return name in per_variant and (variant == "*" or variant in per_variant[name])


for span in spans:
    command = re.search(r"--filter '?([^' ]+)", span)
    if command:
        tier = re.search(r"--tier (\w+)", span)
        names = [name for name in known if not tier or name.startswith(tier[1] + "/")]
        names += ["%s[%s]" % (name, variant) for name, variants in per_variant.items()
                  for variant in variants if not tier or name.startswith(tier[1] + "/")]
        glob_of = command[1]
        if not any(fnmatch.fnmatchcase(name, glob_of) or
                   fnmatch.fnmatchcase(name.split("/", 1)[1], glob_of) for name in names):
            bad.append("%s selects no test" % span)
    elif re.fullmatch(r"(unit|kernel|mount|fs|model)/[\w.-]+(\[[^\]]+\])?", span) and not os.path.exists(span):
        if not exists(span):
            bad.append("there is no test %s" % span)
    elif re.fullmatch(r"\w+\(\)", span):
        if not re.search(r"\b%s\(" % span[:-2], sources):
            bad.append("there is no function %s" % span)
    elif re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", span) and not span.startswith("--"):
        if not os.path.exists(span):
            bad.append("there is no file %s" % span)
for name in mutants:
    row = re.search(r"^\| `fs/mutant_%s_is_caught` \|.*$" % name, page, re.M)
    if not row:
        bad.append("the planted bug %s is not in its table" % name)
    elif "`model/m_" not in row[0]:
        bad.append("the planted bug %s has no twin in the model" % name)
for name in driver_mutants:
    if "`kernel/mutant_%s_is_caught`" % name not in page:
        bad.append("the planted bug %s of the driver is not on the page" % name)
for number in range(1, 17):
    if not re.search(r"^\| A%d .*`" % number, page, re.M):
        bad.append("the trap A%d has no row, or one that names nothing" % number)
if len(spans) < 100:
    bad.append("only %d names were found: is the page read as it is meant?" % len(spans))
for line in bad:
    print("%s: %s" % (PAGE, line))
sys.exit(bool(bad))
END
