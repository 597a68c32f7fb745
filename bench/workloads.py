# SPDX-License-Identifier: GPL-2.0-only
"""What is measured on each mount: real commands on a real tree."""

import os
import shutil

from columns import TRIAL
from mounts import run

# What cells.py leaves in the top of each mount, for workloads that only read.
TREE = "tree"


class Workload:
    """A command and what it stands for. place: the mount, or the same directory without FUSE."""

    name = ""
    stands_for = ""
    quick = False
    # Reads and writes of contents are what takes its time.
    data = False
    # At most so many repeats; what takes minutes is repeated less often.
    rounds = 3
    # Short enough for a trial.
    trial = True
    # Too long where each instruction is counted.
    icount = True
    # The report says why its requests were not answered. Asking the policy before the command takes
    # a while, in which timeouts of a second end: nowhere else.
    reasons = False

    def before(self, place):
        """What has to be there, and the caches in a state that users know; not measured."""

    def command(self, place):
        """(words of the command, where it runs)"""
        raise NotImplementedError

    def after(self, place):
        """Removes what the command made; not measured."""

    def figures(self, output):
        """What else the command's output says, for the cell."""
        return {}

    def rehearsal(self, place):
        """A command that needs the same programs, which come from a slow disk the first time."""
        return self.command(place)


class Again(Workload):
    """A command that changes nothing, for the second time."""

    words = ()
    where = TREE

    def before(self, place):
        self.run(place)

    def run(self, place):
        words, where = self.command(place)
        run(*words, cwd=where)

    def command(self, place):
        return self.words, os.path.join(place.top, self.where)


class Stat(Again):
    name = "stat"
    stands_for = "a build that finds nothing to do: stat() of the same 150 files, 50 times"
    quick = True

    def command(self, place):
        folder = os.path.join(place.source, TREE, "crypto")
        names = sorted(os.listdir(folder))[:150]
        return [place.tools["statloop"], "50"] + names, os.path.join(place.top, TREE, "crypto")


class Find(Again):
    name = "find"
    stands_for = "a search by attributes: find -size +0 over the tree"
    words = ("find", ".", "-size", "+0")
    quick = True


class Ls(Again):
    name = "ls"
    stands_for = "a listing with owners, and two extended attributes a file for its ACL: ls -lR"
    words = ("ls", "-lR")


class FindLs(Again):
    name = "find-ls"
    stands_for = "the same listing without extended attributes: find -ls"
    words = ("find", ".", "-ls")


class GitStatus(Again):
    name = "git-status"
    stands_for = "a shell's prompt in a work tree: git status"
    words = ("git", "status", "--porcelain")
    quick = True


class GitDiff(Again):
    name = "git-diff"
    stands_for = "looking for changes, of which there are none: git diff"
    words = ("git", "diff", "--stat")


class Rsync(Again):
    name = "rsync"
    stands_for = "a backup of what has not changed: rsync -a of the tree to a copy of it"

    def command(self, place):
        return ("rsync", "-a", "--exclude=.git", "--stats", "./", place.copy + "/"), \
            os.path.join(place.top, TREE)


class Scratch(Workload):
    """A command that works in a directory of its own, made and removed through the mount."""

    def folder(self, place):
        return os.path.join(place.top, place.scratch)

    def before(self, place):
        os.mkdir(self.folder(place))

    def after(self, place):
        shutil.rmtree(self.folder(place))


class Untar(Scratch):
    name = "untar"
    reasons = True
    stands_for = "unpacking a source archive: tar -xf, 187 files"
    quick = True

    def command(self, place):
        return ("tar", "-xf", place.tar, "--no-same-owner"), self.folder(place)


class Delete(Scratch):
    name = "delete"
    stands_for = "cleaning up: rm -r of what was unpacked"

    def before(self, place):
        super().before(place)
        run("tar", "-xf", place.tar, "--no-same-owner", cwd=self.folder(place))

    def command(self, place):
        return ("sh", "-c", "rm -r ./*"), self.folder(place)


class Mix(Scratch):
    kind = ""
    count = 200

    def command(self, place):
        return (place.tools["mix"], self.kind, str(self.count)), self.folder(place)


class SmallFiles(Mix):
    name = "small-files"
    stands_for = "spools and temporary files: 200 times create, write, stat and unlink"
    kind = "small"


class Mail(Mix):
    name = "mail"
    stands_for = "a mail server: deliver with fsync and rename, mark, read, delete; 200 steps"
    kind = "mail"


class Web(Mix):
    name = "web"
    stands_for = "a web server: files that are read again and again, one that is missing, a log"
    kind = "web"


class Data(Scratch):
    """fio on one file. The larger it is the less fio's own start is of the time."""

    data = True
    mib = 4 if TRIAL else 64
    mode = ""

    def command(self, place):
        return ("fio", "--name=f", "--rw=" + self.mode, "--size=%dm" % self.mib, "--bs=" +
                ("4k" if self.mode.startswith("rand") else "128k"), "--ioengine=psync", "--randseed=1",
                "--minimal", "--fallocate=none"), self.folder(place)

    def before(self, place):
        super().before(place)
        if "read" in self.mode:
            with open(os.path.join(self.folder(place), "f.0.0"), "wb") as file:
                file.write(os.urandom(1 << 20) * self.mib)

    def figures(self, output):
        """Bandwidth of reads or of writes, in KiB/s: fields 7 and 48 of fio's terse version 3."""
        fields = next(line for line in output.splitlines() if line.startswith("3;")).split(";")
        return {"kib_s": int(fields[6 if "read" in self.mode else 47])}


class Read(Data):
    name = "read"
    stands_for = "reading a large file from one end to the other"
    mode = "read"


class RandomRead(Data):
    name = "random-read"
    stands_for = "a database's reads: 4 KiB at random"
    mode = "randread"


class Write(Data):
    name = "write"
    stands_for = "writing a large file from one end to the other"
    mode = "write"


class RandomWrite(Data):
    name = "random-write"
    stands_for = "a database's writes: 4 KiB at random"
    mode = "randwrite"


class Build(Scratch):
    """The paper's workload, cut down to what an emulated machine can compile."""

    name = "build"
    reasons = True
    parts = ("lib/math/", "kernel/locking/")
    stands_for = "make tinyconfig of the kernel, and make %s (its tools are there)" % " ".join(parts)
    rounds = 2
    trial = False
    icount = False

    def before(self, place):
        super().before(place)
        run("tar", "-xf", place.kernel, "--no-same-owner", cwd=self.folder(place))

    def command(self, place):
        return self.make(place, *self.parts)

    def rehearsal(self, place):
        return self.make(place, self.parts[0] + "gcd.o")

    def make(self, place, *goals):
        return ("sh", "-c", "make -s tinyconfig && make -s " + " ".join(goals)), self.folder(place)


WORKLOADS = [workload() for workload in (
    Stat, Find, Ls, FindLs, GitStatus, GitDiff, Untar, Delete, SmallFiles, Mail, Web, Rsync, Read,
    RandomRead, Write, RandomWrite, Build)]
