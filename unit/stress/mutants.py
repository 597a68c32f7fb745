#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks that the oracle finds each planted bug, and nothing without one; in the VM, as root.

mutants.py --logs DIR [--filter GLOB] OBJECTS: the objects of each mutant are in OBJECTS/NAME, as
build-mutants.sh left them.
"""

import os
import shutil
import subprocess
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"),
                os.path.dirname(os.path.abspath(__file__))]

import vm  # noqa: E402
from run import ORACLE, make_mount  # noqa: E402

LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mutants/list")
# Other seeds until one finds it: the bug is there, what is tried is luck.
SECONDS = 400
SECONDS_RARE = 1500
READS = 3000
# The objects that build-mutants.sh leaves without a patch.
CONTROL = "none"
CONTROL_ALWAYS = ("writeinval", "races")


def violated(name, variant, config, objects, seed):
    """Whether the oracle finds an answer that is wrong."""
    mount, arguments = make_mount(variant, config)
    mount.env = {"EXTFUSE_OBJECT_PATH": os.path.join(objects, name)}
    vm.need(os.path.exists(mount.env["EXTFUSE_OBJECT_PATH"]), "%s was not built", name)
    mount.start()
    try:
        command = [ORACLE, "--first", "--seed", str(seed), "--reads", str(READS)] + arguments
        done = subprocess.run(command + [mount.src, mount.mnt], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode(errors="replace")
        print(" ".join(command) + "\n" + text, flush=True)
    finally:
        mount.stop()
    shutil.rmtree(mount.src, ignore_errors=True)
    if done.returncode == 1 and "violation: " in text:
        return True
    vm.same(done.returncode, 0, "exit code of the oracle")
    return False


def caught(name, variant, config, objects, seconds):
    end = time.monotonic() + seconds * vm.slowness()
    seed = 0
    while time.monotonic() < end:
        seed += 1
        if violated(name, variant, config, objects, seed):
            return
    raise vm.Failed("not found with %d seeds" % seed)


def quiet(variant, config, objects):
    """The control: the same build and the same mount without a planted bug."""
    vm.need(not violated(CONTROL, variant, config, objects, 1),
            "the oracle finds something without a bug")


def main():
    args = vm.arguments()
    runner = vm.Runner("fs", args)
    # The daemon works in a directory of its own.
    objects = os.path.abspath(os.environ["EXTFUSE_MUTANTS"])
    with open(LIST, encoding="ascii") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    rare_too = "EXTFUSE_MUTANTS_RARE" in os.environ
    for variant, config in sorted({(variant, config) for _, variant, config, *_ in rows}):
        full = "mutant_none_is_found_%s" % config
        wanted = rare_too or (variant, config) == CONTROL_ALWAYS
        if wanted and runner.selected(full, variant):
            runner.run(full, variant, quiet, variant, config, objects, timeout=SECONDS)
            vm.clean_up()
    for name, variant, config, *rare in rows:
        full = "mutant_%s_is_caught" % name
        if rare and not rare_too:
            continue
        seconds = SECONDS_RARE if rare else SECONDS
        if runner.selected(full, ""):
            with vm.timed(full):
                runner.run(full, "", caught, name, variant, config, objects, seconds,
                           timeout=seconds + 90)
                vm.clean_up()
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
