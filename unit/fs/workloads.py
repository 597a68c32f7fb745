# SPDX-License-Identifier: GPL-2.0-only
"""Workloads whose output has to be the same on every file system; each runs in an empty directory."""

import glob
import os
import random
import subprocess

from vm import scale

WORKLOADS = {}
# Workloads whose lines are "KEY: VALUE", each a result of its own, which docs/known-differences.md
# may name.
KEYED = set()

# On a mount for several users, with set-ID programs and device files (and with default_permissions).
OPEN_TO_ALL = {"posix", "exercise"}
# One file, for whose name the VFS may never ask again as long as its own timeout lasts.
ONE_NAME = {"exercise"}
# What these do, and print, is less where repetitions are divided.
SCALED = {"random_calls"}

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "fs")

ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/run", "PYTHONDONTWRITEBYTECODE": "1",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}
LIST = r"find . -mindepth 1 -type f -printf '%P %y %m %n %s\n' -o -mindepth 1 -printf '%P %y %m %n %l\n'"


def execute(command, folder, source):
    done = subprocess.run(command, cwd=folder, env=dict(ENV, SOURCE=source, TMPDIR=folder), check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="replace").replace(folder, "DIR")
    return text + "exit %d\n" % done.returncode


def shell(name, script):
    script = "list() { " + LIST + " | sort; }\n" + script
    WORKLOADS[name] = lambda folder, source: execute(["bash", "-ec", script], folder, source)


shell("tar", r"""
tar -C "$SOURCE" -cf tree.tar .
mkdir one two
tar -C one -xf tree.tar
(cd one && list) >one.list
wc -l <one.list
sha256sum <one.list
diff -r "$SOURCE" one
cp -a one/. two/
diff -r one two
(cd two && list) | diff one.list -
tar -C two --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . | sha256sum
tar --compare -C two -f tree.tar && echo same
rm -r one two
ls -A
""")

shell("git", r"""
git -c init.defaultBranch=main init -q work
cp -r "$SOURCE"/. work/
cd work
git add -A
git commit -q -m one
git rev-parse HEAD
git status --porcelain
git ls-files >../names
echo changed >>"$(head -n 1 ../names)"
git mv "$(tail -n 1 ../names)" moved
rm "$(sed -n 3p ../names)"
echo new >untracked
git status --porcelain
git stash -q
git status --porcelain
git stash pop -q
git status --porcelain
git checkout -q -b side
git add -A
git commit -q -m two
git rev-parse HEAD
git checkout -q main
git status --porcelain
git merge -q --no-edit side
git fsck --no-progress
cd ..
git clone -q work clone
cd clone
git status --porcelain
git log --format='%H %s'
git diff --stat HEAD~1
list | grep -v '^\.git' | sha256sum
""")

shell("git_maintenance", r"""
git -c init.defaultBranch=main init -q work
cp -r "$SOURCE"/unit/lib "$SOURCE"/docs work/
cd work
git add -A
git commit -q -m one
git rm -q -r lib
echo changed >>docs/hacking.md
git commit -q -a -m two
git checkout -q HEAD~1
git status --porcelain
git gc -q
git count-objects -v | grep -E 'count|in-pack|packs|garbage'
git checkout -q main
git status --porcelain
git fsck --no-progress --full
git clone -q --no-local . ../clone
cd ../clone
git status --porcelain
git repack -q -a -d
git fsck --no-progress --full
list | grep -v '^\.git' | sha256sum
""")

shell("files", r"""
printf 'b\na\nc\n' >f
sort -o f f; cat f
sed -i 's/a/A/' f; cat f
ln f g; ln -s f l; stat -c '%h %s %F' f g l
mv g h; cat h; stat -c '%h' f; rm h; stat -c '%h' f
mkdir -p a/b/c; touch a/b/c/x; mv a z; ls -R
chmod 600 f; stat -c '%a' f; cat l
for i in 1 2 3 4 5; do echo "$i" >>log; wc -c <log; done
truncate -s 1 log; cat log; echo; truncate -s 9 log; wc -c <log
cp log copy; cmp log copy && echo same
dd if=/dev/zero of=big bs=64k count=4 status=none; sha256sum big
dd if=f of=big bs=1 seek=100 conv=notrunc status=none; sha256sum big
rsync -a --delete z/ y/; rsync -ai --delete z/ y/
echo more >z/new; rsync -ai --delete z/ y/
install -D -m 750 f deep/er/f; stat -c '%a' deep/er/f
rm -rf z y deep; ls
(flock -n 9 && echo locked) 9>lock
for i in 1 2 3; do
	test -e nothing || echo absent
	touch nothing
	test -e nothing && echo there
	rm nothing
done
test -e nothing || echo absent
setfattr -n user.a -v 1 f
getfattr --only-values -n user.a f; echo
setfattr -x user.a f
getfattr -d f
list
""")

