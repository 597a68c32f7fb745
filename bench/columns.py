# SPDX-License-Identifier: GPL-2.0-only
"""The mounts that are compared: kinds of FUSE mount, and each policy on each of them."""

import os

from mounts import PLAIN

# Only to see that a command works; bench/run.sh says what it leaves out.
TRIAL = bool(os.environ.get("EXTFUSE_BENCH_TRIAL"))

# A tree that nobody else changes may be kept for as long as the mount lasts. While the VM waits for a disk,
# icount's clock leaps, by days in all: this is three years.
TUNED = "entry_timeout=1e8,attr_timeout=1e8,negative_timeout=1e8,cache=always," \
        "readdirplus=auto,no_xattr,clone_fd"
KINDS = {
    "fuse": PLAIN,
    "fuse-default": "entry_timeout=1,attr_timeout=1",
    "fuse-tuned": TUNED + ",writeback",
    # The kernel has either write-back or passthrough.
    "fuse-passthrough": TUNED + ",passthrough",
}
# Nothing may expire within a measurement.
POLICIES = {
    "never": "policy=never",
    "ttl": "policy=ttl,ttl=10000h",
    "lru": "policy=lru",
    "writeinval": "policy=writeinval",
    "ttl+lru": "policy=ttl+lru,ttl=10000h",
}
if TRIAL:
    POLICIES = {name: POLICIES[name] for name in ("never", "writeinval")}
ANSWERING = [name for name in POLICIES if name != "never"]
RELAXED = ",atime=relaxed"


def on(kind, policy, relaxed=False):
    return "%s,extfuse=require,%s%s" % (KINDS[kind], POLICIES[policy], RELAXED if relaxed else "")


def columns(kinds, relaxed):
    """{name: options, None for no mount}; a policy's name follows that of its kind and a slash."""
    found = {"native": None}
    for kind in kinds:
        found[kind] = KINDS[kind]
        for policy in POLICIES:
            found["%s/%s" % (kind, policy)] = on(kind, policy)
        for policy in ANSWERING if relaxed else ():
            found["%s/%s,relaxed" % (kind, policy)] = on(kind, policy, True)
    return found


def quick():
    """Each kind alone, each policy on plain FUSE."""
    found = columns(["fuse"], relaxed=False)
    found["fuse/writeinval,relaxed"] = on("fuse", "writeinval", True)
    for kind in "fuse-default", "fuse-tuned":
        found[kind] = KINDS[kind]
    return found


def full(workload):
    """All of them; data is also passed through."""
    kinds = ["fuse", "fuse-default", "fuse-tuned"]
    return columns(kinds + (["fuse-passthrough"] if workload.data else []), relaxed=True)


def narrow(found, names):
    """Of the columns those that are named, what they are compared with, and native."""
    wanted = {"native"}.union(names, map(baseline, names))
    for name in names:
        if name not in found:
            raise ValueError("no column '%s'; there are %s" % (name, " ".join(found)))
    return {name: options for name, options in found.items() if name in wanted}


def baseline(column):
    """The FUSE column that a policy is measured against."""
    return column.split("/")[0]
