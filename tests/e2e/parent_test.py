#!/usr/bin/env python3
"""A node with a parent: two real ones in a row, and three; a parent that is gone, silent, or lies."""

import contextlib
import hashlib
import json
import pathlib
import socket
import subprocess
import sys
import tarfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ksi_client import EXTENDED, SIGNED, Account, Connection, children, integer, tlv  # noqa: E402
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402

ANON = Account()
KSI = ("--ksi-sign-listen", "127.0.0.1:0", "--ksi-extend-listen", "127.0.0.1:0", "--allow-anonymous")


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def add_account(node, login, *limits):
    """An account of a node, in a file as --parent-credentials wants it."""
    made = subprocess.run([BIN / "pitserd", "account", "add", login, "--json", "--data", node.data, *limits],
                          check=True, capture_output=True, text=True, timeout=60,
                          env=clean_environment(node.folder))
    file = node.folder / f"{login}.credentials"
    file.write_text(f"login {login}\nkey {json.loads(made.stdout)['key']}\n")
    file.chmod(0o600)
    return file


def below(parent, credentials, *flags, scheme="tcp", url=None):
    """A node whose parent that one is, or seems to be at another address."""
    return Node("--parent", url or f"ksi+{scheme}://{parent.faces['ksi-sign']}",
                "--parent-extender", f"ksi+{scheme}://{parent.faces['ksi-extend']}",
                "--parent-credentials", credentials, "--parent-publications-every", "1s",
                "--machine-id", "below", *KSI, *flags)


def status(node):
    shown = subprocess.run([BIN / "pitserd", "status", "--json", "--data", node.data], check=True,
                           capture_output=True, text=True, timeout=60, env=clean_environment(node.folder))
    return json.loads(shown.stdout)


