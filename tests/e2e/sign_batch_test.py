#!/usr/bin/env python3
"""`pitser sign --batch` against a real pitserd: trees of the client's own, archives, stops."""

import hashlib
import io
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402

UNREACHABLE = "127.0.0.1:1"


class Batch(unittest.TestCase):
    """What the tests below share."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-batch-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def make(self, count, name="d{}.txt"):
        names = [name.format(i) for i in range(count)]
        for document in names:
            (self.folder / document).write_text(f"content of {document}\n")
        return names

    def run_pitser(self, *arguments, code=0, **options):
        result = pitser(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def batch(self, *arguments, code=0, server=None, **options):
        return self.run_pitser("sign", "--batch", *arguments, "--server",
                               server or self.node.server, code=code, **options)

    def verify(self, names, *more):
        result = self.run_pitser("verify", *names, "--trust", self.node.trust, "--json", *more)
        verdicts = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([v["file"] for v in verdicts], list(names))
        self.assertEqual({v["result"] for v in verdicts}, {"ok"})
        return verdicts

    def files(self):
        return {p.name for p in self.folder.iterdir()}

    def hash_list(self, names, file="list"):
        """What sha256sum writes, of documents that are not there."""
        lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in names]
        (self.folder / file).write_text("".join(lines))
        return file

    def unpack(self, names, archive="all.tar"):
        """Puts documents of hash_list() and their signatures from an archive into the folder."""
        with tarfile.open(self.folder / archive) as tar:
            entries = tar.getmembers()
            for entry in entries:
                self.assertEqual((entry.mode, entry.type), (0o644, tarfile.REGTYPE))
            self.assertEqual([e.name for e in entries], [f"{n}.ksig" for n in names])
            for name in names:
                (self.folder / name).write_text(name)
                content = tar.extractfile(f"{name}.ksig").read()
                (self.folder / f"{name}.ksig").write_bytes(content)

    def start(self, *arguments):
        return subprocess.Popen(
            [BIN / "pitser", "sign", "--batch", *arguments, "--server", self.node.server],
            cwd=self.folder, env=clean_environment(self.folder), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def stop_when(self, process, condition, how):
        """Sends a signal as soon as the condition holds."""
        while not condition():
            self.assertIsNone(process.poll(), "it ended before it could be stopped")
            time.sleep(0.002)
        process.send_signal(how)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -9 if how == signal.SIGKILL else 130)


class SignBatchTest(Batch):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    # --- beside the files ---

    def test_signs_files_by_one_tree(self):
        names = self.make(300)
        result = self.batch(*names)
        self.assertRegex(result.stdout, r"^signed 300 documents by 1 tree at \S+, through anonymous\n$")
        self.assertEqual(result.stderr, "")
        self.assertEqual(self.files(), set(names) | {f"{n}.ksig" for n in names})
        verdicts = self.verify(names)
        self.assertEqual(len({v["signing_time"] for v in verdicts}), 1)

    def test_every_signature_verifies_by_every_policy(self):
        names = self.make(5)
        (self.folder / "ids").write_text("anna\n\nben\ncleo\n\n")
        self.batch(*names, "--client-ids", "ids")
        for policy in ("internal", "key"):
            verdicts = self.verify(names, "--policy", policy)
        clients = [[i["client_id"] for i in v["identities"]] for v in verdicts]
        self.assertEqual(clients, [["anonymous", "anna"], ["anonymous"], ["anonymous", "ben"],
                                   ["anonymous", "cleo"], ["anonymous"]])
        # Published at a second after theirs, and extended to that.
        self.node.publish()
        result = self.run_pitser("extend", *[f"{n}.ksig" for n in names], "--server",
                                 self.node.server, "--trust", self.node.trust, "--json")
        code = json.loads(result.stdout.splitlines()[0])["publication"]["code"]
        self.verify(names, "--policy", "publications-file")
        self.verify(names, "--policy", "publication", "--publication", code)

    def test_takes_lists_of_names_with_new_lines_in_them(self):
        names = self.make(3, "a document\n{} .txt")
        self.batch("--files-from", "-", "-0", input="\0".join(names) + "\0")
        self.verify(names)

    def test_needs_no_mask_for_a_single_document(self):
        names = self.make(1)
        self.batch(*names, "--no-masks")
        self.verify(names)
        masked = self.make(1, "m{}")
        self.batch(*masked)
        self.verify(masked)

    def test_passes_over_what_has_its_signature(self):
        names = self.make(6)
        self.batch(*names[:3])
        before = (self.folder / f"{names[0]}.ksig").read_bytes()
        result = self.batch(*names)
        self.assertIn("signed 3 documents", result.stdout)
        self.assertIn("pitser: 3 documents had their signature already", result.stderr)
        self.assertEqual((self.folder / f"{names[0]}.ksig").read_bytes(), before)
        result = self.batch(*names)
        self.assertEqual(result.stdout, "")
        self.assertIn("nothing was signed", result.stderr)
        self.batch(*names, "--force")
        self.assertNotEqual((self.folder / f"{names[0]}.ksig").read_bytes(), before)
        self.verify(names)
        self.assertEqual(self.files(), set(names) | {f"{n}.ksig" for n in names})

    def test_makes_several_trees(self):
        names = self.make(25)
        result = self.batch(*names, "--tree-leaves", "10", "--json")
        told = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([t["file"] for t in told], names)
        self.assertEqual([t["signature"] for t in told], [f"{n}.ksig" for n in names])
        for first in (0, 10, 20):
            self.assertEqual(len({t["signing_time"] for t in told[first:first + 10]}), 1)
        self.verify(names)

    def test_one_that_cannot_be_signed_does_not_keep_the_others_from_it(self):
        names = self.make(4)
        (self.folder / names[1]).unlink()
        result = self.batch(*names, code=7)
        self.assertIn(f"'{names[1]}'", result.stderr)
        good = [n for n in names if n != names[1]]
        self.verify(good)
        for name in good:
            (self.folder / f"{name}.ksig").unlink()
        told = [json.loads(line) for line in self.batch(*names, "--json", code=7).stdout.splitlines()]
        self.assertEqual({t["file"]: t["result"] for t in told},
                         {n: "ok" if n in good else "error" for n in names})

    def test_tells_of_a_folder_that_cannot_be_written_to(self):
        # Not by its mode, which root does not care about: there is no such folder for the signature.
        names = self.make(2)
        self.hash_list([*names, "none/d"])
        result = self.batch("--hashes", "list", code=7)
        self.assertIn("'none/d.ksig'", result.stderr)
        self.assertIn("signed 2 documents", result.stdout)
        result = self.batch("--hashes", "list", "-o", "none/all.tar", code=7)
        self.assertIn("none/all.tar", result.stderr)

    def test_a_kill_leaves_whole_signatures_or_none_and_the_next_run_goes_on(self):
        for how in (signal.SIGKILL, signal.SIGINT):
            names = self.make(3000, f"k{int(how)}-{{}}")
            (self.folder / "names").write_text("\n".join(names))
            process = self.start("--files-from", "names", "--tree-leaves", "500")
            first = self.folder / f"{names[0]}.ksig"
            self.stop_when(process, first.exists, how)
            signed = {n: (self.folder / f"{n}.ksig").read_bytes() for n in names
                      if (self.folder / f"{n}.ksig").exists()}
            self.assertTrue(0 < len(signed) < 3000, len(signed))
            self.verify(list(signed))
            self.assertEqual([p for p in self.files() if ".tmp" in p], [])
            result = self.batch("--files-from", "names")
            self.assertIn(f"{len(signed)} documents had their signature already", result.stderr)
            self.assertIn(f"signed {3000 - len(signed)} documents", result.stdout)
            for name, content in signed.items():
                self.assertEqual((self.folder / f"{name}.ksig").read_bytes(), content)
            self.verify(names)

    # --- lists of hashes, archives ---

    def test_signs_a_list_of_hashes_into_a_tar(self):
        names = [f"n{i}" for i in range(1000)]
        result = self.batch("--hashes", self.hash_list(names), "-o", "all.tar")
        self.assertRegex(result.stdout, r"^signed 1000 documents by 1 tree at .*: all\.tar\n$")
        self.assertEqual(self.files(), {"list", "all.tar"})
        self.unpack(names)
        self.verify(names)

    def test_signs_a_list_of_hashes_into_a_zip_and_onto_streams(self):
        names = ["a", "folder/b", "küla"]
        listed = self.hash_list(names)
        self.batch("--hashes", listed, "-o", "all.zip")
        entries = zipfile.ZipFile(self.folder / "all.zip")
        self.assertIsNone(entries.testzip())
        self.assertEqual(entries.namelist(), [f"{n}.ksig" for n in names])
        text = (self.folder / listed).read_text()
        for form in ("tar", "zip"):
            result = self.batch("--hashes", "-", "-o", "-", "--format", form, input=text.encode(),
                                text=False)
            stream = io.BytesIO(result.stdout)
            found = (zipfile.ZipFile(stream).namelist() if form == "zip"
                     else tarfile.open(fileobj=stream).getnames())
            self.assertEqual(found, [f"{n}.ksig" for n in names])
            self.assertIn(b"pitser: signed 3 documents", result.stderr)
        # The same archive from the documents themselves.
        (self.folder / "folder").mkdir()
        for name in names:
            (self.folder / name).write_text(name)
        self.batch(*names, "-o", "files.tar")
        self.unpack(names, "files.tar")
        self.verify(names)

    def test_takes_every_form_of_a_hash(self):
        digest = hashlib.sha256(b"x").hexdigest()
        long = hashlib.sha512(b"x").hexdigest()
        other = hashlib.sha256(b"y").hexdigest()
        lines = [f"{digest}  a", f"SHA-512:{long} *b", f"01{digest} c", f"\\{digest}  new\\nline",
                 other, ""]
        self.batch("--hashes", "-", input="\n".join(lines))
        self.assertEqual(self.files(), {"a.ksig", "b.ksig", "c.ksig", "new\nline.ksig",
                                        f"{other}.ksig"})
        (self.folder / "b").write_text("x")
        self.verify(["b"])
        self.batch("--hashes", "-", "-0", input=f"{digest}  zero\nline\0{digest}  z2\0")
        self.assertIn("zero\nline.ksig", self.files())

    def test_tells_the_number_of_a_line_that_is_broken(self):
        names = [f"n{i}" for i in range(10)]
        self.hash_list(names)
        text = (self.folder / "list").read_text()
        for line, says in (("nonsense  x", "does not begin with a hash"),
                           (f"{'0' * 64}  n3", "n3 is named twice"), ("0" * 20_000, "more than")):
            (self.folder / "broken").write_text(text + line + "\n")
            for output in ((), ("-o", "all.tar")):
                result = self.batch("--hashes", "broken", *output, code=4)
                self.assertIn(f"broken:11: {says}" if says != "more than" else "broken:11: a line",
                              result.stderr)
                self.assertEqual(self.files(), {"list", "broken"})
        # What is named twice in a list of names, and what comes to one name in an archive.
        self.make(2, "d{}")
        result = self.batch("--files-from", "-", input="d0\nd1\nd0\n", code=4)
        self.assertIn("name 3 of the list: d0 is named twice", result.stderr)
        result = self.batch("--files-from", "-", "-o", "all.tar", input="d0\n./d0\n", code=4)
        self.assertIn("named twice", result.stderr)

    def test_leaves_out_names_that_an_archive_must_not_have(self):
        digest = hashlib.sha256(b"x").hexdigest()
        result = self.batch("--hashes", "-", "-o", "all.tar", code=4,
                            input=f"{digest}  /a/b\n{digest}  a/../../c\n{digest}  ..\\..\\c\n"
                                  f"{digest}  C:\\c\n{digest}  c/nul.txt\n")
        self.assertEqual(result.stderr.count("would lie outside"), 3)
        self.assertIn("which is a device on Windows", result.stderr)
        with tarfile.open(self.folder / "all.tar") as tar:
            self.assertEqual(tar.getnames(), ["a/b.ksig"])
        result = self.batch("--hashes", "-", "-o", "all.zip", code=4, text=False,
                            input=digest.encode() + b"  \xff\n" + digest.encode() + b"  a\n")
        self.assertIn(b"UTF-8", result.stderr)
        self.assertEqual(zipfile.ZipFile(self.folder / "all.zip").namelist(), ["a.ksig"])

    def test_leaves_no_archive_when_nothing_is_signed(self):
        for arguments, code in ((("--hashes", os.devnull), 0), (("--files-from", os.devnull), 0),
                                (("none",), 7)):
            result = self.batch(*arguments, code=code)
            self.assertEqual(result.stdout, "")
            self.assertIn("nothing was signed", result.stderr)
            for archive in ("empty.tar", "empty.zip"):
                result = self.batch(*arguments, "-o", archive, code=code)
                self.assertIn(f"nothing was signed, so {archive} is not there", result.stderr)
            result = self.batch(*arguments, "-o", "-", "--format", "tar", code=code)
            self.assertEqual(result.stdout, "")
            self.assertEqual(self.files(), set())
        # Nothing is in the way of the next run.
        self.batch(*self.make(1), "-o", "empty.tar")

    def test_tells_of_each_signature_in_json(self):
        names = ["a", "b"]
        (self.folder / "ids").write_text("anna\n\n")
        result = self.batch("--hashes", self.hash_list(names), "-o", "all.tar", "--client-ids",
                            "ids", "--json")
        told = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([(t["file"], t["signature"], t["archive"]) for t in told],
                         [("a", "a.ksig", "all.tar"), ("b", "b.ksig", "all.tar")])
        self.assertEqual([[i["client_id"] for i in t["identities"]] for t in told],
                         [["anonymous", "anna"], ["anonymous"]])
        self.assertEqual({t["schema"] for t in told}, {"pitser.sign/1"})

    def test_wants_as_many_client_ids_as_documents(self):
        names = self.make(3)
        for ids, says in (("a\nb\n", "has 2 client ids, and there are more"),
                          ("a\nb\nc\nd\n", "ids:4: a client id for which there is no document"),
                          ("a\n" + "x" * 2000 + "\nc\n", "ids:2: a line of more than")):
            (self.folder / "ids").write_text(ids)
            result = self.batch(*names, "--client-ids", "ids", code=4)
            self.assertIn(says, result.stderr)
        (self.folder / "ids").write_bytes(b"a\n\xff\nc\n")
        self.assertIn("ids:2", self.batch(*names, "--client-ids", "ids", code=4).stderr)
        self.assertEqual(self.files(), {*names, "ids"})

    def test_a_kill_loses_no_tree_that_was_signed_for_an_archive(self):
        names = [f"n{i}" for i in range(3000)]
        listed = self.hash_list(names)
        arguments = ("--hashes", listed, "--tree-leaves", "500", "-o", "all.tar")
        kept = self.folder / "all.tar.resume"
        for how in (signal.SIGKILL, signal.SIGINT):
            process = self.start(*arguments)
            self.stop_when(process, lambda: kept.exists() and kept.stat().st_size > 40_000, how)
            self.assertEqual(self.files(), {listed, "all.tar.resume"})
            self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
            if how == signal.SIGKILL:
                # Half a tree, as a crash leaves it, and then the rest.
                with open(kept, "ab") as file:
                    file.write(b"\0" * 6 + b"\x40")
            stopped = time.time()
            result = self.batch(*arguments)
            restored = int(re.search(r"(\d+) documents had been signed by an earlier run",
                                     result.stderr)[1])
            self.assertEqual(restored % 500, 0)
            self.assertGreater(restored, 0)
            self.assertIn("signed 3000 documents by 6 trees", result.stdout)
            self.assertEqual(self.files(), {listed, "all.tar"})
            with tarfile.open(self.folder / "all.tar") as tar:
                times = {entry.name: entry.mtime for entry in tar.getmembers()}
            old = [name for name, at in times.items() if at < stopped - 1]
            self.assertLessEqual(len(old), restored)
            self.unpack(names)
            self.verify(names)
            for name in names:
                (self.folder / name).unlink()
                (self.folder / f"{name}.ksig").unlink()
            (self.folder / "all.tar").unlink()

    def test_goes_on_only_with_the_same_documents(self):
        names = [f"n{i}" for i in range(3000)]
        listed = self.hash_list(names)
        kept = self.folder / "all.tar.resume"
        process = self.start("--hashes", listed, "--tree-leaves", "500", "-o", "all.tar")
        self.stop_when(process, lambda: kept.exists() and kept.stat().st_size > 20_000,
                       signal.SIGKILL)
        self.hash_list(["other", *names[1:]], "others")
        result = self.batch("--hashes", "others", "-o", "all.tar", code=7)
        self.assertIn("is of other documents than these", result.stderr)
        self.assertEqual(self.files(), {listed, "others", "all.tar.resume"})
        kept.unlink()
        self.batch("--hashes", "others", "-o", "all.tar")

    # --- what goes wrong ---

    def test_replaces_no_archive_unless_told(self):
        listed = self.hash_list(["a"])
        (self.folder / "all.tar").write_text("there")
        self.assertIn("there already", self.batch("--hashes", listed, "-o", "all.tar",
                                                  code=7).stderr)
        self.batch("--hashes", listed, "-o", "all.tar", "--force")
        self.assertTrue(tarfile.is_tarfile(self.folder / "all.tar"))

    def test_tells_when_standard_output_is_full(self):
        listed = self.hash_list([f"n{i}" for i in range(100)])
        with open("/dev/full", "wb") as full:
            result = subprocess.run(
                [BIN / "pitser", "sign", "--batch", "--hashes", listed, "-o", "-", "--format",
                 "tar", "--server", self.node.server], cwd=self.folder, check=False,
                env=clean_environment(self.folder), stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 7, result.stderr)
        self.assertIn("cannot write standard output", result.stderr)

    def test_refuses_wrong_command_lines(self):
        names = self.make(2)
        listed = self.hash_list(names)
        for arguments in (
                (), ("-",), ("--hashes", listed, *names), ("--hashes", listed, "--files-from", "x"),
                ("--hash", "sha-256:00"), (*names, "-0"), (*names, "--format", "tar"),
                ("--hashes", listed, "-o", "all.rar"), ("--hashes", listed, "-o", "-"),
                ("--hashes", listed, "-o", "-", "--format", "tar", "--json"),
                ("--hashes", "-", "--client-ids", "-"), (*names, "--tree-leaves", "0"),
                (*names, "--tree-leaves", "1048577"), (*names, "--format", "rar")):
            self.assertEqual(self.batch(*arguments, code=2).stdout, "")
        for arguments in (("--hashes", listed), (*names, "--no-masks"), (*names, "--client-ids", "x"),
                          (*names, "--tree-leaves", "2")):
            self.run_pitser("sign", *arguments, "--server", self.node.server, code=2)
        for arguments in (("--hashes", "none"), ("--hashes", "."), (*names, "--client-ids", "none")):
            self.batch(*arguments, code=7)

    def test_tells_a_server_that_does_not_answer_once_and_each_document_to_programs(self):
        names = self.make(3)
        for output in ((), ("-o", "all.tar")):
            result = self.batch(*names, *output, "--timeout", "1", server=UNREACHABLE, code=6)
            self.assertEqual(result.stderr.count(f"pitser: {UNREACHABLE}: "), 1, result.stderr)
            self.assertIn("3 documents were not signed", result.stderr)
            result = self.batch(*names, *output, "--timeout", "1", "--json", server=UNREACHABLE,
                                code=6)
            told = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual([t["file"] for t in told], names)
            self.assertEqual({t["reason_code"] for t in told}, {"unreachable"})
            self.assertEqual(self.files(), set(names))

    def test_shows_progress_on_a_terminal_only(self):
        names = self.make(400)
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [BIN / "pitser", "sign", "--batch", *names, "--server", self.node.server],
            cwd=self.folder, env=clean_environment(self.folder), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # The other end is closed.
            pass
        os.close(master)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertIn(b"signing a tree of 400", shown)

    def test_signs_two_hundred_thousand_hashes_in_bounded_memory(self):
        names = [f"n{i}" for i in range(200_000)]
        listed = self.hash_list(names)
        process = subprocess.Popen(
            [BIN / "pitser", "sign", "--batch", "--hashes", listed, "-o", "all.tar", "--server",
             self.node.server, "--timeout", "60"], cwd=self.folder,
            env=clean_environment(self.folder), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        print(f"signing 200,000 hashes took {usage.ru_maxrss // 1024} MiB of memory")
        self.assertLess(usage.ru_maxrss, 256 * 1024)


class LimitedNodeTest(Batch):
    """Nodes whose limits are below what is asked for."""

    def test_makes_the_trees_that_the_server_takes(self):
        names = self.make(9)
        with Node("--max-level", "3") as self.node:
            result = self.batch(*names)
            self.assertIn("by 3 trees", result.stdout)  # A mask is a level: four fit under 3.
            self.verify(names)

    def test_tells_of_a_server_that_takes_no_trees(self):
        names = self.make(2)
        with Node("--max-level", "0") as self.node:
            result = self.batch(*names, code=5)
            self.assertIn("max_level is 0", result.stderr)
        with Node("--max-level", "1") as self.node:
            (self.folder / "ids").write_text("a\nb\n")
            result = self.batch(*names, "--client-ids", "ids", code=5)
            self.assertIn("takes no root that is high enough", result.stderr)
            self.assertIn("2 documents were not signed", result.stderr)
        self.assertEqual(self.files(), {*names, "ids"})

    def test_keeps_what_was_signed_when_the_server_goes_away(self):
        names = [f"n{i}" for i in range(5000)]
        with Node() as self.node:
            listed = self.hash_list(names)
            kept = self.folder / "all.tar.resume"
            process = self.start("--hashes", listed, "--tree-leaves", "500", "-o", "all.tar",
                                 "--timeout", "2")
            while not (kept.exists() and kept.stat().st_size > 20_000):
                self.assertIsNone(process.poll())
                time.sleep(0.002)
            self.node.kill()
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 6, err)
            self.assertIn("the same command again goes on", err)
            self.assertEqual(self.files(), {listed, "all.tar.resume"})
            self.node.stop()
            self.node.start()
            result = self.batch("--hashes", listed, "-o", "all.tar")
            self.assertIn("had been signed by an earlier run", result.stderr)
            self.unpack(names)
            self.verify(names)


if __name__ == "__main__":
    unittest.main()
