#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rule: every source file starts with its licence and one sentence that says what it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

python3 - <<'END'
import re
import subprocess
import sys

files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                       check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
source = re.compile(r"\.(c|h|h\.in|sh|py|awk|cmake|pml|[1-8]|map)$|(^|/)(CMakeLists\.txt|Kbuild)$")
# A picture, a list or a page for readers needs no sentence; a patch has its own header.
bad = 0
for name in filter(None, files):
    if not source.search(name):
        try:
            with open(name, "rb") as file:
                if file.read(2) != b"#!":
                    continue
        except (FileNotFoundError, IsADirectoryError):
            continue
    try:
        with open(name, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        continue  # being removed
    if lines and lines[0].startswith("#!"):
        lines = lines[1:]
    if not lines or "SPDX-License-Identifier: " not in lines[0]:
        print(f"{name}: the first line has no SPDX-License-Identifier")
        bad += 1
        continue
    # The comment marker and the words behind it.
    sentence = " ".join(lines[1:5])
    if not re.match(r'\s*(/\*+|//|#+|\*|"""|\'\'\'|\.\\")?[\s*#]*\S+(\s+\S+){2,}', sentence):
        print(f"{name}: no sentence behind the licence that says what the file is")
        bad += 1
sys.exit(bool(bad))
END
