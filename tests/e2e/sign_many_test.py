#!/usr/bin/env python3
"""`pitser sign` for many documents against a real pitserd: batches, lists of names, failures."""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402

UNREACHABLE = "127.0.0.1:1"


class SignManyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-many-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def make(self, count, name="d{}.txt"):
        names = [name.format(i) for i in range(count)]
        for i, document in enumerate(names):
            (self.folder / document).write_text(f"document {i}\n")
        return names

    def run_pitser(self, *arguments, code=0, **options):
        result = pitser(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def sign(self, *arguments, code=0, server=None, **options):
        return self.run_pitser("sign", *arguments, "--server", server or self.node.server,
                               code=code, **options)

    def verify(self, names):
        result = self.run_pitser("verify", *names, "--trust", self.node.trust, "--json")
        verdicts = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([v["file"] for v in verdicts], names)
        self.assertEqual({v["result"] for v in verdicts}, {"ok"})
        return verdicts

    def list_of(self, names, separator="\n"):
        (self.folder / "list").write_bytes(separator.join(names).encode() + separator.encode())
        return "list"

    def test_signs_three_thousand_files_of_a_list(self):
        names = self.make(3000)
        result = self.sign("--files-from", self.list_of(names), "--json")
        told = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([t["file"] for t in told], names)
        self.assertEqual({t["result"] for t in told}, {"ok"})
        # One round for all of them.
        self.assertEqual(len({t["signing_time"] for t in told}), 1)
        self.assertEqual(result.stderr, "")
        verdicts = self.verify(names)
        self.assertEqual({v["signing_time"] for v in verdicts}, {told[0]["signing_time"]})

    def test_takes_names_from_standard_input_also_separated_by_zero_bytes(self):
        names = self.make(5, "a document\n{} .txt")
        result = self.sign("--files-from", "-", "-0", input="\0".join(names) + "\0")
        self.assertEqual(result.stdout.count("signed "), 5)
        self.verify(names)
        # Without a separator at the end, with empty lines, and a file that is named like a stream.
        (self.folder / "-").write_text("dash\n")
        plain = self.make(2)
        self.sign("--files-from", "-", input=f"{plain[0]}\n\n-\n{plain[1]}")
        self.verify(plain)
        self.verify(["./-"])

    def test_one_that_cannot_be_signed_does_not_keep_the_others_from_it(self):
        names = self.make(6)
        (self.folder / names[2]).unlink()
        (self.folder / f"{names[4]}.ksig").write_text("there")
        for way in (names, ("--files-from", self.list_of(names))):
            result = self.sign(*way, code=7)
            self.assertEqual(result.stdout.count("signed "), 4, result.stdout)
            self.assertIn(f"'{names[2]}'", result.stderr)
            self.assertIn(f"{names[4]}.ksig is there already", result.stderr)
            good = [n for n in names if n not in (names[2], names[4])]
            self.verify(good)
            result = self.sign(*way, "--json", "--force", code=7)
            told = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual([t["file"] for t in told], names)
            self.assertEqual([t["result"] for t in told], ["ok", "ok", "error", "ok", "ok", "ok"])
            self.assertEqual(told[2]["reason_code"], "local-file")
            for name in good:
                (self.folder / f"{name}.ksig").unlink()
            (self.folder / f"{names[4]}.ksig").write_text("there")

    def test_tells_a_server_that_fails_once_to_people_and_of_each_to_programs(self):
        names = self.make(4)
        for way in (names, ("--files-from", self.list_of(names))):
            result = self.sign(*way, "--timeout", "1", server=UNREACHABLE, code=6)
            self.assertEqual(result.stderr.count(f"pitser: {UNREACHABLE}: "), 1, result.stderr)
            self.assertIn("4 documents were not signed", result.stderr)
            result = self.sign(*way, "--timeout", "1", "--json", server=UNREACHABLE, code=6)
            told = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual([t["file"] for t in told], names)
            self.assertEqual({t["reason_code"] for t in told}, {"unreachable"})
        self.assertEqual([p.name for p in self.folder.glob("*.ksig")], [])

    def test_refuses_wrong_lists_and_command_lines(self):
        names = self.make(2)
        listed = self.list_of(names)
        for arguments in (("--files-from", listed, "d0.txt"), ("--files-from", listed, "-o", "x"),
                          ("--files-from", listed, "--hash", "sha-256:00"), ("-0", "d0.txt"), ()):
            result = self.sign(*arguments, code=2)
            self.assertEqual(result.stdout, "")
        self.sign("--files-from", "none", code=7)
        self.sign("--files-from", ".", code=7)
        self.assertEqual(self.sign("--files-from", os.devnull).stdout, "")
        # What stands before a name that is none is signed.
        result = self.sign("--files-from", "-", input="d0.txt\n" + "x" * 5000 + "\n", code=4)
        self.assertIn("a name of more than 4095 bytes", result.stderr)
        result = self.sign("--files-from", "-", input="d0.txt\0d1.txt\0", code=4)
        self.assertIn("-0", result.stderr)

    def test_an_interrupt_leaves_whole_signatures_or_none(self):
        names = self.make(3000)
        process = subprocess.Popen(
            [BIN / "pitser", "sign", "--files-from", self.list_of(names), "--server",
             self.node.server], cwd=self.folder, env=clean_environment(self.folder),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdout.readline()  # The first one is written.
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertIn(process.returncode, (130, 0))
        signed = [n for n in names if (self.folder / f"{n}.ksig").exists()]
        self.assertGreater(len(signed), 0)
        self.verify(signed)
        # Nothing half-written stays behind.
        self.assertEqual({p.name for p in self.folder.iterdir()},
                         set(names) | {f"{n}.ksig" for n in signed} | {"list"})
        # Going on where it was left.
        rest = [n for n in names if n not in signed]
        if rest:
            self.sign("--files-from", self.list_of(rest))
        self.verify(names)

    def test_shows_progress_on_a_terminal_only(self):
        names = self.make(200)
        command = [BIN / "pitser", "sign", *names, "--server", self.node.server]
        master, slave = pty.openpty()
        process = subprocess.Popen(command, cwd=self.folder, env=clean_environment(self.folder),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=slave)
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # The other end is closed.
            pass
        os.close(master)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertIn(b"signing 200 files", shown)
        result = self.sign(*names, "--force")
        self.assertEqual(result.stderr, "")

    def test_signs_in_little_memory(self):
        names = self.make(1) * 12_000
        for i, _ in enumerate(names):
            names[i] = f"n{i}"
            os.link(self.folder / "d0.txt", self.folder / names[i])
        process = subprocess.Popen(
            [BIN / "pitser", "sign", "--files-from", self.list_of(names), "--server",
             self.node.server, "--timeout", "60"], cwd=self.folder,
            env=clean_environment(self.folder), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        print(f"signing 12,000 files took {usage.ru_maxrss // 1024} MiB of memory")
        self.assertLess(usage.ru_maxrss, 96 * 1024)
        self.verify([names[0], names[9999], names[10_000], names[11_999]])


class LimitedNodeTest(unittest.TestCase):
    """Nodes whose limits are below what is asked for."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-many-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_splits_into_the_batches_that_the_server_takes(self):
        names = [f"d{i}" for i in range(25)]
        for name in names:
            (self.folder / name).write_text(name)
        with Node("--max-batch", "10") as node:
            result = pitser("sign", *names, "--server", node.server, "--json", cwd=self.folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            times = [json.loads(line)["signing_time"] for line in result.stdout.splitlines()]
            self.assertEqual(len(times), 25)
            for first in (0, 10, 20):
                self.assertEqual(len(set(times[first:first + 10])), 1)
            result = pitser("verify", *names, "--trust", node.trust, cwd=self.folder)
            self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    unittest.main()
