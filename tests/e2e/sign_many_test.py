#!/usr/bin/env python3
"""`pitser sign` for many documents against a real pitserd: batches, lists of names, failures."""

import hashlib
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import time
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
        self.assertRegex(result.stdout,
                         r"^signed 5 documents, the last at \S+, through anonymous\n$")
        self.verify(names)
        # Without a separator at the end, with empty lines, and a file that is named like a stream.
        (self.folder / "-").write_text("dash\n")
        plain = self.make(2)
        self.sign("--files-from", "-", input=f"{plain[0]}\n\n-\n{plain[1]}")
        self.verify(plain)
        self.verify(["./-"])

    def test_one_that_cannot_be_signed_does_not_keep_the_others_from_it(self):
        names = self.make(6)
        self.sign(names[4])
        (self.folder / names[2]).unlink()
        for way in (names, ("--files-from", self.list_of(names))):
            result = self.sign(*way, code=7)
            if way == names:
                self.assertEqual(result.stdout.count("signed "), 4, result.stdout)
            else:
                self.assertIn("signed 4 documents", result.stdout)
                self.assertIn("pitser: 2 documents were not signed", result.stderr)
            self.assertIn(f"'{names[2]}'", result.stderr)
            self.assertIn(f"{names[4]}.ksig is there already", result.stderr)
            good = [n for n in names if n != names[2]]
            self.verify(good)
            result = self.sign(*way, "--json", "--force", code=7)
            told = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual([t["file"] for t in told], names)
            self.assertEqual([t["result"] for t in told], ["ok", "ok", "error", "ok", "ok", "ok"])
            self.assertEqual(told[2]["reason_code"], "local-file")
            for name in good:
                if name != names[4]:
                    (self.folder / f"{name}.ksig").unlink()

    # --- what is called a signature ---

    def test_passes_over_signatures_unless_they_are_wanted(self):
        names = self.make(2)
        self.sign(*names)
        signatures = [f"{n}.ksig" for n in names]
        fresh = self.make(1, "fresh{}")
        everything = names + signatures + fresh
        digest = "0" * 64
        (self.folder / "hashes").write_text(f"{digest}  h\n{digest}  h.ksig\n")
        for way in (everything, ("--batch", *everything),
                    ("--files-from", self.list_of(everything)),
                    ("--batch", "--files-from", self.list_of(everything)),
                    ("--batch", "--hashes", "hashes")):
            result = self.sign(*way, code=0 if "--batch" in way else 7)
            count = "a signature (.ksig) was" if "hashes" in way else "2 signatures (.ksig) were"
            self.assertIn(f"pitser: {count} passed over", result.stderr)
            self.assertEqual(list(self.folder.glob("*.ksig.ksig")), [])
            for name in ("fresh0.ksig", "h.ksig"):
                (self.folder / name).unlink(missing_ok=True)
        told = [json.loads(line) for line in
                self.sign(*signatures, *fresh, "--json").stdout.splitlines()]
        self.assertEqual([(t["file"], t.get("passed_over")) for t in told],
                         [(s, "is a signature") for s in signatures] + [("fresh0", None)])
        # Nothing else is named.
        for way in (signatures, ("--batch", *signatures),
                    ("--files-from", self.list_of(signatures)),
                    ("--batch", "--files-from", self.list_of(signatures))):
            result = self.sign(*way, code=2)
            self.assertIn("nothing but signatures", result.stderr)
        self.sign(signatures[0], "--sign-signatures")
        self.sign("--batch", signatures[1], "--sign-signatures")
        self.verify_named([(s, f"{s}.ksig") for s in signatures])

    def verify_named(self, pairs):
        for document, signature in pairs:
            self.run_pitser("verify", document, "-s", signature, "--trust", self.node.trust)

    def test_looks_at_what_is_called_a_signature(self):
        names = self.make(4)
        self.sign(names[0])
        (self.folder / f"{names[1]}.ksig").write_bytes(b"")
        (self.folder / f"{names[2]}.ksig").write_bytes(
            (self.folder / f"{names[0]}.ksig").read_bytes())
        for batch in ((), ("--batch",), ("-r",)):
            there = self.sign(*batch, names[0], code=0 if batch else 7)
            self.assertIn("already", there.stderr)
            for listed in (False, True):
                for name, code in ((names[1], 4), (names[2], 1)):
                    way = ("--files-from", self.list_of([name])) if listed else (name,)
                    result = self.sign(*batch, *way, code=code)
                    self.assertIn(f"{name}.ksig", result.stderr)
                    self.assertIn("--force replaces it", result.stderr)
                    self.assertEqual(result.stdout, "")
        # By a list of hashes.
        digest = hashlib.sha256((self.folder / names[0]).read_bytes()).hexdigest()
        for name, code in ((names[0], 0), (names[1], 4), (names[3], 0)):
            self.sign("--batch", "--hashes", "-", input=f"{digest}  {name}\n", code=code)
        self.sign("--batch", "--hashes", "-", input=f"{'0' * 64}  {names[0]}\n", code=1)
        other = hashlib.sha512(b"").hexdigest()  # Of what, cannot be told.
        self.sign("--batch", "--hashes", "-", input=f"SHA-512:{other}  {names[0]}\n", code=3)
        self.sign("--batch", *names, "--force")
        self.verify(names)

    # --- folders ---

    def test_signs_folders(self):
        (self.folder / "in" / "deep").mkdir(parents=True)
        names = self.make(2, "in/d{}") + self.make(2, "in/deep/d{}")
        os.symlink("d0", self.folder / "in" / "link")
        os.symlink(".", self.folder / "in" / "up")
        os.mkfifo(self.folder / "in" / "pipe")
        result = self.sign("-r", "in")
        self.assertIn("signed 5 documents", result.stdout)
        self.assertEqual(result.stdout.count("\n"), 1)
        self.verify(names + ["in/link"])
        # A folder that grew: what is signed is passed over.
        self.make(1, "in/new{}")
        for way in (("-r", "in"), ("-r", "--batch", "in")):
            result = self.sign(*way)
            self.assertIn("signed 1 documents", result.stdout)
            self.assertIn("5 documents had their signature already", result.stderr)
            self.verify(["in/new0"])
            (self.folder / "in/new0.ksig").unlink()
        result = self.sign("-r", "in", "--quiet")
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        result = self.sign("in", code=7)
        self.assertIn("'in'", result.stderr)
        self.assertIn("nothing was signed", self.sign("-r", "in").stderr)

    def test_extends_folders_and_lists(self):
        (self.folder / "in").mkdir()
        names = self.make(30, "in/d{}")
        self.sign("-r", "in")
        extend = ("--server", self.node.server, "--trust", self.node.trust)
        self.node.publish()
        late = self.make(1, "in/late{}")
        self.sign("-r", "in")
        result = self.run_pitser("extend", "-r", "in", *extend, code=3)
        self.assertRegex(result.stdout, r"^extended 30 signatures, the last publication is that of \S+\n$")
        self.assertIn("1 signatures wait for the next publication", result.stderr)
        result = self.run_pitser("verify", *names, "--trust", self.node.trust, "--json")
        bases = {json.loads(line)["trust"]["basis"] for line in result.stdout.splitlines()}
        self.assertEqual(bases, {"publications-file"})
        (self.folder / "broken.ksig").write_text("x")
        listed = self.list_of([f"{names[0]}.ksig", "broken.ksig", f"{names[1]}.ksig"])
        result = self.run_pitser("extend", "--files-from", listed, *extend, code=4)
        self.assertIn("2 signatures rested on their publication already", result.stderr)
        self.assertIn("broken.ksig", result.stderr)
        result = self.run_pitser("extend", "--files-from", listed, *extend, "--json", code=4)
        told = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([t["result"] for t in told], ["ok", "malformed", "ok"])
        self.run_pitser("extend", "-r", "in", "--files-from", listed, *extend, code=2)
        self.run_pitser("extend", "-r", "in", "-o", "x", *extend, code=2)
        # A server that is gone is waited for once.
        result = self.run_pitser("extend", f"{late[0]}.ksig", "broken.ksig", "--server",
                                 UNREACHABLE, "--timeout", "1", "--trust", self.node.trust, code=6)
        self.assertEqual(result.stderr.count(f"pitser: {UNREACHABLE}: "), 1, result.stderr)

    # --- lists of other systems, outputs that cannot be ---

    def test_takes_lists_of_other_systems(self):
        names = self.make(3)
        text = "\ufeff" + "".join(f"{n}\r\n" for n in names)
        for more in ((), ("--batch", "--force")):
            self.sign("--files-from", "-", *more, input=text)
            self.verify(names)
        self.run_pitser("verify", "--files-from", "-", "--trust", self.node.trust, input=text)
        hashes = "".join(f"{hashlib.sha256(n.encode()).hexdigest()}  {n}\r\n" for n in names)
        (self.folder / "ids").write_bytes(b"a\r\n\r\nb\r\n")
        self.sign("--batch", "--force", "--hashes", "-", "--client-ids", "ids",
                  input="\ufeff" + hashes)
        self.assertEqual({p.name for p in self.folder.glob("*.ksig")}, {f"{n}.ksig" for n in names})
        result = self.run_pitser("inspect", f"{names[0]}.ksig", "--json")
        self.assertIn('"client_id":"a"', result.stdout.replace(" ", ""))
        (self.folder / "utf16").write_text("d0.txt\r\n", encoding="utf-16")
        for way in (("--files-from", "utf16"), ("--batch", "--files-from", "utf16"),
                    ("--batch", "--hashes", "utf16")):
            self.assertIn("UTF-16", self.sign(*way, code=4).stderr)

    def test_finds_an_output_that_cannot_be_before_it_reads_or_asks(self):
        names = self.make(2)
        (self.folder / "folder").mkdir()
        for output, more in (("none/x.ksig", ()), ("folder", ("--force",)),
                             ("/proc/x.ksig", ()), ("/dev/null", ("--force",))):
            result = self.sign(names[0], "-o", output, *more, server=UNREACHABLE, code=7)
            self.assertNotIn(UNREACHABLE, result.stderr)
            self.assertIn(output, result.stderr)
        self.assertEqual(os.stat("/dev/null").st_size, 0)
        self.assertTrue(os.path.exists("/dev/null") and not os.path.isfile("/dev/null"))
        # Beside documents of a folder in which nothing can be made.
        for batch in ((), ("--batch",)):
            result = self.sign(*batch, "/proc/version", server=self.node.server, code=7)
            self.assertIn("/proc/version.ksig", result.stderr)

    def test_takes_nothing_but_files_for_documents(self):
        os.mkfifo(self.folder / "pipe")
        (self.folder / "folder").mkdir()
        (self.folder / "null").symlink_to("/dev/null")
        for batch in ((), ("--batch",)):
            for name in ("pipe", "folder", "null"):
                for way in ((name,), ("--files-from", self.list_of([name]))):
                    result = self.sign(*batch, *way, code=7, timeout=60)
                    self.assertIn(f"'{name}' is a", result.stderr)
        self.sign("-", "-o", "given.ksig", input="from a pipe")
        self.sign("/dev/stdin", "-o", "stdin.ksig", input="from a pipe")
        self.run_pitser("verify", "-", "-s", "given.ksig", "--trust", self.node.trust,
                        input="from a pipe")

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
        while process.poll() is None and not list(self.folder.glob("*.ksig")):
            time.sleep(0.002)  # Until the first one is written.
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
