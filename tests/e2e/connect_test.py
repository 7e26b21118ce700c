#!/usr/bin/env python3
"""Why a server is not reached, as pitser tells it: wrong certificates, wrong ports, wrong protocols, proxies.
Each is tried against a real node, and no line of a library reaches the person."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from certificates import make_authority, make_certificate  # noqa: E402
from pitser_node import BIN, Node, clean_environment  # noqa: E402


class ConnectTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-connect-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        for name in ("ca", "other"):
            make_authority(cls.folder, name)
        make_certificate(cls.folder, "server", "ca", "IP:127.0.0.1")
        make_certificate(cls.folder, "elsewhere", "ca", "DNS:elsewhere.example")
        for name in ("alice", "bob"):
            make_certificate(cls.folder, name, "ca")
        make_certificate(cls.folder, "mallory", "other")
        (cls.folder / "document").write_text("document")
        (cls.folder / "account").write_text("login anon\nkey anon\n")
        (cls.folder / "account").chmod(0o600)
        tls = ("--tls-cert", cls.folder / "server.pem", "--tls-key", cls.folder / "server.key")
        ksi = ("--ksi-sign-listen", "127.0.0.1:0")
        cls.plain = cls.start("--allow-anonymous", *ksi)
        cls.mutual = cls.start(*tls, *ksi, "--tls-client-ca", cls.folder / "ca.pem")
        cls.named = cls.start("--tls-cert", cls.folder / "elsewhere.pem", "--tls-key",
                              cls.folder / "elsewhere.key")

    @classmethod
    def start(cls, *flags):
        node = Node(*flags)
        cls.addClassCleanup(node.cleanup)
        node.start()
        cls.addClassCleanup(node.stop)
        return node

    def sign(self, server, *flags, **variables):
        return subprocess.run([BIN / "pitser", "sign", "document", "-o", "-", "--server", server,
                               "--timeout", "2", *flags], cwd=self.folder, check=False, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                              env={**clean_environment(self.folder), **variables})

    def test_says_what_stands_in_the_way(self):
        plain, mutual = self.plain.server, self.mutual.server
        http = self.plain.faces["ksi-sign"]
        https = self.mutual.faces["ksi-sign"]
        ca, alice = ("--tls-ca", "ca.pem"), ("--tls-cert", "alice.pem", "--tls-key", "alice.key")
        account = ("--credentials", "account")
        cases = {
            # server, flags: exit code, what it says
            ("127.0.0.1:1",): (6, "nothing answers there: Connection refused", "is pitserd running there"),
            (mutual, *ca): (6, "the server wants a client certificate", "--tls-cert FILE and --tls-key"),
            (mutual, "--tls-ca", "other.pem", *alice): (6, "is not of --tls-ca", "--tls-ca FILE"),
            (mutual, *ca, "--tls-cert", "mallory.pem", "--tls-key", "mallory.key"):
                (6, "does not take the client certificate", "tls_client_ca"),
            (mutual,): (6, "the server speaks TLS there, and we did not", "--tls-ca FILE"),
            (plain, *ca): (6, "the server speaks plain text there", "leave --tls-ca"),
            (self.named.server, *ca): (6, "certificate is not for 127.0.0.1", "name the server as"),
            (http,): (6, "speaks HTTP/1.1 and not gRPC", f"ksi+http://{http}"),
            (f"ksi+http://{plain}", *account): (6, "speaks gRPC and not the KSI", f"--server {plain}"),
            (f"ksi+tcp://{plain}", *account): (6, "speaks gRPC and not the KSI", f"--server {plain}"),
            (f"ksi+https://{http}", *account, *ca): (6, "speaks plain text there", "ksi+http://"),
            (f"ksi+https://{https}", *account, "--tls-ca", "other.pem"): (6, "is not of --tls-ca", "PEM"),
            # Before anything is connected.
            (f"http://{plain}",): (2, "http:// is no way to a ledger", "HOST:PORT"),
            (mutual, *ca, "--tls-cert", "alice.pem", "--tls-key", "bob.key"):
                (7, "bob.key is not the key of alice.pem", "asked for with"),
            (mutual, *ca, "--tls-cert", "alice.pem"): (2, "--tls-cert needs --tls-key", ""),
            (mutual, "--tls-ca", "document"): (7, "document: ", ""),
            (mutual, "--tls-ca", "nothing.pem"): (7, "nothing.pem", ""),
        }
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            runs = dict(zip(cases, pool.map(lambda case: self.sign(*case), cases)))
        for case, (code, cause, advice) in cases.items():
            with self.subTest(case=case):
                run = runs[case]
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(cause, run.stderr)
                self.assertIn(advice, run.stderr)
                for line in run.stderr.splitlines():
                    self.assertTrue(line.startswith("pitser: "), run.stderr)
                self.assertNotRegex(run.stderr, r"ipv4:|SSL_ERROR|last error|ssl_transport")
                if code != 6 or "nothing answers" not in cause:
                    self.assertNotIn("is pitserd running", run.stderr)

    def test_signs_as_who_the_certificate_says(self):
        run = self.sign(self.mutual.server, "--tls-ca", "ca.pem", "--tls-cert", "alice.pem", "--tls-key",
                        "alice.key")
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_what_a_server_refuses_is_not_called_unreachable(self):
        subprocess.run([BIN / "pitserd", "drain", "--data", self.named.data], check=True,
                       capture_output=True)
        run = self.sign(self.named.server, "--tls-ca", "ca.pem", GRPC_VERBOSITY="")
        self.assertNotIn("is pitserd running", run.stderr)

    def test_no_proxy_stands_before_loopback(self):
        for variable in ("http_proxy", "https_proxy", "grpc_proxy"):
            with self.subTest(variable=variable):
                run = self.sign(self.plain.server, **{variable: "http://127.0.0.1:1"})
                self.assertEqual(run.returncode, 0, run.stderr)


if __name__ == "__main__":
    unittest.main()