class BelowTest(unittest.TestCase):
    """A ledger, and nodes before it: over TCP, over HTTP, and one that is a hop further away. Section 8, several hops."""

    @classmethod
    def setUpClass(cls):
        cls.top = cls.started(Node(*KSI, "--genesis", "2008-04-15T00:00:00Z", "--machine-id", "top"))
        credentials = add_account(cls.top, "relay", "--max-level", "12")
        cls.tcp = cls.started(below(cls.top, credentials))
        cls.http = cls.started(below(cls.top, credentials, scheme="http"))
        cls.far = cls.started(below(cls.tcp, add_account(cls.tcp, "branch")))
        cls.paths = {cls.tcp: ["relay"], cls.http: ["relay"], cls.far: ["relay", "branch"]}
        cls.folder = cls.top.folder

    @classmethod
    def started(cls, node):
        node.start()
        cls.addClassCleanup(node.__exit__)
        return node

    def run_pitser(self, *arguments, code=0):
        result = pitser(*arguments, cwd=self.folder)
        self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout}{result.stderr}")
        return result

    def document(self, name):
        (self.folder / name).write_text(f"document {name}")
        return name

    def verdict(self, name, *arguments, code=0):
        return json.loads(self.run_pitser("verify", name, "--json", *arguments, code=code).stdout)

    def check(self, name, path):
        verdict = self.verdict(name, "--trust", self.top.trust)
        self.assertEqual(verdict["trust"]["basis"], "key")
        self.assertEqual([layer["client_id"] for layer in verdict["identities"]], path)

    def test_every_policy(self):
        for number, (node, path) in enumerate(self.paths.items()):
            with self.subTest(path=path, number=number):
                old, young = self.document(f"old{number}"), self.document(f"young{number}")
                server, extender = node.server, f"grpc://{node.server}"
                ksi_extender = f"ksi+tcp://{node.faces['ksi-extend']}"
                credentials = self.folder / "anon.credentials"
                credentials.write_text("login anon\nkey anon\n")
                credentials.chmod(0o600)
                trust = ("--trust", self.top.trust)
                self.run_pitser("sign", old, "--server", server)
                self.top.publish()
                self.run_pitser("sign", young, "--server", server)
                self.check(old, [*path, "anonymous"])
                self.assertEqual(self.verdict(old, "--policy", "internal")["result"], "ok")
                self.assertEqual(self.verdict(old, "--policy", "key", *trust)["result"], "ok")
                for ask in (("--extender", extender), ("--extender", ksi_extender, "--credentials", credentials)):
                    calendar = self.verdict(old, "--policy", "calendar", *ask)
                    self.assertEqual((calendar["result"], calendar["trust"]["basis"]), ("ok", "calendar"))
                    self.assertEqual(self.verdict(young, "--policy", "calendar", *ask)["result"], "ok")
                    general = self.verdict(old, "--policy", "general", *ask, *trust)
                    self.assertEqual(general["trust"]["basis"], "publications-file")
                self.run_pitser("extend", f"{old}.ksig", "--extender", ksi_extender, "--credentials", credentials,
                                *trust)
                by_file = self.verdict(old, "--policy", "publications-file", *trust)
                self.assertEqual(by_file["trust"]["basis"], "publications-file")
                code = by_file["trust"]["publication"]["code"]
                own = self.verdict(old, "--policy", "publication", "--publication", code)
                self.assertEqual(own["trust"]["basis"], "user-publication")
                (self.folder / old).write_text("another document")
                self.assertEqual(self.verdict(old, "--policy", "internal", code=1)["reason_code"], "GEN-01")

    def test_the_publications_file_is_the_parents(self):
        self.top.publish()
        expected = (self.top.trust / "publications.bin").read_bytes()
        deadline = time.monotonic() + 30
        while True:
            fetched = [pitser("publications", "fetch", "-o", "-", "--trust", self.top.trust, "--server", node.server,
                              cwd=self.folder, text=False) for node in (self.tcp, self.http, self.far)]
            if all(result.returncode == 0 and result.stdout == expected for result in fetched):
                break
            self.assertLess(time.monotonic(), deadline, [result.stderr for result in fetched])
            time.sleep(0.2)

    def test_batches_and_many(self):
        for number, (node, path) in enumerate(self.paths.items()):
            names = [self.document(f"many{number}-{each}") for each in range(300)]
            self.run_pitser("sign", *names[:100], "--server", node.server)
            self.run_pitser("sign", "--batch", *names[100:], "--server", node.server)
            for name in (names[0], names[99], names[100], names[-1]):
                self.check(name, [*path, "anonymous"])

    def test_a_large_batch_stays_below_what_the_parent_takes(self):
        listed = self.folder / "hashes"
        listed.write_text("".join(f"{digest(str(each)).hex()}  {each}\n" for each in range(5000)))
        out = self.folder / "large.tar"
        self.run_pitser("sign", "--batch", "--hashes", listed, "-o", out, "--server", self.far.server)
        (self.folder / "4999").write_text("4999")
        with tarfile.open(out) as archive:
            (self.folder / "4999.ksig").write_bytes(archive.extractfile("4999.ksig").read())
        self.check("4999", ["relay", "branch", "anonymous"])

    def test_levels_add_up_and_are_limited(self):
        for node, most in ((self.tcp, 11), (self.far, 10)):
            with self.subTest(most=most), Connection(node.endpoint("ksi-sign")) as connection:
                told = ANON.read(connection.ask(ANON.configuration_request()))
                self.assertEqual(told.configuration[0x01], integer(most))
                too_high = ANON.read(connection.ask(ANON.sign_request(1, digest("x"), level=most + 1)))
                self.assertEqual(too_high.status, 0x104)
                # Each needs a tree of its own, but for the last two.
                for number, level in enumerate((most, most, 0, 0)):
                    connection.send(ANON.sign_request(10 + number, digest(f"leaf{number}"), level=level))
                answers = {}
                while len(answers) < 4:
                    answer = ANON.read(connection.receive())
                    self.assertEqual(answer.status, 0, answer.message)
                    answers[answer.request_id] = answer
                name = self.document(f"level{most}")
                (self.folder / name).write_text("leaf2")
                (self.folder / f"{name}.ksig").write_bytes(answers[12].signature())
                self.assertEqual(self.verdict(name, "--policy", "internal")["result"], "ok")

    def test_the_extender_answers_as_the_parents_does(self):
        now = int(time.time())
        with Connection(self.top.endpoint("ksi-extend")) as top, Connection(self.far.endpoint("ksi-extend")) as far:
            for number, times in enumerate(((now - 10, now - 5), (now - 5, now - 10), (now + 1000, now + 2000),
                                            (1199145600, now - 5), (1208217600, 1398866256))):
                answers = []
                for connection in (top, far):
                    connection.send(ANON.extend_request(number, *times))
                    answer = ANON.read(connection.receive(), EXTENDED)
                    answers.append((answer.status, [p for p in answer.parts if p[:2] == b"\x88\x02"]))
                self.assertEqual(answers[0], answers[1], times)

    def test_what_only_the_ledger_has_is_refused(self):
        for command in (("trust", "fetch"), ("calendar", "head")):
            refused = pitser(*command, "--server", self.tcp.server, cwd=self.folder)
            self.assertEqual(refused.returncode, 5, refused.stdout + refused.stderr)
            self.assertIn("parent", refused.stderr)
        published = subprocess.run([BIN / "pitserd", "publish", "--data", self.tcp.data], check=False,
                                   capture_output=True, text=True, timeout=60)
        self.assertEqual(published.returncode, 5)
        self.assertIn("parent", published.stderr)

    def test_status_names_the_parent(self):
        name = self.document("status")
        self.run_pitser("sign", name, "--server", self.tcp.server)
        shown = status(self.tcp)
        self.assertEqual(shown["parent"]["aggregator"], f"ksi+tcp://{self.top.faces['ksi-sign']}")
        self.assertEqual(shown["parent"]["max_level"], 12)
        self.assertGreater(shown["parent"]["last_signed"], time.time() - 60)
        self.assertTrue(shown["signing"]["serving"])
        self.assertIsNone(status(self.top)["parent"])


