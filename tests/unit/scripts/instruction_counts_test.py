#!/usr/bin/env python3
"""scripts/lib/instruction_counts.py: reading callgrind's profile, and what is judged how."""

import os
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(os.environ["PITSER_SOURCE_DIR"]) / "scripts/lib"))
import instruction_counts  # noqa: E402

PROFILE = """\
version: 1
creator: callgrind-3.19.0
desc: Trigger: Program termination

positions: line
events: Ir
summary: 0


ob=/usr/lib/libcrypto.so.3
fl=???
fn=SHA256_Update
0 700
fn=EVP_DigestUpdate
0 40
cfn=SHA256_Update
calls=2 0
0 700

ob=/build/pitser_instructions
fl=???
fn=Hash
12 5
cob=/usr/lib/libcrypto.so.3
cfi=???
cfn=EVP_DigestUpdate
calls=1 0
13 740
14 15

totals: 760
"""


class ReadProfile(unittest.TestCase):
    def test_counts_each_instruction_where_it_was_executed(self):
        self.assertEqual(instruction_counts.read_profile(PROFILE.splitlines(keepends=True)),
                         {"libcrypto": 740, "outside": 20})


class Judge(unittest.TestCase):
    BASELINE = {"tree": {"item": "leaf", "libcrypto": 6000.0, "outside": 300.0}}

    def verdicts(self, libcrypto, outside, piece="tree"):
        return [row.verdict for row in instruction_counts.judge(
            self.BASELINE, {piece: {"item": "leaf", "libcrypto": libcrypto, "outside": outside}})]

    def test_takes_what_is_within_the_tolerance(self):
        self.assertEqual(self.verdicts(6000.0, 300.0), ["same", "same"])
        self.assertEqual(self.verdicts(6110.0, 295.0), ["same", "same"])

    def test_sees_what_the_hashes_would_hide(self):
        self.assertEqual(self.verdicts(6000.0, 310.0), ["same", "more"])

    def test_tells_more_from_fewer(self):
        self.assertEqual(self.verdicts(6600.0, 270.0), ["more", "fewer"])

    def test_sees_the_first_hash_where_there_was_none(self):
        baseline = {"parse": {"item": "signature", "libcrypto": 0.0, "outside": 100.0}}
        rows = instruction_counts.judge(
            baseline, {"parse": {"item": "signature", "libcrypto": 6000.0, "outside": 100.0}})
        self.assertEqual([row.verdict for row in rows], ["more", "same"])

    def test_does_not_take_a_piece_without_a_baseline(self):
        self.assertEqual(self.verdicts(1.0, 1.0, piece="fold"), ["new", "new"])


class Differences(unittest.TestCase):
    THERE = {"compiler": "gcc 12.2.0", "build": "Release", "openssl": "3.0.19", "valgrind": "3.19.0"}

    def found(self, **other):
        forbidding, told = instruction_counts.differences(self.THERE, {**self.THERE, **other})
        return len(forbidding), len(told)

    def test_are_none_where_all_is_the_same(self):
        self.assertEqual(self.found(), (0, 0))

    def test_of_patch_releases_are_told(self):
        self.assertEqual(self.found(compiler="gcc 12.3.1", openssl="3.0.20", valgrind="3.24.0"), (0, 3))

    def test_of_what_the_counts_depend_on_forbid_comparing(self):
        for other in ({"compiler": "gcc 13.2.0"}, {"compiler": "clang 12.2.0"}, {"openssl": "3.1.0"}, {"build": "None"},
                      {"glibc": "2.36"}):
            self.assertEqual(self.found(**other), (1, 0), other)


if __name__ == "__main__":
    unittest.main()
