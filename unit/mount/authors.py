# SPDX-License-Identifier: GPL-2.0-only
"""Tests of handlers and policies that are not built in: the author's own, careless, rejected ones."""

import errno
import glob
import os

import vm
from special import NO_TIMEOUTS, prepare, put, refusal, single, warm
from vm import Failed, Mount, facts, in_child, need, run, same

UNIT = os.path.join(vm.ROOT, "build", "unit")
# Projects that were built against an installed copy (unit/author_projects.sh).
AUTHOR = os.path.join(vm.ROOT, "build", "author")


def careless_handlers(spared=()):
    """handler= options for every handler of unit/careless but the spared ones."""
    objects = [path for path in sorted(glob.glob(UNIT + "/careless/*.bpf.o"))
               if os.path.basename(path)[:-len(".bpf.o")] not in spared]
    need(objects, "no objects in %s/careless", UNIT)
    return ["handler=" + path for path in objects]


def fails_with(expected, function, *args):
    try:
        function(*args)
    except OSError as error:
        same(error.errno, expected, "errno")
        return
    raise Failed("%r succeeded" % (args,))


def as_user(uid, function, *args):
    def change():
        os.setresuid(uid, uid, uid)
        return function(*args)
    return in_child(change)


def create(path):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))


@single()
def handler_of_a_new_project():
    """What 'extfuse new handler' writes takes the place of the built-in handler, and keeps its promise."""
    options = NO_TIMEOUTS + ["allow_other", "deny_uid=1234", "ttl=1h"]
    options += ["handler=./%s/build/%s.bpf.o" % (name, name) for name in ("deny", "look")]
    m = Mount("new-handlers", options, "ttl")
    m.cwd = AUTHOR
    with m:
        os.chmod(m.src, 0o777)
        put(os.path.join(m.src, "f"))
        warm(m, "f")
        as_user(1235, create, os.path.join(m.mnt, "by-another"))
        fails_with(errno.EACCES, as_user, 1234, create, os.path.join(m.mnt, "by-him"))
        same(sorted(os.listdir(m.src)), ["by-another", "f"], "files")
        same(m.stats().get("CREATE", "negative_hits"), 1, "refusals")
        # He may do what is not refused, and the refusal left nothing behind.
        same(as_user(1234, facts, os.path.join(m.mnt, "f"))[4], ["st_size", 1], "seen by him")
        warm(m, "f", "by-another")
        with open(os.path.join(m.mnt, "f"), "a", encoding="utf-8") as file:
            file.write("more")
        same(os.stat(os.path.join(m.mnt, "f")).st_size, 5, "size after a change")


@single()
def policy_of_a_new_project():
    """So does what 'extfuse new policy' writes; it combines with a built-in one."""
    m = Mount("new-policy", NO_TIMEOUTS + ["mine_life=1h"], "build/mine.bpf.o+lru")
    m.cwd = AUTHOR + "/mine"
    with m:
        put(os.path.join(m.src, "f"))
        warm(m, "f")
        before = m.opstats().get("LOOKUP", 0)
        for _ in range(3):
            facts(os.path.join(m.mnt, "none"))
        same(m.opstats().get("LOOKUP", 0) - before, 3, "LOOKUPs of a name that is not kept")
        code, out, err = run(vm.EXTFUSE, "status")
        same((code, err), (0, ""), "status")
        need("%s mine+lru " % m.mnt in out, "status does not name the policy:\n%s", out)


@single()
def bytecode_test_of_a_new_project():
    """The test that its author runs as root: the same cases, with the object in this kernel."""
    code, out, err = run(AUTHOR + "/mine/build/test_mine_bytecode", timeout=120)
    same((code, out.count("[       OK ]") + err.count("[       OK ]")), (0, 3), "exit and cases of\n" + out + err)


@single()
def mounts_by_mount_and_fstab():
    """mount -t fuse.stackfs, and a line in fstab, through Debian's mount.fuse3."""
    src, mnt = prepare("fstab")
    put(os.path.join(src, "f"))
    for program in (vm.STACKFS, vm.EXTFUSE):
        link = "/usr/local/bin/" + os.path.basename(program)
        if not os.path.lexists(link):
            os.symlink(program, link)
    with open("/etc/fstab", "a", encoding="utf-8") as file:
        file.write("%s %s fuse.stackfs defaults,noauto,policy=ttl+lru,ttl=1h,extfuse=require 0 0\n" %
                   (src, mnt))
    for command in (["mount", "-t", "fuse.stackfs", "-o", "policy=writeinval,extfuse=require", src, mnt],
                    ["mount", mnt]):
        code, out, err = run(*command)
        same((code, out, err), (0, "", ""), " ".join(command))
        same(os.stat(os.path.join(mnt, "f")).st_size, 1, "size")
        code, out, err = run("findmnt", "-no", "FSTYPE,SOURCE", mnt)
        same(out.split(), ["fuse.stackfs", src], "type and source")
        code, out, err = run(vm.EXTFUSE, "status")
        policy = "writeinval" if "-t" in command else "ttl+lru"
        need(any(line.startswith("%s %s " % (mnt, policy)) and line.endswith(" attached")
                 for line in out.splitlines()), "after %s:\n%s%s", " ".join(command), out, err)
        code, out, err = run("umount", mnt)
        same((code, err), (0, ""), "umount")
    # What is wrong is said, and mount(8) fails.
    code, out, err = run("mount", "-t", "fuse.stackfs", "-o", "policy=nosuch", src, mnt)
    need(code != 0 and "nosuch" in err, "policy=nosuch: exit %d: %s", code, err)
    same(vm.mounted(mnt), None, "a mount")


def rejected(name, source, complaint, advice):
    path = "%s/rejected/%s.bpf.o" % (UNIT, name)
    refusal("handler_of_" + name, "policy=ttl,handler=" + path,
            path, "on_ACCESS", "near: ", source, "@ %s.bpf.c:" % name, complaint, advice)


rejected("null_row", "*count += 1;", "map_value_or_null", "compare the pointer with NULL")
rejected("writes_context", "ctx->uid = 0;", "bpf_context access", "write none")
rejected("endless", "while (waited < 1)", "infinite loop", "constant bound")
# The program is a built-in handler's; what is named is the policy that it calls.
refusal("policy_of_careless_age", "policy=%s/rejected/careless_age.bpf.o" % UNIT,
        "refuses %s/rejected/careless_age.bpf.o, which " % UNIT, " calls: ", "near: ", "return *age",
        "@ careless_age.bpf.c:", "map_value_or_null", "compare the pointer with NULL")
refusal("misspelled_opcode", "policy=ttl,handler=" + UNIT + "/loader/broken/unknown_slot.bpf.o",
        "unknown_slot.bpf.o", "unknown_slot.bpf.c:", "LOOKUP")
refusal("misspelled_hook", "policy=" + UNIT + "/loader/broken/unknown_hook.bpf.o",
        "ext_policy_frehs", "ext_policy_fresh meant")
refusal("two_handlers_of_one_opcode", "policy=ttl,handler=%s/look/build/look.bpf.o,handler=%s/careless/lookup.bpf.o" %
        (AUTHOR, UNIT), "duplicate slot", "look.bpf.o", "lookup.bpf.o")