shell("sqlite", r"""
sqlite3 db 'create table t(a integer primary key, b text); begin;' \
	"with recursive n(i) as (select 1 union all select i+1 from n where i<200) insert into t select i, 'row '||i from n;" 'commit;'
sqlite3 db 'select count(*), sum(a) from t;'
sqlite3 db 'update t set b = b || "x" where a % 3 = 0;'
sqlite3 db 'pragma journal_mode=wal; insert into t(b) values("wal"); select count(*) from t;'
sqlite3 db 'pragma integrity_check; select sum(length(b)) from t;'
ls
""")


shell("tar_attributes", r"""
mkdir one two
cd one
echo text >f; ln f g; ln -s f l; mkfifo p; mkdir d; echo more >d/f
truncate -s 256K d/holes; echo end >>d/holes
chown 1000:2000 f; chown -h 1000 l; chmod 4750 f; chmod 1777 d
setfattr -n user.a -v value f
setfattr -n user.empty f
setfattr -n trusted.t -v trusted d
setfattr -n user.long -v "$(printf '%04000d' 1)" d/f
setfacl -m u:1000:rw,g:2000:r d/holes
setfacl -d -m u:1000:rwx,o::- d
setcap cap_net_raw+ep d/f
find . -depth -exec touch -h -d @1000000000.123456789 {} +
cd ..
archive() {
	tar -C "$1" --xattrs --xattrs-include='*' --acls --sort=name --format=pax \
		--pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' -cf "$1.tar" .
}
archive one
sha256sum <one.tar
tar -C two --xattrs --xattrs-include='*' --acls -xpf one.tar
archive two
cmp one.tar two.tar && echo same archive
tar --compare -C two --xattrs --acls -f one.tar && echo nothing differs
for folder in one two; do
	cd $folder
	list
	find . -printf '%p %T@ %U %G\n' | sort
	getfattr -d -m - -h -e hex -- $(find . | sort) | cut -c 1-200
	getfacl -R -n -p .
	getcap -r .
	cd ..
done
""")

shell("rsync", r"""
cp -a "$SOURCE"/unit/fs src
setfattr -n user.a -v value src/run.py; setfacl -m u:1000:r src/run.py; ln src/run.py src/hard
# Times are set: whether two changes fall into one tick is not what is compared.
settle() { find src -depth -exec touch -h -d "@$1" {} +; }
settle 1000000000
synchronize() { rsync -aHAX --delete --out-format='%i %n' "$@" src/ dst/ | sort; }
synchronize
echo unchanged; synchronize; synchronize --checksum
diff -r src dst && echo same
echo changed >>src/workloads.py; rm src/hard; mkdir src/new; echo new >src/new/file; chmod 600 src/run.py
setfattr -n user.b -v value src/run.py
settle 1000000100
echo changed; synchronize
echo unchanged; synchronize
echo in place; echo more >>src/workloads.py; settle 1000000200; synchronize --inplace --no-whole-file
echo unchanged; synchronize
diff -r src dst && echo same
(cd dst && list)
getfacl -n -p dst/run.py; getfattr -d dst/run.py
rsync -a --remove-source-files dst/ moved/ && find dst -type f
echo unchanged; rsync -an --delete --out-format='%i %n' src/ moved/ | sort
""")

# A library and a program, built by make and gcc; then again, after one change, and after a touch.
shell("build", r"""
mkdir src
for i in 1 2 3; do
	printf '#include "all.h"\nint f%d(int x) { return x * %d; }\n' $i $i >src/f$i.c
done
printf 'int f1(int);\nint f2(int);\nint f3(int);\n' >src/all.h
printf '#include "all.h"\nint main(void) { return f1(1) + f2(1) + f3(1); }\n' >src/main.c
cat >Makefile <<'END'
CFLAGS = -O1 -MMD -Isrc
objects = $(patsubst src/%.c,out/%.o,$(wildcard src/f*.c))
out/program: out/main.o out/libf.a
	@echo link
	@$(CC) -o $@ $^
out/%.o: src/%.c | out
	@echo compile $<
	@$(CC) $(CFLAGS) -c -o $@ $<
out/libf.a: $(objects)
	@echo archive
	@rm -f $@
	@ar rcD $@ $^
out:
	@mkdir out
-include $(wildcard out/*.d)
END
make && { out/program || echo $?; }
make
sleep 0.05
printf 'int f2(int x) { return x * 20; }\n' >src/f2.c
make && { out/program || echo $?; }
touch src/all.h
make -n | grep -c compile
sha256sum out/*.o out/libf.a
rm -r out
ls
""")


