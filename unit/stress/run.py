#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the staleness oracle on each kind of mount, and the hammer; in the VM, as root."""

import json
import os
import shutil
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")]

import vm  # noqa: E402
from vm import NO_TIMEOUTS  # noqa: E402

ORACLE = os.path.join(vm.ROOT, "build/stress/oracle")
HAMMER = os.path.join(vm.ROOT, "build/stress/hammer")
VARIANTS = {
    "plain": (None, []),
    "never": ("never", []),
    "ttl": ("ttl", ["ttl=1h"]),
    "lru": ("lru", []),
    "writeinval": ("writeinval", []),
    "ttl+lru": ("ttl+lru", ["ttl=1h"]),
    "ttl+writeinval": ("ttl+writeinval", ["ttl=1h"]),
    "writeinval+lru": ("writeinval+lru", []),
    "s3fifo": ("s3fifo", []),
    "lease": ("lease", []),
    "daemon-fill": ("writeinval", ["fill=daemon"]),
    "daemon-fill-ttl+lru": ("ttl+lru", ["ttl=1h", "fill=daemon"]),
}
# What makes fills, changes and evictions race. Each: (options of the mount, arguments of the oracle).
NASTY = ["debug_delay_replies=3000", "debug_reuse_nodeid", "readdirplus=yes"]
VFS_CACHES = ["entry_timeout=0.02", "attr_timeout=0.02"]
CONFIGS = {
    # Everything at once; changes behind the mount may be seen late, but not be taken back.
    "races": (NO_TIMEOUTS + NASTY, ["--behind", "--pressure", "600"]),
    # Changes behind the mount are notified, so that every read has to see them.
    "notified": (NO_TIMEOUTS + NASTY, ["--behind", "--pressure", "1500"]),
    # The same, by leases that are taken back before such a change.
    "leased": (NO_TIMEOUTS + NASTY, ["--behind", "--lease", "--pressure", "4000"]),
    # Rows are refused or evicted all the time.
    "small": (NO_TIMEOUTS + NASTY + ["max_entries=16"], ["--behind", "--pressure", "600"]),
    # Replies to changes come so late that others see the change before.
    "slow": (NO_TIMEOUTS + ["debug_delay_replies=40000"],
             ["--per-change", "3", "--threads", "6", "--reads", "800"]),
    # Whoever asks anew, asks together with others, whose replies overtake each other.
    "behind": (NO_TIMEOUTS + NASTY, ["--behind-only", "--pressure", "120", "--threads", "6"]),
    # The VFS has caches of its own, for as long as two or three replies take. With these FUSE itself
    # shows what was before a change, now and then; but nothing may be taken back of what changes
    # behind the mount, once these caches have forgotten it.
    "timeouts": (VFS_CACHES + NASTY, ["--behind-only", "--kept", "20"]),
    # The same, with listings so rare that the VFS forgets what they told before the next one: then
    # it asks again, and what a listing told may not be taken back by a row.
    "walks": (VFS_CACHES + NASTY,
              ["--behind-only", "--kept", "20", "--per-change", "20", "--per-list", "200"]),
}
# The configurations of each variant, by the number of CPUs: what the others add is in one of these.
RUNS = {
    1: [("writeinval", "races"), ("lru", "small")],
    2: [(variant, "races") for variant in VARIANTS if variant != "lease"] +
       [(variant, "notified") for variant in ("plain", "writeinval", "ttl+lru", "daemon-fill")] +
       [(variant, "timeouts") for variant in ("plain", "writeinval", "ttl+lru", "lru")] +
       [(variant, config) for variant in ("plain", "writeinval") for config in ("slow", "behind")] +
       [("ttl+lru", "walks"), ("lease", "leased")] +
       [(variant, "small") for variant in ("writeinval", "lru", "s3fifo", "ttl+writeinval",
                                                 "daemon-fill")],
    4: [("ttl", "races"), ("writeinval+lru", "small"), ("plain", "races")],
}
# With --reduced, for a kernel on which a mount alone takes long: each configuration once.
REDUCED = {
    1: [("lru", "small")],
    2: [("writeinval", "races"), ("ttl+writeinval", "small"), ("ttl+lru", "notified"),
        ("lease", "leased"), ("writeinval", "slow"), ("writeinval", "behind"), ("lru", "timeouts"),
        ("ttl+lru", "walks")],
    4: [("ttl", "races")],
}
ANSWERABLE = ("LOOKUP", "GETATTR", "GETXATTR", "LISTXATTR")
# Of one run; what all of them together have to reach is checked at the end.
READS = 1100
FLOOR_ALL = 100000
FLOOR_CLASS = 5000
FLOOR_HITS = 0.30
HAMMER_SECONDS = 8


def make_mount(variant, config):
    """A mount of that variant and configuration, and what to tell the oracle about it."""
    policy, options = VARIANTS[variant]
    mount_options, arguments = CONFIGS[config]
    if variant in ("plain", "never"):
        mount_options = [option for option in mount_options if "max_entries" not in option]
    mount = vm.Mount("%s-%s" % (config, variant), mount_options + options, policy)
    if config in ("notified", "leased"):
        control = os.path.join(vm.WORK, "control")
        mount.options.append("control=" + control)
        arguments = arguments + ["--control", control]
    # Under leases too, if somebody grants them.
    mount.answers = mount.answers or config == "leased"
    return mount, arguments


