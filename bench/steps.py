#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of bench/steps.sh that measures hits of some objects, in the VM, and writes one JSON file.

steps.py ... COLUMN=OBJECTS...: the folders of handlers' and policies' objects, each measured on a mount of
its own.
"""

import json
import subprocess
import sys

from columns import on
from hits import arguments, measure_stat
from mounts import PATIENCE, Failed


def main():
    parser = arguments()
    parser.add_argument("--icount", action="store_true", help="its clock leaps")
    parser.add_argument("columns", nargs="+")
    args = parser.parse_args()
    if args.icount:
        PATIENCE["seconds"] = 1e6
    objects = dict(column.split("=", 1) for column in args.columns)
    columns = {name: on("fuse", "writeinval") for name in objects}
    try:
        stat = measure_stat(args, columns, objects)
        for name, asked in stat["asked"].items():
            # What it costs to ask the daemon is no figure of a hit.
            if asked >= args.repeats:
                raise Failed("%s: the daemon was asked %d times" % (name, asked))
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print("bench: %s" % error, file=sys.stderr)
        return 1
    with open(args.out, "w", encoding="ascii") as file:
        json.dump({"stat": stat}, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
