"""What holds for every SDK of the KSI service protocol: a program of ours that uses the SDK runs
against a node, over HTTP and over TCP, and what it gets is held against the command pitser."""

import concurrent.futures
import hashlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from example_checks import environment  # noqa: E402
from pitser_node import BIN, SOURCE, Node, clean_environment, pitser  # noqa: E402

TRANSPORTS = ("http", "tcp")
KSI = ("--ksi-sign-listen", "127.0.0.1:0", "--ksi-extend-listen", "127.0.0.1:0")
MANY = 100
LEVEL = 5
# The checks of each program, by name and in order: none may be left out.
SIGN_CHECKS = [
    "sign-sha-256", "sign-sha-384", "sign-sha-512", "sign-level", "level-too-high",
    "another-document", "another-root", "another-email", "wrong-key", "wrong-login",
    "hmac-sha-512", "hmac-refused", "aggregator-configuration", "extender-configuration",
    "no-publication-yet", "pitser-signature", "many-at-once"]
EXTEND_CHECKS = [
    "extend-sha-256", "extend-sha-384", "extend-sha-512", "extend-pitser-signature",
    "extend-to-publication", "extend-to-time", "extend-backwards", "extend-to-future",
    "extend-too-old", "unpublished"]
# Signatures that pitser makes, for the SDK to verify and extend.
PITSER_SIGNATURES = ("pitser", "pitser-sha-512", "pitser-batch")
EXTENDED = [f"{name}-extended" for name in
            ("sha-256", "sha-384", "sha-512", "last", "time", *PITSER_SIGNATURES)]


class CountingProxy:
    """Passes TCP connections on to `target` (HOST:PORT) and counts them."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(self._target) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
            back.start()
            self._pass_on(client, server)
            back.join()

    @staticmethod
    def _pass_on(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def work_folder(sdk):
    """A copy of the SDK's program to build in, kept between runs."""
    folder = BIN.parent / "interop" / sdk
    shutil.copytree(SOURCE / "tests/interop" / sdk, folder, dirs_exist_ok=True)
    return folder


