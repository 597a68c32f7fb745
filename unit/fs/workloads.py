# SPDX-License-Identifier: GPL-2.0-only
"""Workloads whose output has to be the same on every file system; each runs in an empty directory."""

import os
import random
import subprocess

WORKLOADS = {}

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
    for step in range(1500):
        call = rng.choice(sorted(calls))
        one, two = rng.choice(names), rng.choice(names)
        try:
            said = calls[call](one, two)
        except OSError as error:
            said = os.strerror(error.errno)
        lines.append("%d %s %s %s: %s" % (step, call, one, two, said))
    return "\n".join(lines) + "\n"


WORKLOADS["random_calls"] = random_calls

# Classes of Python's own tests that are about files and are quick.
PYTHON_TESTS = {
    "test.test_os": ["FileTests", "StatAttributeTests", "UtimeTests", "WalkTests", "MakedirTests",
                     "RemoveDirsTests", "LinkTests", "TestScandir", "ExtendedAttributeTests"],
    "test.test_posixpath": None,
    "test.test_glob": None,
    "test.test_genericpath": None,
}
PYTHON_TESTS_FULL = {
    "test.test_os": None, "test.test_posix": None, "test.test_shutil": None, "test.test_tarfile": None,
    "test.test_posixpath": None, "test.test_glob": None, "test.test_genericpath": None,
    "test.test_pathlib": None, "test.test_fileio": None, "test.test_tempfile": None,
}

PYTHON_RUN = r"""
import sys, unittest, importlib
loader = unittest.TestLoader()
suite = unittest.TestSuite()
for word in sys.argv[1:]:
    module, _, cls = word.partition(":")
    module = importlib.import_module(module)
    if not cls:
        suite.addTests(loader.loadTestsFromModule(module))
    elif hasattr(module, cls):
        suite.addTests(loader.loadTestsFromTestCase(getattr(module, cls)))

class Result(unittest.TestResult):
    def say(self, word, test):
        print(word, test.id(), flush=True)
    def addSuccess(self, test): self.say("ok", test)
    def addSkip(self, test, reason): self.say("skip", test)
    def addFailure(self, test, error): self.say("FAIL", test); print(self._exc_info_to_string(error, test), file=sys.stderr)
    def addError(self, test, error): self.say("ERROR", test); print(self._exc_info_to_string(error, test), file=sys.stderr)

suite.run(Result())
"""


def python_tests(full):
    words = []
    for module, classes in (PYTHON_TESTS_FULL if full else PYTHON_TESTS).items():
        words += ["%s:%s" % (module, cls) for cls in classes] if classes else [module]

    def workload(folder, _source):
        done = subprocess.run(["python3", "-c", PYTHON_RUN] + words, cwd=folder,
                              env=dict(ENV, TMPDIR=folder), check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        text = "\n".join(sorted(done.stdout.decode().splitlines()))
        workload.details = done.stderr.decode(errors="replace")
        return text + "\nexit %d\n" % done.returncode

    return workload