def random_calls(folder, _source):
    """The same calls in the same order, with what each says."""
    rng = random.Random(7)
    names = ["a", "b", "c", "d", "sub/a", "sub/b", "sub/deep/a"]
    lines = []

    def stat_of(name):
        st = os.lstat(os.path.join(folder, name))
        return "%o %d %d" % (st.st_mode, st.st_nlink, -1 if os.path.isdir(os.path.join(folder, name))
                             else st.st_size)

    def write(name, flags, data):
        fd = os.open(os.path.join(folder, name), flags, 0o644)
        try:
            return os.write(fd, data)
        finally:
            os.close(fd)

    calls = {
        "stat": lambda a, b: stat_of(a),
        "exists": lambda a, b: os.path.lexists(os.path.join(folder, a)),
        "list": lambda a, b: sorted(os.listdir(os.path.join(folder, os.path.dirname(a)))),
        "read": lambda a, b: len(open(os.path.join(folder, a), "rb").read()),
        "create": lambda a, b: write(a, os.O_WRONLY | os.O_CREAT | os.O_EXCL, b"new"),
        "append": lambda a, b: write(a, os.O_WRONLY | os.O_CREAT | os.O_APPEND, b"more"),
        "truncate": lambda a, b: os.truncate(os.path.join(folder, a), 2),
        "rename": lambda a, b: os.rename(os.path.join(folder, a), os.path.join(folder, b)),
        "link": lambda a, b: os.link(os.path.join(folder, a), os.path.join(folder, b)),
        "symlink": lambda a, b: os.symlink(b, os.path.join(folder, a)),
        "unlink": lambda a, b: os.unlink(os.path.join(folder, a)),
        "mkdir": lambda a, b: os.mkdir(os.path.join(folder, a)),
        "rmdir": lambda a, b: os.rmdir(os.path.join(folder, a)),
        "chmod": lambda a, b: os.chmod(os.path.join(folder, a), 0o600),
    }
    os.makedirs(os.path.join(folder, "sub/deep"))
    for step in range(scale(1500)):
        call = rng.choice(sorted(calls))
        one, two = rng.choice(names), rng.choice(names)
        try:
            said = calls[call](one, two)
        except OSError as error:
            said = os.strerror(error.errno)
        lines.append("%d %s %s %s: %s" % (step, call, one, two, said))
    return "\n".join(lines) + "\n"


WORKLOADS["random_calls"] = random_calls

KEYED.add("posix")
WORKLOADS["posix"] = lambda folder, _source: execute([os.path.join(PROGRAMS, "posix"), folder], folder, "")


def exercise(seeds, ops):
    def workload(folder, _source):
        text = ""
        for seed in range(1, seeds + 1):
            text += execute([os.path.join(PROGRAMS, "exercise"), "--seed", str(seed), "--ops",
                             str(ops), os.path.join(folder, "f")], folder, "")
        return text

    return workload


# Python's own tests of these modules, of some only these classes; the long forms have all.
PYTHON = {
    "python_mmap": ("test.test_mmap", None),
    "python_os": ("test.test_os", None),
    "python_posix": ("test.test_posix", None),
    "python_shutil": ("test.test_shutil", None),
    # All but those that pack, and those that start Python anew.
    "python_tarfile": ("test.test_tarfile", [
        "UstarReadTest", "ListTest", "MiscReadTest", "StreamReadTest", "MemberReadTest", "GNUReadTest",
        "PaxReadTest", "WriteTest", "StreamWriteTest", "GNUWriteTest", "DeviceHeaderTest", "CreateTest",
        "CreateWithXModeTest", "HardlinkTest", "PaxWriteTest", "UstarUnicodeTest", "AppendTest",
        "LinkEmulationTest", "NumericOwnerTest"]),
}
# Left out but in the long forms: a walk of hundreds of directories within each other, classes that are
# about processes and the environment, and one that wants TCP, which the VM's kernel has not.
PYTHON_LEFT_OUT = ("test_walk_many_open_files", "EnvironTests", "ForkTests", "SpawnTests", "URandomTests",
                   "URandomFDTests", "PosixUidGidTests", "TestPosixSpawn", "TestPosixSpawnP", "TestSendfile")
PYTHON_MORE = ("test.test_posixpath", "test.test_glob", "test.test_genericpath", "test.test_pathlib",
               "test.test_fileio", "test.test_tempfile")

PYTHON_RUN = r"""
import sys, unittest, importlib
loader = unittest.TestLoader()
suite = unittest.TestSuite()
def tests_of(suite):
    for test in suite:
        yield from tests_of(test) if isinstance(test, unittest.TestSuite) else [test]
left_out = sys.argv[1].split(",")
for word in sys.argv[2:]:
    module, _, cls = word.partition(":")
    module = importlib.import_module(module)
    if not cls:
        found = loader.loadTestsFromModule(module)
    else:
        found = loader.loadTestsFromTestCase(getattr(module, cls))
    suite.addTests(test for test in tests_of(found) if not set(test.id().split(".")) & set(left_out))

class Result(unittest.TestResult):
    def say(self, word, test):
        print("%s: %s" % (test.id(), word), flush=True)
    def addSuccess(self, test): self.say("ok", test)
    def addSkip(self, test, reason): self.say("skip", test)
    def addFailure(self, test, error): self.say("FAIL", test); print(self._exc_info_to_string(error, test), file=sys.stderr)
    def addError(self, test, error): self.say("ERROR", test); print(self._exc_info_to_string(error, test), file=sys.stderr)

suite.run(Result())
"""


