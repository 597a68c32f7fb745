# SPDX-License-Identifier: GPL-2.0-only
"""How unit/fs/run.py judges differences, and that the page it reads is in order."""

import os
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), folder) for folder in ("fs", "lib")]

import known  # noqa: E402
import run  # noqa: E402
import workloads  # noqa: E402

TABLE = [
    known.Row(["posix", "open *", "all", "0", "EOPNOTSUPP*", "always", "reason"]),
    known.Row(["posix", "slow", "ttl, lru", "*", "*", "sometimes", "reason"]),
]


def complaints(native, mount, variant="plain"):
    return known.complaints("posix", variant, native, mount, True, TABLE)


class Judging(unittest.TestCase):
    def test_listed_difference_is_accepted(self):
        self.assertEqual(complaints("open x: 0\n", "open x: EOPNOTSUPP (expected 0)\n"), [])

    def test_unlisted_difference_fails(self):
        wrong = complaints("open x: 0\nstat: 0\n", "open x: EOPNOTSUPP\nstat: ENOENT\n")
        self.assertEqual(wrong, ["stat: ENOENT, natively 0"])

    def test_other_value_than_the_listed_one_fails(self):
        self.assertIn("open x: EIO, natively 0", complaints("open x: 0\n", "open x: EIO\n"))

    def test_missing_and_additional_lines_fail(self):
        wrong = complaints("open x: 0\ngone: 1\n", "open x: EOPNOTSUPP\nnew: 2\n")
        self.assertEqual(wrong, ["gone: not there, natively 1", "new: 2, natively not there"])

    def test_second_line_of_a_name_is_compared_too(self):
        wrong = complaints("open x: 0\na: 1\na: 1\n", "open x: EOPNOTSUPP\na: 1\na: 2\n")
        self.assertEqual(wrong, ["a (2): 2, natively 1"])

    def test_listed_difference_that_is_gone_fails(self):
        wrong = complaints("open x: 0\n", "open x: 0\n")
        self.assertEqual(len(wrong), 1)
        self.assertIn("lists what does not differ: posix open *", wrong[0])

    def test_row_is_about_its_mounts_alone(self):
        native, mount = "open x: 0\nslow: 1\n", "open x: EOPNOTSUPP\nslow: 2\n"
        self.assertEqual(complaints(native, mount, "ttl"), [])
        self.assertEqual(complaints(native, mount, "never"), ["slow: 2, natively 1"])

    def test_text_has_to_be_equal(self):
        self.assertEqual(known.complaints("git", "plain", "a\n", "a\n", False), [])
        self.assertTrue(known.complaints("git", "plain", "a\n", "b\n", False))


class Page(unittest.TestCase):
    def test_rows_name_workloads_and_mounts(self):
        found = known.rows()
        self.assertGreater(len(found), 5)
        for row in found:
            self.assertIn(row.workload, workloads.KEYED)
            for mount in row.mounts or []:
                self.assertIn(mount, run.VARIANTS)

    def test_wrong_rows_are_refused(self):
        for cells in ("| posix | a | all | 0 | 1 | never | why |", "| posix | a | all | 0 | 1 | always | |"):
            with tempfile.NamedTemporaryFile("w", suffix=".md") as file:
                file.write("| workload | b | c | d | e | f | g |\n|---|---|---|---|---|---|---|\n%s\n" % cells)
                file.flush()
                with self.assertRaises(ValueError):
                    known.rows(file.name)


if __name__ == "__main__":
    unittest.main()
