#!/usr/bin/env python3
"""pitser publications, server-info and calendar against a real pitserd: what they say and every exit code."""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import Node, pitser  # noqa: E402

UNREACHABLE = "127.0.0.1:1"


class ReadCommandsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()
        with tempfile.TemporaryDirectory() as scratch:
            document = pathlib.Path(scratch) / "a.txt"
            document.write_text("a")
            result = pitser("sign", document, "--server", cls.node.server, cwd=scratch)
            assert result.returncode == 0, result.stderr
        cls.node.publish()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-read-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def run_pitser(self, *arguments, code=0, **options):
        result = pitser(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def run_json(self, *arguments, code=0):
        return json.loads(self.run_pitser(*arguments, "--json", code=code).stdout)

    def ask(self, *arguments, code=0, **options):
        return self.run_pitser(*arguments, "--server", self.node.server, code=code, **options)

    def ask_json(self, *arguments, code=0):
        return json.loads(self.ask(*arguments, "--json", code=code).stdout)

    # --- server-info ---

    def test_shows_what_the_server_is(self):
        text = self.ask("server-info").stdout
        self.assertIn("pitserd ", text)
        self.assertIn("max_pending", text)
        info = self.ask_json("server-info")
        self.assertEqual(info["schema"], "pitser.server-info/1")
        self.assertEqual(info["round_length_ms"], 1000)
        self.assertEqual(len(info["root_fingerprint"]), 64)
        self.assertGreater(info["limits"]["max_pending"], 0)
        self.assertIn({"name": "SHA-1", "may_be_signed": False}, info["algorithms"])
        self.assertIn({"name": "SHA-256", "may_be_signed": True}, info["algorithms"])

    # --- publications ---

    def test_fetches_verifies_and_shows_the_publications_file(self):
        fetch = ("publications", "fetch", "--trust", self.node.trust, "-o", "p.bin")
        result = self.ask(*fetch)
        self.assertIn("fetched p.bin from", result.stdout)
        again = self.ask_json(*fetch)
        self.assertEqual(again["added"], 0)
        self.node.publish()
        again = self.ask_json(*fetch)
        self.assertEqual(again["added"], 1)
        verify = ("publications", "verify", "p.bin", "--trust", self.node.trust)
        self.assertIn("verified: p.bin", self.run_pitser(*verify).stdout)
        verdict = self.run_json(*verify)
        self.assertEqual((verdict["schema"], verdict["result"]), ("pitser.publications/1", "ok"))
        shown = self.run_json("publications", "show", "p.bin")
        self.assertEqual(len(shown["publications"]), again["count"])
        self.assertEqual(shown["publications"][-1], again["latest_publication"])
        table = self.run_pitser("publications", "show", "p.bin").stdout.splitlines()
        self.assertEqual(len(table), again["count"])
        self.assertIn(again["latest_publication"]["code"], table[-1])
        newest = self.run_json("publications", "show", "p.bin", "--last", "1")["publications"]
        self.assertEqual(newest, shown["publications"][-1:])

    def test_lists_the_publications_of_a_server(self):
        listed = self.ask_json("publications", "show")["publications"]
        in_file = self.run_json("publications", "show",
                                self.node.trust / "publications.bin")["publications"]
        keys = ("time", "hash", "code")
        self.assertEqual([{key: one[key] for key in keys} for one in listed],
                         [{key: one[key] for key in keys} for one in in_file])
        self.assertEqual(self.ask_json("publications", "show", "--last", "1")["publications"],
                         listed[-1:])
        self.assertIn(listed[0]["code"], self.ask("publications", "show").stdout)

    def test_fetches_into_the_trust_folder_that_it_made(self):
        self.ask("trust", "fetch", "-o", "trust", "--accept-first-use")
        self.node.publish()
        before = self.run_json("trust", "show", "--trust", "trust")["publications"]
        result = self.ask("publications", "fetch", "--trust", "trust")
        self.assertIn("accepted on first use", result.stderr)
        self.assertGreater(self.run_json("trust", "show", "--trust", "trust")["publications"], before)
        # A folder that somebody else keeps, a server's own for one, is not written to.
        self.assertIn("name a file with -o", self.ask(
            "publications", "fetch", "--trust", self.node.trust, code=2).stderr)
        self.assertIn("trust fetch", self.ask("publications", "fetch", "-o", "p.bin", code=3).stderr)

    def test_never_loses_a_publication(self):
        self.ask("publications", "fetch", "--trust", self.node.trust, "-o", "p.bin")
        before = (self.folder / "p.bin").read_bytes()
        with Node() as other:
            # Another ledger's file: not to be trusted.
            result = self.run_pitser("publications", "fetch", "--trust", self.node.trust, "-o",
                                     "p.bin", "--server", other.server, code=1)
            self.assertIn("not to be trusted", result.stderr)
            # To be trusted by its own folder, but not the one that goes on from what is there.
            failed = self.run_json("publications", "fetch", "--trust", other.trust, "-o", "p.bin",
                                   "--server", other.server, code=1)
            self.assertEqual((failed["result"], failed["reason_code"]), ("failed", "proven-wrong"))
            self.assertIn("lacks the publication", failed["messages"][0])
        self.assertEqual((self.folder / "p.bin").read_bytes(), before)
        (self.folder / "notes.txt").write_text("something else")
        self.ask("publications", "fetch", "--trust", self.node.trust, "-o", "notes.txt", code=4)
        self.assertEqual((self.folder / "notes.txt").read_text(), "something else")
        self.ask("publications", "fetch", "--trust", self.node.trust, "-o", "none/p.bin", code=7)

    def test_writes_the_file_to_standard_output_when_asked(self):
        result = self.ask("publications", "fetch", "--trust", self.node.trust, "-o", "-", text=False)
        self.assertEqual(result.stdout[:8], b"KSIPUBLF")

    def test_says_why_a_publications_file_does_not_verify(self):
        shutil.copy(self.node.trust / "publications.bin", self.folder / "p.bin")
        verify = ("publications", "verify", "p.bin")
        result = self.run_pitser(*verify, code=3)
        self.assertIn("cannot tell: p.bin", result.stdout)
        content = bytearray((self.folder / "p.bin").read_bytes())
        content[20] ^= 1
        (self.folder / "p.bin").write_bytes(content)
        result = self.run_pitser(*verify, "--trust", self.node.trust, code=1)
        self.assertIn("FAILED: p.bin", result.stdout)
        (self.folder / "p.bin").write_bytes(content[:50])
        self.run_pitser(*verify, "--trust", self.node.trust, code=4)
        self.run_pitser("publications", "verify", "none.bin", code=7)
        self.run_pitser("publications", "verify", code=3)
        # Long after the signer's certificate has run out: nothing wrong was found.
        shutil.copy(self.node.trust / "publications.bin", self.folder / "p.bin")
        (self.folder / "kept").mkdir()
        for name in ("root.pem", "constraint"):
            shutil.copy(self.node.trust / name, self.folder / "kept" / name)
        result = self.run_pitser(*verify, "--trust", "kept", "--at", "2999-01-01T00:00:00Z", code=3)
        self.assertIn("not at 2999-01-01T00:00:00Z", result.stdout)

    # --- calendar ---

    def test_shows_the_head_as_a_publication_would(self):
        head = self.ask_json("calendar", "head")
        self.assertEqual(head["schema"], "pitser.calendar/1")
        self.assertIn(head["root"], self.ask("calendar", "head").stdout)
        latest = self.run_json("publications", "show",
                               self.node.trust / "publications.bin")["publications"][-1]
        if head["time"] == latest["time"]:
            self.assertEqual(head["code"], latest["code"])

    def test_shows_the_leaves(self):
        head = self.ask_json("calendar", "head")["time"]
        lines = self.ask("calendar", "leaves", "--to", head).stdout.splitlines()
        self.assertIn("1970-01-01T00:00:00Z  no leaf, 1", lines[0])
        self.assertTrue(any("  SHA-256:" in line for line in lines))
        lines = [json.loads(line) for line in
                 self.ask("calendar", "leaves", "--to", head, "--json").stdout.splitlines()]
        end = lines.pop()
        self.assertEqual((end["result"], end["first_time"], end["last_time"]), ("ok", 0, head))
        self.assertEqual(sum(line["seconds"] for line in lines), head + 1)
        self.assertEqual(sum(len(line["leaves"]) for line in lines), end["count"])
        self.assertGreater(end["count"], 0)
        for before, after in zip(lines, lines[1:]):
            self.assertEqual(before["first_time"] + before["seconds"], after["first_time"])
        only = self.ask("calendar", "leaves", "--since", head, "--to", head).stdout.splitlines()
        self.assertEqual(len(only), 1)

    def test_keeps_the_leaves_in_a_file(self):
        leaves = ("calendar", "leaves", "-o", "c.leaves")
        self.assertIn("wrote c.leaves: ", self.ask(*leaves).stdout)
        first = (self.folder / "c.leaves").read_bytes()
        self.assertTrue(first.startswith(b"pitser.leaves/1\n"))
        self.assertIn("--force", self.ask(*leaves, code=7).stderr)
        self.assertEqual(self.ask_json(*leaves, "--force")["output"], "c.leaves")
        self.ask("calendar", "leaves", "-o", "none/c.leaves", code=7)
        result = self.ask("calendar", "leaves", "-o", "-", text=False)
        self.assertTrue(result.stdout.startswith(b"pitser.leaves/1\n"))
        self.assertEqual(os.listdir(self.folder), ["c.leaves"])

    def test_tells_failures_apart(self):
        self.assertIn("newest closed second", self.ask(
            "calendar", "leaves", "--since", "2999-01-01T00:00:00Z", code=3).stderr)
        self.ask("calendar", "leaves", "--to", "2999-01-01T00:00:00Z", code=3)
        self.ask("calendar", "leaves", "--since", "9", "--to", "8", code=2)
        self.ask("calendar", "leaves", "--since", "soon", code=2)
        self.ask("calendar", "leaves", "--since", "9999999999999", code=2)
        for command in (("server-info",), ("calendar", "head"), ("calendar", "leaves"),
                        ("publications", "show"),
                        ("publications", "fetch", "--trust", self.node.trust, "-o", "p.bin")):
            self.run_pitser(*command, code=2)
            failed = self.run_json(*command, "--server", UNREACHABLE, "--timeout", "3", code=6)
            self.assertEqual((failed["result"], failed["reason_code"]), ("error", "unreachable"))
        self.run_pitser("publications", "show", "none.bin", code=7)
        (self.folder / "bad.bin").write_bytes(b"nothing")
        self.run_pitser("publications", "show", "bad.bin", code=4)
        self.run_pitser("publications", code=2)
        self.run_pitser("calendar", code=2)

    def test_a_ledger_without_any_second_has_no_head(self):
        with Node() as fresh:
            for command in (("calendar", "head"), ("calendar", "leaves")):
                self.run_pitser(*command, "--server", fresh.server, code=3)


if __name__ == "__main__":
    unittest.main()