class SdkChecks:
    """To be mixed into a TestCase that says `sdk`, `build`, `program` and `many_connections`."""

    sdk: str               # The folder beside this file.
    build: list            # The command that builds the program, in its folder.
    program: list          # The command that runs it, likewise.
    many_connections: int  # What MANY requests at once take over TCP.
    without_record: tuple  # What it extends to no record of the publications file.
    behind_parent = False  # Whether the node has a parent, another node.
    other_names: dict = {}  # (transport, name): what the SDK's program checks instead.

    @classmethod
    def setUpClass(cls):
        cls.folder = work_folder(cls.sdk)
        subprocess.run(cls.build, cwd=cls.folder, check=True, stdin=subprocess.DEVNULL,
                       env=environment(), timeout=500)
        cls.ledger = cls.started(Node(*KSI, "--genesis", "2008-04-15T00:00:00Z"))
        cls.node = cls.started(cls.below(cls.ledger)) if cls.behind_parent else cls.ledger
        cls.trust = cls.ledger.trust
        cls.add_account("alice", "wonderland", "--max-level", "17", "--max-requests", "1234")
        cls.add_account("strict", "jabberwocky", "--hmac", "SHA-512")
        cls.other_root = cls.node.folder / "other.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                        "/dev/null", "-subj", "/O=Pitser/CN=Pitser root", "-out", cls.other_root],
                       check=True, capture_output=True, timeout=60)
        cls.runs, cls.proxies = {}, {}
        for transport in TRANSPORTS:
            cls.sign_with_pitser(cls.out(transport))
            cls.proxies[transport] = CountingProxy(cls.node.faces["ksi-sign"])
            cls.addClassCleanup(cls.proxies[transport].close)
        cls.run_programs("sign")
        cls.ledger.publish()
        cls.ledger.publish()
        if cls.behind_parent:
            time.sleep(3)  # The node fetches the file each second.
        cls.run_programs("extend")

    @classmethod
    def started(cls, node):
        node.start()
        cls.addClassCleanup(node.__exit__)
        return node

    @classmethod
    def below(cls, ledger):
        """A node whose rounds the ledger signs."""
        cls.add_account("relay", "caterpillar", "--max-level", "18", node=ledger)
        credentials = ledger.folder / "credentials"
        credentials.write_text("login relay\nkey caterpillar\n")
        credentials.chmod(0o600)
        return Node(*KSI, "--parent", f"ksi+tcp://{ledger.faces['ksi-sign']}", "--parent-extender",
                    f"ksi+tcp://{ledger.faces['ksi-extend']}", "--parent-credentials", credentials,
                    "--parent-max-level", "18", "--parent-publications-every", "1s")

    @classmethod
    def add_account(cls, login, key, *limits, node=None):
        node = node or cls.node
        subprocess.run([BIN / "pitserd", "account", "add", login, "--key-file", "-", "--data",
                        node.data, *limits], input=key, text=True, check=True,
                       capture_output=True, timeout=60, env=clean_environment(node.folder))

    @classmethod
    def out(cls, transport):
        folder = cls.node.folder / transport
        folder.mkdir(exist_ok=True)
        return folder

    @classmethod
    def sign_with_pitser(cls, folder):
        for name in PITSER_SIGNATURES:
            (folder / name).write_text(f"The document {name}\n")
        (folder / "neighbour").write_text("The document neighbour\n")
        for arguments in (["pitser"], ["pitser-sha-512", "--algorithm", "sha-512"],
                          ["--batch", "pitser-batch", "neighbour"]):
            result = pitser("sign", *arguments, "--server", cls.node.server, cwd=folder)
            assert result.returncode == 0, result.stderr

    @classmethod
    def run_programs(cls, phase):
        """For each transport at the same time: most of it is waiting."""
        with concurrent.futures.ThreadPoolExecutor() as threads:
            runs = threads.map(lambda transport: cls.run_program(phase, transport), TRANSPORTS)
        for transport, run in zip(TRANSPORTS, runs):
            cls.runs[phase, transport] = run
            for line in run.stdout.splitlines():
                print(f"{cls.sdk} {transport} {line}", flush=True)

    @classmethod
    def run_program(cls, phase, transport):
        return subprocess.run(
            [*cls.program, phase, "--transport", transport, "--sign", cls.node.faces["ksi-sign"],
             "--extend", cls.node.faces["ksi-extend"], "--trust", cls.trust, "--other-root",
             cls.other_root, "--many-sign", cls.proxies[transport].address, "--out",
             cls.out(transport)],
            cwd=cls.folder, env=environment(), check=False, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)

    def check_run(self, phase, names):
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                run = self.runs[phase, transport]
                wanted = [self.other_names.get((transport, name), name) for name in names]
                self.assertEqual(run.stdout.splitlines(), [f"ok {name}" for name in wanted],
                                 run.stderr)
                self.assertEqual(run.returncode, 0, run.stderr)

    def verify(self, transport, names, *options):
        """One verdict a document, all of them good."""
        result = pitser("verify", *names, *options, "--trust", self.trust, "--json",
                        cwd=self.out(transport))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        verdicts = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([verdict["result"] for verdict in verdicts], ["ok"] * len(names))
        return verdicts

    # --- the checks ---

    def test_signs_as_the_sdk_expects(self):
        self.check_run("sign", SIGN_CHECKS)

    def test_extends_as_the_sdk_expects(self):
        self.check_run("extend", EXTEND_CHECKS)

    def test_pitser_verifies_what_the_sdk_signed(self):
        names = ["sha-256", "sha-384", "sha-512", "hmac-sha-512", "later"]
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                self.verify(transport, names, "--policy", "key")
                digest = hashlib.sha256(b"The document level\n").hexdigest()
                alone = ["--hash", f"sha-256:{digest}", "--policy", "key"]
                self.verify(transport, ["level.ksig"], *alone, "--input-level", LEVEL)
                result = pitser("verify", "level.ksig", *alone, "--input-level", LEVEL + 1,
                                "--trust", self.trust, cwd=self.out(transport))
                self.assertEqual(result.returncode, 1, result.stdout + result.stderr)

    def test_pitser_verifies_what_the_sdk_extended(self):
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                recorded = [name for name in EXTENDED if name not in self.without_record]
                self.verify(transport, recorded, "--policy", "publications-file")
                self.verify(transport, self.without_record, "--policy", "calendar", "--extend",
                            "--server", self.node.server)

    def test_many_at_once(self):
        names = [f"many-{number}" for number in range(MANY)]
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                verdicts = self.verify(transport, names, "--policy", "key")
                # One after the other, each would have waited for a round of its own.
                self.assertLess(len({verdict["signing_time"] for verdict in verdicts}), MANY / 2)
        self.assertEqual(self.proxies["tcp"].connections, self.many_connections)