def python_tests(modules, classes, left_out=()):
    words = ["%s:%s" % (modules[0], cls) for cls in classes] if classes else list(modules)

    def workload(folder, _source):
        done = subprocess.run(["python3", "-c", PYTHON_RUN, ",".join(left_out)] + words, cwd=folder,
                              env=dict(ENV, TMPDIR=folder), check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        text = "\n".join(sorted(done.stdout.decode().splitlines()))
        workload.details = done.stderr.decode(errors="replace")
        return text + "\nexit %d\n" % done.returncode

    return workload


# stress-ng's stressors of its class filesystem (and some that move file data), with what makes the
# large ones small.
STRESSORS = {
    name: [] for name in """access chdir chmod chown copy-file dentry dir dirdeep dirmany dup fcntl
    file-ioctl filename flock fsize fstat getdent handle hdd io lease locka lockf
    lockofd mknod open rename touch utime seek sendfile splice revio""".split()
}
STRESSORS["chdir"] = ["--chdir-dirs", "64"]
STRESSORS["copy-file"] = ["--copy-file-bytes", "1M"]
STRESSORS["hdd"] = ["--hdd-bytes", "1M"]
STRESSORS["seek"] = ["--seek-size", "1M"]
STRESSORS["revio"] = ["--revio-bytes", "1M"]
STRESSORS["sendfile"] = ["--sendfile-size", "64K"]
STRESSORS_LONG = {
    "fallocate": ["--fallocate-bytes", "8M"], "fpunch": [], "inode-flags": [], "iomix": ["--iomix-bytes", "8M"],
    "sync-file": ["--sync-file-bytes", "8M"], "chattr": [], "inotify": [], "link": [],
    "symlink": [], "xattr": [], "fiemap": ["--fiemap-bytes", "8M"], "verity": [],
}
STRESS_RESULTS = {0: "passed", 2: "failed", 3: "skipped", 4: "skipped"}


def stress_ng(stressors, ops):
    def workload(folder, _source):
        lines = []
        workload.details = ""
        for name, options in stressors.items():
            done = subprocess.run(["stress-ng", "--" + name, "1", "--%s-ops" % name, str(ops),
                                   "--verify", "--timeout", "20", "--temp-path", folder] + options,
                                  cwd=folder, env=ENV, check=False, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            result = STRESS_RESULTS.get(done.returncode, "exit %d" % done.returncode)
            lines.append("%s: %s" % (name, result))
            if result != "passed":
                workload.details += done.stdout.decode(errors="replace")
        return "\n".join(lines) + "\nexit 0\n"

    return workload


WORKLOADS["exercise"] = exercise(2, 500)
WORKLOADS["stress_ng"] = stress_ng(STRESSORS, 2)
for _name, (_module, _classes) in PYTHON.items():
    WORKLOADS[_name] = python_tests([_module], _classes, PYTHON_LEFT_OUT)

# Only with --full, on one kind of mount.
LONG = {
    "exercise_long": exercise(10, 5000),
    "stress_ng_long": stress_ng(dict(STRESSORS, **STRESSORS_LONG), 5),
    "python_os_long": python_tests(["test.test_os"], None),
    "python_posix_long": python_tests(["test.test_posix"], None),
    "python_tarfile_long": python_tests(["test.test_tarfile"], None),
    "python_more_long": python_tests(PYTHON_MORE, None),
}


def workloads(full):
    """Every workload by its name."""
    return dict(WORKLOADS, **LONG) if full else dict(WORKLOADS)


# These take their time: without --full each of them runs natively and on these mounts alone.
SOME_MOUNTS = {
    "python_mmap": ("plain", "writeinval"),
    "python_os": ("ttl",),
    "python_posix": ("lru",),
    "python_shutil": ("writeinval",),
    "python_tarfile": ("ttl+lru",),
    "stress_ng": ("plain", "writeinval"),
    "git_maintenance": ("plain", "lru"),
    "tar_attributes": ("plain", "never", "ttl", "writeinval"),
    "rsync": ("plain", "never", "lru", "daemon-fill"),
    "build": ("plain", "never", "writeinval"),
}
KEYED |= set(PYTHON) | {"stress_ng"} | set(LONG) - {"exercise_long"}
