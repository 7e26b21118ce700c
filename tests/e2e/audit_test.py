#!/usr/bin/env python3
"""pitser audit against real nodes, honest, forged and forked: what it finds, and every exit code."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, pitser  # noqa: E402

UNREACHABLE = "127.0.0.1:1"


def forge(*arguments):
    """Runs the forger; the head that it tells."""
    run = subprocess.run([BIN / "forge_calendar", *map(str, arguments)], check=True, text=True,
                         capture_output=True)
    return int(run.stdout)


class AuditTestCase(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-audit-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def run_pitser(self, *arguments, code=0, **options):
        result = pitser(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def run_json(self, *arguments, code=0):
        return json.loads(self.run_pitser(*arguments, "--json", code=code).stdout)

    def sign(self, node, name):
        """Signs a document of this name; the second that it was signed in."""
        (self.folder / name).write_text(name)
        signed = self.run_json("sign", name, "--force", "--server", node.server)
        return signed["signing_time"]

    def keep_trust(self, node, name="trust"):
        """A copy of the node's trust folder, as an auditor would have it."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(node.trust, self.folder / name)
        return self.folder / name


class HonestNodeTest(AuditTestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def audit(self, *arguments, code=0):
        return self.run_pitser("audit", "--server", self.node.server, *arguments, code=code)

    def audit_json(self, *arguments, code=0):
        return self.run_json("audit", "--server", self.node.server, *arguments, code=code)

    def test_finds_that_an_honest_ledger_is_what_it_published(self):
        self.sign(self.node, "a.txt")
        self.node.publish()
        result = self.audit("--trust", self.node.trust)
        self.assertTrue(result.stdout.startswith(f"ok: {self.node.server} is what it published\n"),
                        result.stdout)
        self.assertEqual(result.stderr, "")
        found = self.audit_json("--trust", self.node.trust, "--no-state")
        self.assertEqual((found["schema"], found["result"]), ("pitser.audit/1", "ok"))
        self.assertGreater(found["audits"][0]["publications_held"], 0)
        self.assertGreater(found["audits"][0]["leaves"], 0)
        self.assertEqual(found["audits"][0]["first_time"], 0)

    def test_keeps_its_place_and_goes_on_from_there(self):
        self.sign(self.node, "a.txt")
        state = ("--state", "here.state")
        trust = ("--trust", self.node.trust)
        first = self.audit_json(*state, *trust, code=self.code_without_publication())
        self.assertEqual(first["states"], ["here.state"])
        self.sign(self.node, "b.txt")
        second = self.audit_json(*state, *trust)["audits"][0]
        self.assertEqual(second["first_time"], first["audits"][0]["last_time"] + 1)
        self.assertIsNotNone(second["goes_on_from"])
        # Nothing new is fine as well, and a replay of all comes to the same root.
        third = self.audit_json(*state, *trust, "--to", second["last_time"])["audits"][0]
        self.assertEqual((third["leaves"], third["root"]), (0, second["root"]))
        whole = self.audit_json(*state, *trust, "--since", "0", "--to", second["last_time"])
        self.assertEqual(whole["audits"][0]["root"], second["root"])
        self.assertGreater(whole["audits"][0]["leaves"], second["leaves"])
        self.assertIn("the last audit came to", self.audit(
            *state, *trust, "--to", first["audits"][0]["last_time"], code=2).stderr)

    def code_without_publication(self):
        """Whether the node has published yet decides whether a first audit can tell anything."""
        listed = self.run_json("publications", "show", "--server", self.node.server)
        return 0 if listed["publications"] else 3

    def test_keeps_its_place_where_states_belong(self):
        self.sign(self.node, "a.txt")
        self.node.publish()
        self.audit("--trust", self.node.trust)
        states = list((self.folder / ".local/state/pitser").iterdir())
        self.assertEqual([state.name for state in states],
                         [f"audit-{self.node.server.replace(':', '_')}.state"])

    def test_holds_it_to_signatures_and_codes(self):
        self.sign(self.node, "a.txt")
        self.node.publish()
        code = self.run_json("publications", "show", "--server", self.node.server,
                             "--last", "1")["publications"][0]["code"]
        found = self.audit_json("--trust", self.node.trust, "--signature", "a.txt.ksig",
                                "--publication", code)["audits"][0]
        self.assertEqual(found["records_held"], 1)
        # The second time all this lies before the place: chains lead from there.
        self.sign(self.node, "b.txt")
        found = self.audit_json("--trust", self.node.trust, "--signature", "a.txt.ksig",
                                "--signature", "b.txt.ksig", "--publication", code)["audits"][0]
        self.assertEqual((found["records_held"], found["broken"], found["open"]), (2, [], []))
        # An extended signature rests on a publication.
        self.run_pitser("extend", "a.txt.ksig", "--server", self.node.server, "--trust",
                        self.node.trust)
        self.audit("--trust", self.node.trust, "--signature", "a.txt.ksig")
        # A code alone is enough to tell.
        self.assertIn("ok: ", self.audit("--publication", code, "--no-state").stdout)

    def test_cannot_tell_without_anybodys_word(self):
        self.sign(self.node, "a.txt")
        self.node.publish()
        result = self.audit("--no-state", code=3)
        self.assertTrue(result.stdout.startswith("cannot tell: "), result.stdout)
        self.assertIn("agrees with itself", result.stdout)
        # Without the key's certificate a record is nobody's word.
        result = self.audit("--no-state", "--signature", "a.txt.ksig", code=3)
        self.assertIn("no publications file at hand", result.stdout)

    def test_a_code_of_another_ledger_is_proven_wrong(self):
        second = self.sign(self.node, "a.txt")
        with Node() as other:
            self.sign(other, "b.txt")
            other.publish()
            code = self.run_json("publications", "show", "--server", other.server,
                                 "--last", "1")["publications"][0]["code"]
            self.sign(other, "b.txt")
            found = self.run_json("audit", "--server", other.server, "--trust", self.node.trust,
                                  "--no-state", code=1)
            self.assertIn("not to be trusted", found["audits"][0]["messages"][0])
            while self.sign(self.node, "a.txt") <= second + 3:
                pass
            result = self.audit("--no-state", "--trust", self.node.trust, "--publication", code,
                                code=1)
            self.assertIn("is not what it published: its leaves differ", result.stdout)
            result = self.audit("--no-state", "--trust", self.node.trust, "--signature",
                                "b.txt.ksig", code=3)
            self.assertIn("does not list the key", result.stdout)

    def test_a_forged_signature_says_nothing_of_the_ledger(self):
        self.sign(self.node, "a.txt")
        self.node.publish()
        content = bytearray((self.folder / "a.txt.ksig").read_bytes())
        content[-20] ^= 1  # In the calendar authentication record's signature.
        (self.folder / "bad.ksig").write_bytes(content)
        result = self.audit("--no-state", "--trust", self.node.trust, "--signature", "bad.ksig",
                            code=1)
        self.assertIn("what " + self.node.server + " was to be held to is itself wrong",
                      result.stdout)

    def test_audits_from_a_second_on(self):
        second = self.sign(self.node, "a.txt")
        self.sign(self.node, "b.txt")
        self.node.publish()
        found = self.audit_json("--no-state", "--trust", self.node.trust, "--since", second,
                                "--signature", "a.txt.ksig")["audits"][0]
        self.assertEqual((found["first_time"], found["since"]), (second, second))
        self.assertGreater(found["publications_held"], 0)
        self.audit("--no-state", "--since", "2999-01-01T00:00:00Z", code=3)

    def test_audits_a_file_of_leaves(self):
        self.sign(self.node, "a.txt")
        self.node.publish()
        trust = self.keep_trust(self.node)
        self.run_pitser("calendar", "leaves", "--server", self.node.server, "-o", "c.leaves")
        self.sign(self.node, "late.txt")
        self.node.publish()
        late_trust = self.keep_trust(self.node, "late")
        audit = ("audit", "--leaves", "c.leaves")
        result = self.run_pitser(*audit, "--trust", trust, "--state", "file.state")
        self.assertIn("ok: c.leaves is what it published", result.stdout)
        self.assertTrue((self.folder / "file.state").exists())
        result = self.run_pitser(*audit, "--trust", late_trust, code=3)
        self.assertIn("lies after the last second", result.stdout)
        # The rest from another file, with the place of the first.
        last = json.loads(self.run_pitser(*audit, "--trust", trust, "--json").stdout)
        last = last["audits"][0]["last_time"]
        self.run_pitser("calendar", "leaves", "--server", self.node.server, "-o", "d.leaves",
                        "--since", last + 1)
        audit = ("audit", "--leaves", "d.leaves", "--trust", late_trust)
        self.assertIn("begins at", self.run_pitser(*audit, code=3).stderr)
        self.run_pitser(*audit, "--state", "file.state")
        # Damaged on its way.
        content = bytearray((self.folder / "c.leaves").read_bytes())
        content[len(content) // 2] ^= 1
        (self.folder / "c.leaves").write_bytes(content)
        self.run_pitser("audit", "--leaves", "c.leaves", "--trust", trust, code=4)
        self.run_pitser("audit", "--leaves", "none.leaves", code=7)

    def test_tells_failures_apart(self):
        self.sign(self.node, "a.txt")
        self.run_pitser("audit", code=2)
        failed = self.run_json("audit", "--server", UNREACHABLE, "--timeout", "3", code=6)
        self.assertEqual((failed["result"], failed["reason_code"]), ("error", "unreachable"))
        server = ("--server", self.node.server)
        self.audit(*server, *server, code=2)
        self.audit("--leaves", "x", code=2)
        self.audit("--state", "x", "--no-state", code=2)
        self.audit("--state", "x", *server, code=2)
        self.audit("--proof", "x", code=2)
        self.audit("--since", "5", "--to", "4", code=2)
        self.audit("--publication", "AAAA", code=2)
        self.audit("--signature", "none.ksig", code=7)
        (self.folder / "bad.ksig").write_bytes(b"nothing")
        self.audit("--signature", "bad.ksig", code=4)
        self.audit("--to", "2999-01-01T00:00:00Z", code=3)
        (self.folder / "bad.state").write_text("pitser.audit-state/1\n")
        self.audit("--state", "bad.state", code=4)
        self.audit("--state", "/dev/null/x", "--trust", self.node.trust, code=7)
        self.run_pitser("audit", "--check-proof", "none.proof", code=7)
        (self.folder / "bad.proof").write_text("pitser.fork-proof/1\n")
        failed = self.run_json("audit", "--check-proof", "bad.proof", code=4)
        self.assertEqual(failed["reason_code"], "malformed-input")


class ForgedNodeTest(AuditTestCase):
    """The owner of a node rewrites its history, with all checksums and signatures right."""

    def setUp(self):
        super().setUp()
        self.node = Node()
        self.addCleanup(self.node.__exit__)
        self.node.start()
        self.nothing_published = (self.node.data / "trust/publications.bin").read_bytes()

    def rewrite(self, second):
        """Another leaf for one second, and neither publications file nor record of what was signed that
        would tell."""
        self.node.stop()
        (self.node.data / "publications.store").unlink()
        (self.node.data / "trust/publications.bin").write_bytes(self.nothing_published)
        (self.node.data / "calendar").rename(self.node.data / "calendar-before")
        forge("forge", self.node.data / "calendar-before", self.node.data / "calendar", second)
        for folder in (self.node.data, self.node.data / "calendar"):
            (folder / "last-signed").unlink(missing_ok=True)
        self.node.start()

    def audit_json(self, *arguments, code=0):
        return self.run_json("audit", "--server", self.node.server, *arguments, code=code)

    def history(self):
        """Two publications with leaves before, between and after them: (leaf seconds, publication times)."""
        seconds, publications = [], []
        for name in ("a.txt", "b.txt"):
            seconds.append(self.sign(self.node, name))
            self.node.publish()
            publications.append(self.run_json("publications", "show", "--server", self.node.server,
                                              "--last", "1")["publications"][0]["time"])
        seconds.append(self.sign(self.node, "c.txt"))
        return seconds, publications

    def test_a_leaf_changed_on_disk_is_found_by_the_publications(self):
        seconds, publications = self.history()
        trust = self.keep_trust(self.node)
        self.rewrite(seconds[1])
        self.sign(self.node, "d.txt")
        found = self.audit_json("--no-state", "--trust", trust, code=1)["audits"][0]
        self.assertEqual(found["differs"], {"after": publications[0], "last": publications[1]})
        self.assertEqual([one["time"] for one in found["broken"]], [publications[1]])
        text = self.run_pitser("audit", "--server", self.node.server, "--no-state", "--trust", trust,
                               code=1).stdout
        self.assertIn(f"({publications[0]}) and at or before", text)
        self.assertIn(f"({publications[1]})", text.splitlines()[0])
        self.assertIn("publications are never taken back", text)

    def test_a_leaf_changed_on_disk_is_found_by_the_last_audit(self):
        seconds, publications = self.history()
        trust = self.keep_trust(self.node)
        state = ("--state", "kept.state")
        before = self.audit_json(*state, "--trust", trust)["audits"][0]
        kept = (self.folder / "kept.state").read_bytes()
        for second, after, last in ((seconds[2], publications[1], before["last_time"]),
                                    (seconds[0], None, publications[0])):
            self.rewrite(second)
            self.sign(self.node, "d.txt")
            # Nobody's word but the server's own of then: no trust folder is needed.
            found = self.audit_json(*state, code=1)["audits"][0]
            self.assertEqual(found["differs"], {"after": after, "last": last})
            self.assertIn("another history", " ".join(found["messages"]))
            self.assertEqual((self.folder / "kept.state").read_bytes(), kept)
            shutil.rmtree(self.node.data / "calendar-before")

    def test_a_leaf_changed_on_disk_is_found_by_a_signature(self):
        second = self.sign(self.node, "a.txt")
        trust = self.keep_trust(self.node)
        self.rewrite(second)
        self.sign(self.node, "d.txt")
        found = self.audit_json("--no-state", "--trust", trust, "--signature", "a.txt.ksig", code=1)
        broken = found["audits"][0]["broken"]
        self.assertEqual([(one["kind"], one["time"]) for one in broken],
                         [("record", second), ("leaf", second)])

    def test_an_older_calendar_put_back_is_not_taken_for_a_yes(self):
        self.sign(self.node, "a.txt")
        self.node.stop()
        shutil.copytree(self.node.data, self.folder / "backup")
        self.node.start()
        self.sign(self.node, "b.txt")
        self.audit_json("--state", "kept.state", code=3)
        self.node.stop()
        shutil.rmtree(self.node.data)
        shutil.copytree(self.folder / "backup", self.node.data)
        self.node.start()
        result = self.run_pitser("audit", "--server", self.node.server, "--state", "kept.state",
                                 code=3)
        self.assertIn("it lags behind, or an old copy", result.stderr)


class ForkedNodesTest(AuditTestCase):
    """One data folder, copied, and two nodes that run with it."""

    def setUp(self):
        super().setUp()
        self.nodes = [Node(), Node()]
        for node in self.nodes:
            self.addCleanup(node.__exit__)
        self.nodes[0].start()
        self.common = self.sign(self.nodes[0], "common.txt")
        self.nodes[0].publish()
        self.nodes[0].stop()
        shutil.copytree(self.nodes[0].data, self.nodes[1].data)
        for node in self.nodes:
            node.start()
        self.trust = self.keep_trust(self.nodes[0])

    def both(self):
        return [argument for node in self.nodes for argument in ("--server", node.server)]

    def test_two_nodes_that_agree(self):
        result = self.run_pitser("audit", *self.both(), "--trust", self.trust)
        self.assertIn("both tell the same leaves up to", result.stdout)
        states = os.listdir(self.folder / ".local/state/pitser")
        self.assertEqual(len(states), 2)

    def test_two_nodes_that_differ_are_reported_with_a_proof(self):
        # The second node closes the second of the first one's leaf with a later leaf of its own.
        first = self.sign(self.nodes[0], "a.txt")
        second = self.sign(self.nodes[1], "b.txt")
        self.sign(self.nodes[0], "c.txt")
        audit = ("audit", *self.both(), "--trust", self.trust)
        found = self.run_json(*audit, "--proof", "fork.proof", code=1)
        fork = found["fork"]
        self.assertGreater(fork["time"], self.common)
        self.assertLessEqual(fork["time"], max(first, second))
        self.assertNotEqual(fork["sides"][0]["leaf"], fork["sides"][1]["leaf"])
        self.assertEqual([side["signed"] for side in fork["sides"]], [True, True])
        self.assertEqual(fork["proof"], "fork.proof")

        check = ("audit", "--check-proof", "fork.proof")
        result = self.run_pitser(*check, "--trust", self.trust)
        self.assertTrue(result.stdout.startswith("proven: fork.proof: two different leaves"))
        checked = self.run_json(*check, "--trust", self.trust)
        self.assertEqual([side["vouched_by"] for side in checked["sides"]], ["key", "key"])
        # Without trust, everybody could have written it.
        self.assertIn("cannot tell", self.run_pitser(*check, code=3).stdout)
        with Node() as other:
            self.run_pitser(*check, "--trust", other.trust, code=3)
        # Without a name the proof goes where the states are; one that is there stays.
        self.assertIn("is there already", self.run_pitser(
            *audit, "--proof", "fork.proof", code=7).stderr)
        text = self.run_pitser(*audit, code=1).stdout
        self.assertIn("tell different leaves for", text.splitlines()[0])
        proofs = [name for name in os.listdir(self.folder / ".local/state/pitser")
                  if name.endswith(".proof")]
        self.assertEqual(len(proofs), 1)

    def test_a_proof_that_proves_nothing_is_refused(self):
        self.test_two_nodes_that_differ_are_reported_with_a_proof()
        text = (self.folder / "fork.proof").read_text().splitlines()
        sides = [index for index, line in enumerate(text) if line.startswith("server = ")]
        same = text[:sides[1]] + text[sides[0]:sides[1]]
        self.write_sealed("same.proof", same)
        result = self.run_pitser("audit", "--check-proof", "same.proof", "--trust", self.trust, code=1)
        self.assertIn("the same leaf", result.stdout)

    def write_sealed(self, name, lines):
        body = "".join(line + "\n" for line in lines)
        digest = hashlib.sha256(body.encode()).hexdigest()
        (self.folder / name).write_text(f"{body}checksum = SHA-256:{digest}\n")


class ManyLeavesTest(AuditTestCase):
    """How long it takes is printed, not asserted; PITSER_AUDIT_LEAVES says how many."""

    def test_replays_many_leaves(self):
        count = int(os.environ.get("PITSER_AUDIT_LEAVES", "20000"))
        now = int(time.time())
        for name, step in (("dense", 1), ("spread over 10^9 s", 1_000_000_000 // count)):
            node = Node()
            self.addCleanup(node.__exit__)
            node.start()  # Makes the data folder.
            node.stop()
            shutil.rmtree(node.data / "calendar")
            head = forge("make", node.data / "calendar", now - 60 - step * (count - 1), step, count)
            node.start()
            begun = time.monotonic()
            found = self.run_json("audit", "--server", node.server, "--no-state", "--to", head, code=3)
            seconds = time.monotonic() - begun
            self.assertEqual(found["audits"][0]["leaves"], count)
            self.assertEqual(found["audits"][0]["broken"], [])
            print(f"audit of {count} leaves, {name}: {seconds:.2f} s")
            node.stop()


if __name__ == "__main__":
    unittest.main()