def hit_ratio(mount):
    stats = mount.stats()
    asked = sum(stats.get(op, "requests") for op in ANSWERABLE)
    return sum(stats.hits(op) for op in ANSWERABLE) / max(asked, 1)


def stress(mount, arguments, seed, results):
    mount.start()
    try:
        reads = max(100, int(os.environ.get("EXTFUSE_STRESS_READS", READS)) // vm.shorter(10))
        command = [ORACLE, "--seed", str(seed), "--reads", str(reads)] + arguments
        done = subprocess.run(command + [mount.src, mount.mnt], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode(errors="replace")
        print(" ".join(command) + "\n" + text)
        vm.same(done.returncode, 0, "exit code of the oracle (replay: the command above)")
        found = json.loads(text.strip().splitlines()[-1])
        if mount.answers:
            found["hits"] = hit_ratio(mount)
        with open(results, "w", encoding="ascii") as file:
            json.dump(found, file)
    finally:
        mount.stop()
        shutil.rmtree(mount.src, ignore_errors=True)


def hammered(mount, seconds, results):
    """Tasks that preempt each other get the answers about the files that they ask about."""
    os.makedirs(mount.src, exist_ok=True)
    vm.same(vm.run(HAMMER, "--make", mount.src)[0], 0, "exit code of hammer --make")
    with mount:
        code, out, err = vm.run(HAMMER, "--seconds", str(seconds), mount.root,
                                timeout=seconds + 60)
        print(out + err)
        vm.same(code, 0, "exit code of the hammer")
        found = json.loads(out.strip().splitlines()[-1])
        vm.need(found["checks"] > 100 * seconds, "only %d checks", found["checks"])
        vm.need(found["preempted"] > 10 * seconds and found["signals"] > 10 * seconds,
                "hardly anybody was preempted: %s", found)
        vm.need(hit_ratio(mount) > 0.8, "only %.0f %% hits", 100 * hit_ratio(mount))
    # Where the runner finds it.
    with open(results, "w", encoding="ascii") as file:
        json.dump(found, file)


def enough(found, total, full_run):
    """Floors: what was not looked at cannot have been wrong."""
    for variant, config, result in found:
        # A cache of 16 rows is meant to miss.
        vm.need("hits" not in result or config == "small" or result["hits"] > FLOOR_HITS,
                "%s %s: only %.0f %% hits", variant, config, 100 * result.get("hits", 0))
    if full_run:
        vm.need(total["all"] >= FLOOR_ALL, "only %d checks", total["all"])
        for name, count in total.items():
            vm.need(count >= FLOOR_CLASS, "only %d checks of %s", count, name)


def main():
    args = vm.arguments()
    runner = vm.Runner("fs", args)
    seed = int(os.environ.get("EXTFUSE_STRESS_SEED", "1"))
    cpus = os.cpu_count()
    found = []
    runs = RUNS[cpus] if cpus in RUNS else RUNS[2]
    if args.reduced:
        runs = REDUCED.get(cpus, [])
    for variant, config in runs:
        name = "oracle_%s_on_%d_cpus" % (config, cpus)
        if not runner.selected(name, variant):
            continue
        mount, arguments = make_mount(variant, config)
        results = os.path.join(vm.WORK, "oracle.json")
        with vm.contextlib.suppress(FileNotFoundError):
            os.unlink(results)
        runner.run(name, variant, stress, mount, arguments, seed, results, timeout=420)
        vm.clean_up()
        if os.path.exists(results):
            with open(results, encoding="ascii") as file:
                result = json.load(file)
            found.append((variant, config, result))
            print("oracle: %s %s: %d checks, %d changes%s" %
                  (variant, config, result["checks"]["all"], result["changes"],
                   ", %.0f %% hits" % (100 * result["hits"]) if "hits" in result else ""),
                  flush=True)
    name = "no_answer_of_another_inode_on_%d_cpus" % cpus
    if cpus <= 2 and runner.selected(name, ""):
        mount = vm.Mount("hammer", NO_TIMEOUTS, "writeinval")
        results = os.path.join(vm.WORK, "hammer.json")
        runner.run(name, "", hammered, mount, HAMMER_SECONDS, results, timeout=90)
        vm.clean_up()
        if os.path.exists(results):
            with open(results, encoding="ascii") as file:
                print("oracle: hammer on %d CPUs: %s" % (cpus, file.read()), flush=True)
    if not found:
        return 1 if runner.failed else 0
    total = {}
    for _, _, result in found:
        if "hits" not in result:
            continue
        for name, count in result["checks"].items():
            total[name] = total.get(name, 0) + count
    print("oracle: checks where the cache answers: %s" % json.dumps(total), flush=True)
    if not args.reduced and runner.selected("oracle_checks_enough_on_%d_cpus" % cpus, ""):
        runner.run("oracle_checks_enough_on_%d_cpus" % cpus, "", enough, found, total,
                   cpus == 2 and len(found) == len(runs) and vm.shorter(10) == 1)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
