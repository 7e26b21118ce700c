#!/usr/bin/env python3
"""pitser verify against a real pitserd: every policy, each exit code, the extender up and down, folders and lists."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402

NOBODY = "grpc://127.0.0.1:1"


class VerifyTest(unittest.TestCase):
    """One ledger: `young` is signed after the last publication, `old` before it, `extended` is extended to it."""

    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()
        cls.addClassCleanup(cls.node.__exit__)
        temporary = tempfile.TemporaryDirectory(prefix="pitser-verify-")
        cls.addClassCleanup(temporary.cleanup)
        cls.made = pathlib.Path(temporary.name)
        for name in ("old", "extended", "young"):
            (cls.made / name).write_text(f"the {name} document")
        cls.sign("old")  # A second before the publication's at least: a code in hand has to be later.
        cls.sign("extended")
        cls.node.publish()
        cls.run_checked("extend", "extended.ksig", "--trust", cls.node.trust)
        cls.sign("young")
        publication = json.loads((cls.run_checked("publications", "show", "--last", "1", "--json")).stdout)
        cls.code = publication["publications"][0]["code"]

    @classmethod
    def sign(cls, *names):
        cls.run_checked("sign", *names)

    @classmethod
    def run_checked(cls, *arguments):
        result = pitser(*arguments, "--server", cls.node.server, cwd=cls.made)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-verify-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / "in"
        shutil.copytree(self.made, self.folder)
        self.url = f"grpc://{self.node.server}"

    def verify(self, *arguments, code=0, trust=True, **options):
        more = ("--trust", self.node.trust) if trust else ()
        result = pitser("verify", *arguments, *more, cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def verify_json(self, *arguments, code=0, **options):
        return json.loads(self.verify(*arguments, "--json", code=code, **options).stdout)

    # --- Policies, offline ---

    def test_each_policy_says_what_it_rests_on(self):
        for name, policy, code, basis in (
                ("young", "internal", 0, "none"),
                ("young", "key", 0, "key"),
                ("young", "general", 0, "key"),
                ("young", "publications-file", 3, "none"),
                ("extended", "publications-file", 0, "publications-file"),
                ("extended", "general", 0, "publications-file"),
                ("extended", "key", 3, "none"),
                ("old", "publications-file", 3, "none")):
            with self.subTest(name=name, policy=policy):
                verdict = self.verify_json(name, "--policy", policy, code=code)
                self.assertEqual(verdict["trust"]["basis"], basis)
                self.assertEqual(verdict["reason_code"], "GEN-02" if code else None)
        own = ("--publication", self.code)
        self.assertEqual(self.verify_json("extended", *own, "--policy", "publication", trust=False)
                         ["trust"]["basis"], "user-publication")
        self.assertEqual(self.verify_json("extended", *own, trust=False)["trust"]["basis"],
                         "user-publication")
        self.assertEqual(self.verify_json("old", *own, code=3, trust=False)["trust"]["basis"], "none")

    def test_suggests_to_extend_where_a_publication_covers_it(self):
        self.assertEqual(self.verify_json("old")["suggestion"]["code"], self.code)
        self.assertIn("`pitser extend old.ksig` makes this signature independent of any key",
                      self.verify("old").stdout)
        self.assertIsNone(self.verify_json("young")["suggestion"])
        self.assertIsNone(self.verify_json("extended")["suggestion"])

    def test_a_changed_byte_is_found(self):
        (self.folder / "young").write_text("the young Document")
        verdict = self.verify_json("young", code=1)
        self.assertEqual((verdict["result"], verdict["reason_code"]), ("failed", "GEN-01"))
        # In the signature, wherever it is: never a yes.
        signature = bytearray((self.made / "old.ksig").read_bytes())
        names = []
        for position in range(0, len(signature), 7):
            changed = bytearray(signature)
            changed[position] ^= 0x10
            (self.folder / f"flip{position}").write_text("the old document")
            (self.folder / f"flip{position}.ksig").write_bytes(changed)
            names.append(f"flip{position}")
        result = pitser("verify", *names, "--json", "--trust", self.node.trust, cwd=self.folder)
        self.assertIn(result.returncode, (1, 4))
        verdicts = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([verdict["file"] for verdict in verdicts], names)
        self.assertEqual({verdict["result"] for verdict in verdicts} & {"ok", "error"}, set())

    def test_every_exit_code(self):
        self.verify("young", code=0)
        (self.folder / "extended").write_text("another")
        self.verify("extended", code=1)
        self.verify("young", "--policy", "newest", code=2)
        self.verify("young", "--policy", "calendar", code=2)
        self.verify("young", "--extender", "ksi+http://127.0.0.1:1", code=2)
        self.verify("young", code=3, trust=False)
        (self.folder / "bad.ksig").write_text("no signature")
        self.verify("bad.ksig", code=4)
        self.verify("none", code=7)

    # --- The extender ---

    def test_an_extender_leads_to_the_publication(self):
        ask = ("--extend", "--extender", self.url)
        self.assertEqual(self.verify_json("old")["trust"]["basis"], "key")
        verdict = self.verify_json("old", *ask)
        self.assertEqual(verdict["trust"]["basis"], "publications-file")
        self.assertEqual((verdict["trust"]["extended"], verdict["trust"]["extender"]), (True, self.url))
        self.assertEqual(verdict["trust"]["publication"]["code"], self.code)
        by_code = self.verify_json("old", *ask, "--publication", self.code, trust=False)
        self.assertEqual(by_code["trust"]["basis"], "user-publication")
        # No publication covers it: nobody is asked, the key decides.
        self.assertEqual(self.verify_json("young", *ask)["trust"]["basis"], "key")
        self.assertIn("just now and for this verdict only", self.verify("old", *ask).stdout)
        # The signature stays as it is.
        self.assertEqual((self.folder / "old.ksig").read_bytes(), (self.made / "old.ksig").read_bytes())
        # The setting `server` is the extender where none is named.
        verdict = self.verify_json("old", "--extend", "--server", self.node.server)
        self.assertEqual(verdict["trust"]["extender"], self.url)

    def test_the_calendar_policy(self):
        for name in ("old", "extended", "young"):
            verdict = self.verify_json(name, "--policy", "calendar", "--extender", self.url, trust=False)
            self.assertEqual(verdict["trust"]["basis"], "calendar")
        self.assertIn("has to be believed", self.verify("young", "--policy", "calendar", "--extender",
                                                        self.url, trust=False).stdout)
        with Node() as other:
            # Another ledger's calendar is not the one that it was signed in.
            pitser("sign", "young", "-o", "other.ksig", "--server", other.server, cwd=self.folder)
            verdict = self.verify_json("old", "--policy", "calendar", "--extender",
                                       f"grpc://{other.server}", code=1)
            self.assertRegex(verdict["reason_code"], "CAL-0[124]")

    def test_an_extender_that_is_down_is_inconclusive_and_says_so(self):
        down = ("--extender", NOBODY, "--timeout", "2")
        verdict = self.verify_json("old", *down, "--policy", "publications-file", code=3)
        self.assertEqual(verdict["reason_code"], "GEN-02")
        self.assertIn(f"the extender gave no answer: {NOBODY}: ", verdict["cause"])
        self.assertIn(NOBODY, self.verify("young", *down, "--policy", "calendar", code=3).stdout)
        # What needs none does not ask, and what has another way takes it and says so.
        self.assertEqual(self.verify_json("extended", *down)["messages"], [])
        by_key = self.verify_json("old", *down)
        self.assertEqual(by_key["trust"]["basis"], "key")
        self.assertIn("the extender was of no help", by_key["messages"][0])

    def test_an_extender_that_comes_back(self):
        with Node() as node:
            (self.folder / "doc").write_text("a document")
            sign = pitser("sign", "doc", "--server", node.server, cwd=self.folder)
            self.assertEqual(sign.returncode, 0, sign.stderr)
            node.publish()
            node.stop()
            ask = ("doc", "--trust", node.trust, "--policy", "publications-file", "--timeout", "2",
                   "--extender", f"grpc://{node.server}")
            self.verify(*ask, code=3, trust=False)
            node.start()
            ask = (*ask[:-1], f"grpc://{node.server}")
            self.verify(*ask, code=0, trust=False)

    # --- Many ---

    def test_a_folder_has_a_line_for_each_and_the_sum(self):
        (self.folder / "sub").mkdir()
        shutil.move(self.folder / "old.ksig", self.folder / "sub" / "alone.ksig")
        (self.folder / "young").write_text("changed")
        lines = self.verify("-r", ".", code=1).stdout.splitlines()
        self.assertRegex(lines[0], r"^verified     \./extended  .*Z  by the publication of ")
        self.assertRegex(lines[1], r"^missing      \./sub/alone  .*Z  is not there$")
        self.assertRegex(lines[2], r"^FAILED       \./young  .*Z  GEN-01 Wrong document$")
        self.assertEqual(lines[3], "3 inputs: 1 verified, 1 missing, 1 FAILED")
        objects = [json.loads(line) for line in
                   self.verify("-r", ".", "--json", code=1).stdout.splitlines()]
        self.assertEqual([one["signature"] for one in objects],
                         ["./extended.ksig", "./sub/alone.ksig", "./young.ksig"])

    def test_a_list_on_standard_input(self):
        names = "extended\nyoung.ksig\nnone\n"
        result = self.verify("--files-from", "-", code=7, input=names)
        self.assertEqual(len(result.stdout.splitlines()), 4)
        result = self.verify("--files-from", "-", "-0", "--json", code=7,
                             input=names.replace("\n", "\0"))
        self.assertEqual([json.loads(line)["result"] for line in result.stdout.splitlines()],
                         ["ok", "ok", "error"])

    def test_thousands_in_order(self):
        names = [("young", "extended", "none")[i % 3] for i in range(5000)]
        result = self.verify("--files-from", "-", "--json", code=7, input="\n".join(names))
        objects = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([one["file"] for one in objects], names)
        self.assertEqual({(one["file"], one["result"]) for one in objects},
                         {("young", "ok"), ("extended", "ok"), ("none", "error")})

    def test_one_bad_signature_of_a_round_is_refused_alone(self):
        """What is verified once for a round never speaks for other bytes, whichever comes first."""
        folder = self.folder / "round"
        folder.mkdir()
        names = [f"d{i:02}" for i in range(60)]
        for name in names:
            (folder / name).write_text(f"document {name}")
        result = pitser("sign", *names, "--server", self.node.server, cwd=folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        signatures = [(folder / f"{name}.ksig").read_bytes() for name in names]
        tail = len(os.path.commonprefix([one[::-1] for one in signatures]))
        value = signatures[0].rindex(b"1.2.840.113549.1.1.11\0") - len(signatures[0]) + 40
        # From the end: the last sibling of its own, a calendar sibling, the record's hash, its signature's value, key's id.
        places = {"d00": (-tail - 1, 1), "d17": (value - 200, 1), "d30": (value - 65, 1),
                  "d31": (value, 1), "d32": (value + 100, 1), "d59": (-1, 3)}
        expected = {"d00": "INT-01", "d17": "INT-08", "d30": "INT-08", "d31": "KEY-02",
                    "d32": "KEY-02", "d59": "GEN-02"}
        for name, (place, code) in places.items():
            with self.subTest(name=name):
                path = folder / f"{name}.ksig"
                good = path.read_bytes()
                changed = bytearray(good)
                changed[place] ^= 0x10
                path.write_bytes(changed)
                alone = self.verify_json(folder / name, code=code)
                self.assertEqual(alone["reason_code"], expected[name])
                self.assert_refused(folder, {name: expected[name]}, code)
                path.write_bytes(good)
        for name, (place, _) in places.items():
            changed = bytearray((folder / f"{name}.ksig").read_bytes())
            changed[place] ^= 0x10
            (folder / f"{name}.ksig").write_bytes(changed)
        self.assert_refused(folder, expected, 1)

    def assert_refused(self, folder, expected, code):
        """These below the folder, by these reasons, and no others."""
        lines = self.verify("-r", folder, "--json", code=code).stdout.splitlines()
        objects = [json.loads(line) for line in lines]
        self.assertEqual(len(objects), 60)
        self.assertEqual({pathlib.Path(one["file"]).name: one["reason_code"] for one in objects
                          if one["result"] != "ok"}, expected)

    def test_an_endless_list_needs_no_memory(self):
        """Names come as long as they are taken: the command tells of the first while more come."""
        def write(stream):
            try:
                while True:
                    stream.write(b"young\n" * 1000)
            except BrokenPipeError:
                pass

        with subprocess.Popen([BIN / "pitser", "verify", "--files-from", "-", "--trust",
                               self.node.trust], cwd=self.folder, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env=clean_environment(self.folder)) as run:
            # Both ends of both pipes must move: who only writes waits for who only writes.
            writer = threading.Thread(target=write, args=(run.stdin,))
            writer.start()
            try:
                line = run.stdout.readline()
            finally:
                run.kill()
                writer.join()
                with contextlib.suppress(BrokenPipeError):
                    run.stdin.close()
        self.assertRegex(line, rb"^verified     young  ")

    def test_explains_every_rule(self):
        verdict = self.verify_json("old", "--explain", "--extender", self.url)
        self.assertEqual([group["policy"] for group in verdict["rules"]],
                         ["internal", "publications-file-based"])
        rules = {one["rule"]: one["outcome"] for group in verdict["rules"] for one in group["verdicts"]}
        self.assertEqual(rules["extender-answers"], "ok")
        self.assertEqual(rules["document-hash-matches"], "ok")
        text = self.verify("old", "--explain", "--extender", self.url).stdout
        for rule in rules:
            self.assertIn(rule, text)

    # --- The system's store ---

    def test_the_systems_store_is_believed_only_when_asked(self):
        environment = {**clean_environment(self.folder),
                       "SSL_CERT_FILE": str(self.node.trust / "root.pem")}
        constraint = (self.node.trust / "constraint").read_text().split("\n")
        constraint = next(line for line in constraint if line and not line.startswith("#"))
        command = [BIN / "pitser", "verify", "young", "--json", "--publications-file",
                   self.node.trust / "publications.bin", "--publisher-constraint", constraint]
        refused = subprocess.run(command, cwd=self.folder, env=environment, check=False,
                                 capture_output=True, text=True)
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn("no root certificate", json.loads(refused.stdout)["messages"][0])
        taken = subprocess.run([*command, "--system-trust"], cwd=self.folder, env=environment,
                               check=False, capture_output=True, text=True)
        self.assertEqual(taken.returncode, 0, taken.stdout + taken.stderr)
        self.assertEqual(json.loads(taken.stdout)["trust"]["accepted"], "system")

    # --- Lean ---

    def test_starts_without_an_rpc_library(self):
        """What makes a start slow: dozens of shared libraries (docs/decisions/0008-lean-start.md)."""
        listed = subprocess.run(["ldd", BIN / "pitser"], check=True, capture_output=True, text=True)
        names = [line.split()[0] for line in listed.stdout.splitlines()]
        self.assertEqual([name for name in names if "grpc" in name or "absl" in name], [])


if __name__ == "__main__":
    unittest.main()