class FailingParentTest(unittest.TestCase):
    def setUp(self):
        self.ports = [free_port(), free_port()]
        self.top = Node("--ksi-sign-listen", f"127.0.0.1:{self.ports[0]}",
                        "--ksi-extend-listen", f"127.0.0.1:{self.ports[1]}", "--allow-anonymous",
                        "--genesis", "2008-04-15T00:00:00Z")
        self.top.start()
        self.addCleanup(self.top.__exit__)
        self.credentials = add_account(self.top, "relay")

    def below(self, credentials=None, **options):
        node = below(self.top, credentials or self.credentials, "--parent-timeout", "3s", **options)
        self.addCleanup(node.__exit__)
        return node

    def sign(self, node, code):
        (node.folder / "doc").write_text("doc")
        result = pitser("sign", "doc", "--force", "--timeout", "8s", "--server", node.server,
                        cwd=node.folder)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def sign_until_it_goes(self, node):
        deadline = time.monotonic() + 60
        (node.folder / "doc").write_text("doc")
        while pitser("sign", "doc", "--force", "--server", node.server, cwd=node.folder).returncode != 0:
            self.assertLess(time.monotonic(), deadline)

    def ask(self, node):
        with Connection(node.endpoint("ksi-sign")) as connection:
            return ANON.read(connection.ask(ANON.sign_request(1, digest("x"))))

    def test_a_parent_that_is_gone_and_comes_back(self):
        node = self.below()
        node.start()
        self.sign(node, 0)
        self.top.stop()
        self.assertEqual(self.ask(node).status, 0x300)
        answer = self.ask(node)
        self.assertEqual(answer.status, 0x300)
        self.assertIn("the parent's aggregator", answer.message)
        self.assertIn("the parent's aggregator", self.sign(node, 6).stderr)
        with Connection(node.endpoint("ksi-extend")) as connection:
            refused = ANON.read(connection.ask(ANON.extend_request(1, int(time.time()) - 10)), EXTENDED)
        self.assertEqual(refused.status, 0x300)
        shown = status(node)["signing"]
        self.assertFalse(shown["serving"])
        self.assertIn("the parent's aggregator", shown["reason"])
        # It starts without its parent, too, once it has seen it.
        node.stop()
        node.start()
        self.assertEqual(self.ask(node).status, 0x300)
        self.top.start()
        self.sign_until_it_goes(node)
        # Killed at any moment: there is nothing that it could lose.
        node.kill()
        node.stop()
        node.start()
        self.sign_until_it_goes(node)

    def test_a_first_start_without_the_parent_says_what_to_do(self):
        self.top.stop()
        node = self.below()
        with self.assertRaisesRegex(RuntimeError, "parent_publications"):
            node.start()

    def test_credentials_that_the_parent_does_not_know(self):
        wrong = self.top.folder / "wrong"
        wrong.write_text("login relay\nkey wonderland\n")
        wrong.chmod(0o600)
        node = self.below(wrong)
        node.start()
        answer = self.ask(node)
        self.assertEqual(answer.status, 0x300)
        self.assertIn("0x102", answer.message)
        self.assertNotIn("wonderland", (node.folder / "pitserd.log").read_text())

    def test_a_parent_that_is_silent(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            node = self.below(url=f"ksi+tcp://127.0.0.1:{silent.getsockname()[1]}")
            node.start()
            self.assertEqual(self.ask(node).status, 0x301)

    def test_a_parent_that_lies(self):
        """Well-formed, sealed with the right key, a good signature: of another hash, or of another level."""
        login, key = (line.split()[1] for line in self.credentials.read_text().splitlines())
        relay = Account(login, key.encode())
        with Connection(self.top.endpoint("ksi-sign")) as connection:
            other = relay.read(connection.ask(relay.sign_request(1, digest("something else"))))

        def answer(connection):
            with connection, contextlib.suppress(OSError, AssertionError):
                reader = Connection.__new__(Connection)
                reader.socket, reader._buffer = connection, b""
                while pdu := reader.receive():
                    payload, = (value for tag, value, _ in children(children(pdu)[0][1]) if tag in (0x02, 0x04))
                    told = dict((tag, value) for tag, value, _ in children(payload))
                    if 0x02 not in told:
                        reader.send(relay.seal(SIGNED, tlv(0x04, tlv(0x01, b"\x0c"))))
                        continue
                    reader.send(relay.seal(SIGNED, tlv(0x02, tlv(0x01, told[0x01]) + tlv(0x04, b"") +
                                                       b"".join(other.parts))))

        with socket.create_server(("127.0.0.1", 0)) as liar:
            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        threading.Thread(target=answer, args=(liar.accept()[0],), daemon=True).start()
            threading.Thread(target=serve, daemon=True).start()
            node = self.below(url=f"ksi+tcp://127.0.0.1:{liar.getsockname()[1]}")
            node.start()
            refused = self.ask(node)
            self.assertEqual(refused.status, 0x300)
            self.assertIn("GEN-01", refused.message)

    def test_settings_that_make_no_sense(self):
        for flags, text in ((("--parent-extender", "ksi+tcp://127.0.0.1:1"), "parent_extender needs parent"),
                            (("--parent", "ksi+tcp://127.0.0.1:1"), "parent_extender"),
                            (("--parent", "ksi+tcp://127.0.0.1:1", "--parent-extender", "ksi+tcp://127.0.0.1:1"),
                             "parent_credentials"),
                            (("--parent", "nowhere", "--parent-extender", "ksi+tcp://127.0.0.1:1",
                              "--parent-credentials", self.credentials), "parent: ")):
            node = Node(*flags)
            self.addCleanup(node.cleanup)
            with self.assertRaisesRegex(RuntimeError, text):
                node.start()
        # A ledger's data is no place for a node with a parent, and the other way round.
        node = self.below()
        node.start()
        node.stop()
        beside = self.below()
        self.top.stop()
        for data, other in ((node.data, Node()), (self.top.data, beside)):
            self.addCleanup(other.cleanup)
            other.use_data(data)
            with self.assertRaisesRegex(RuntimeError, "data folder"):
                other.start()


if __name__ == "__main__":
    unittest.main()
