#!/usr/bin/env python3
"""The KSI service protocol against a real pitserd: transports, accounts, and peers that mean no good."""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import ksi_client  # noqa: E402
from ksi_client import EXTEND, EXTENDED, SIGNED, Account, Connection, integer, tlv  # noqa: E402
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402

ANON = Account()
KSI = ("--ksi-sign-listen", "127.0.0.1:0", "--ksi-extend-listen", "127.0.0.1:0")
MIB = 1 << 20


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def account_command(node, *arguments, **options):
    return subprocess.run([BIN / "pitserd", "account", *arguments, "--data", node.data], check=False,
                          capture_output=True, text=True, timeout=60,
                          env=clean_environment(node.folder), **options)


class KsiTest(unittest.TestCase):
    FLAGS = (*KSI, "--allow-anonymous")

    @classmethod
    def setUpClass(cls):
        cls.node = Node(*cls.FLAGS)
        cls.node.start()
        cls.addClassCleanup(cls.node.__exit__)

    @property
    def sign_endpoint(self):
        return self.node.endpoint("ksi-sign")

    @property
    def extend_endpoint(self):
        return self.node.endpoint("ksi-extend")

    def http(self, endpoint=None, **options):
        connection = http.client.HTTPConnection(*(endpoint or self.sign_endpoint), timeout=30, **options)
        self.addCleanup(connection.close)
        return connection

    def post(self, connection, body, path="/gt-signingservice", headers=None):
        connection.request("POST", path, body, headers or {"Content-Type": "application/ksi-request"})
        response = connection.getresponse()
        return response, response.read()

    def raw(self, data, endpoint=None):
        """Everything that comes back until the server closes."""
        with socket.create_connection(endpoint or self.sign_endpoint, timeout=30) as connection:
            connection.sendall(data)
            return self.read_all(connection)

    @staticmethod
    def read_all(connection):
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65536):
                received += data
        return received

    def check_signature(self, response, text):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.node.folder))
        (folder / "doc").write_text(text)
        (folder / "doc.ksig").write_bytes(response.signature())
        result = pitser("verify", "doc", "--trust", self.node.trust, "--json", cwd=folder)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return json.loads(result.stdout)

    def check_alive(self):
        with Connection(self.sign_endpoint) as connection:
            self.assertEqual(ANON.read(connection.ask(ANON.sign_request(1, digest("alive")))).status, 0)


class SigningTest(KsiTest):
    def test_tcp_and_http_give_signatures_that_verify(self):
        with Connection(self.sign_endpoint) as connection:
            over_tcp = ANON.read(connection.ask(ANON.sign_request(1, digest("tcp"))))
        verdict = self.check_signature(over_tcp, "tcp")
        self.assertEqual(verdict["result"], "ok")
        self.assertIn("anon", json.dumps(verdict))
        _, body = self.post(self.http(), ANON.sign_request(2, digest("http")))
        self.check_signature(ANON.read(body), "http")

    def test_many_in_flight_on_one_connection(self):  # 6.3
        requests = [ANON.sign_request(number, digest(f"document {number}")) for number in range(3000)]
        with Connection(self.sign_endpoint) as connection:
            connection.send(b"".join(requests))
            answered = {}
            for _ in requests:
                response = ANON.read(connection.receive())
                answered[response.request_id] = response
        self.assertEqual(sorted(answered), list(range(3000)))
        for number in (0, 1, 1500, 2999):
            self.check_signature(answered[number], f"document {number}")

    def test_a_pdu_may_come_byte_by_byte(self):
        with Connection(self.sign_endpoint) as connection:
            for byte in ANON.configuration_request():
                connection.send(bytes([byte]))
                time.sleep(0.001)
            self.assertIsNotNone(ANON.read(connection.receive()).configuration)

    def test_configuration_does_not_wait_for_the_round(self):  # 5.2, 2.5
        with Connection(self.sign_endpoint) as connection:
            connection.send(ANON.sign_request(7, digest("waits")) + ANON.configuration_request())
            first, second = ANON.read(connection.receive()), ANON.read(connection.receive())
        by_kind = {response.configuration is not None: response for response in (first, second)}
        self.assertEqual(by_kind[True].configuration[0x03], integer(1000))
        self.assertEqual(by_kind[False].request_id, 7)

    def test_extending(self):
        with Connection(self.sign_endpoint) as connection:
            signed = ANON.read(connection.ask(ANON.sign_request(1, digest("old"))))
        self.node.publish()
        now = int(time.time())
        with Connection(self.extend_endpoint) as connection:
            newest = ANON.read(connection.ask(ANON.extend_request(9, now - 1)), EXTENDED)
            early = ANON.read(connection.ask(ANON.extend_request(10, 1199145600, now - 2)), EXTENDED)
            future = ANON.read(connection.ask(ANON.extend_request(11, now, now + 1000)), EXTENDED)
            told = ANON.read(connection.ask(ANON.configuration_request(EXTEND)), EXTENDED).configuration
        self.assertIn(newest.status, (0, 0x106))  # The last second may not be closed yet.
        self.assertEqual((early.status, future.status), (0x105, 0x107))
        self.assertLessEqual(int.from_bytes(told[0x11], "big"), now)
        self.assertEqual(signed.status, 0)

    def test_half_close_gets_its_answers(self):  # 6.3
        with Connection(self.sign_endpoint) as connection:
            connection.send(ANON.sign_request(1, digest("a")) + ANON.sign_request(2, digest("b")))
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual({ANON.read(connection.receive()).request_id for _ in "ab"}, {1, 2})
            self.assertIsNone(connection.receive())

    def test_garbage_ends_its_connection_alone(self):  # 6.1, 6.3
        with Connection(self.sign_endpoint) as good, Connection(self.sign_endpoint) as bad:
            good.send(ANON.sign_request(1, digest("good")))
            bad.send(ANON.configuration_request() + b"\x01\x02\x03")
            self.assertIsNotNone(ANON.read(bad.receive()).configuration)
            refused = ANON.read(bad.receive())
            self.assertTrue(refused.bare)
            self.assertEqual(refused.status, 0x101)
            self.assertIsNone(bad.receive())
            self.assertEqual(ANON.read(good.receive()).status, 0)

    def test_a_wrong_key_leaves_the_connection_open(self):  # 2.4, 6.3
        wrong = Account("anon", b"wrong")
        with Connection(self.sign_endpoint) as connection:
            refused = wrong.read(connection.ask(wrong.sign_request(1, digest("x"))))
            self.assertTrue(refused.bare)
            self.assertEqual(refused.status, 0x102)
            self.assertEqual(refused.message, "The request could not be authenticated")
            self.assertEqual(ANON.read(connection.ask(ANON.sign_request(2, digest("x")))).status, 0)

    def test_shutdown_answers_what_is_outstanding(self):
        node = Node(*self.FLAGS)
        with node, Connection(node.endpoint("ksi-sign")) as connection:
            connection.send(b"".join(ANON.sign_request(n, digest(str(n))) for n in range(50)))
            with Connection(node.endpoint("ksi-sign")) as other:  # The requests before it were taken.
                other.ask(ANON.configuration_request())
                ANON.read(other.ask(ANON.sign_request(1, digest("other"))))
            connection.send(ANON.sign_request(50, digest("last")) + ANON.configuration_request())
            while (pdu := ANON.read(connection.receive())).configuration is None:
                self.assertEqual(pdu.status, 0)
            os.kill(node.pid, signal.SIGTERM)
            self.assertEqual(ANON.read(connection.receive()).request_id, 50)
            self.assertIsNone(connection.receive())


class HttpTest(KsiTest):
    def test_one_connection_serves_many_requests(self):
        connection = self.http()
        for path in ("/gt-signingservice", "/", "/anything?x=1"):
            response, body = self.post(connection, ANON.configuration_request(), path)
            self.assertEqual((response.status, response.getheader("Content-Type")),
                             (200, "application/ksi-response"))
            self.assertEqual(int(response.getheader("Content-Length")), len(body))
            self.assertIsNotNone(ANON.read(body).configuration)

    def test_status_lines(self):  # 6.2
        connection = self.http()
        wrong = Account("anon", b"wrong")
        version1 = tlv(0x200, tlv(0x01, b"") + tlv(0x201, b"") + tlv(0x1F, b""))
        for body, status, code in (
                (ANON.sign_request(1, digest("x"), level=200), 400, 0x104),
                (wrong.configuration_request(), 400, 0x102),
                (ANON.configuration_request(EXTEND), 400, 0x101),
                (b"no PDU at all", 400, 0x101),
                (b"", 400, 0x101),
                (ANON.configuration_request() + b"\0", 400, 0x101),
                (version1, 200, 0x101)):
            response, received = self.post(connection, body)
            answered = ANON.read(received)
            self.assertEqual((response.status, answered.status), (status, code), body)
            if status != 200:  # JavaScript shows nothing else.
                self.assertEqual(response.reason, answered.message)

    def test_ignores_what_does_not_matter(self):
        for headers in ({}, {"Content-Type": "text/plain"}, {"Authorization": "Basic x", "Cookie": "a=b", "X-Y": "z"}):
            response, body = self.post(self.http(), ANON.configuration_request(), headers=headers)
            self.assertEqual(response.status, 200)
            self.assertIsNotNone(ANON.read(body).configuration)

    def test_http_1_0_and_close(self):
        body = ANON.configuration_request()
        for version, extra in (("1.0", ""), ("1.1", "Connection: close\r\n")):
            head = f"POST / HTTP/{version}\r\nHost: x\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
            received = self.raw(head.encode() + body)
            self.assertTrue(received.startswith(f"HTTP/{version} 200 ".encode()), received)
            self.assertIsNotNone(ANON.read(received.split(b"\r\n\r\n", 1)[1]).configuration)

    def test_chunked_and_expect(self):
        body = ANON.configuration_request()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
        received = self.raw(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + chunks)
        self.assertIsNotNone(ANON.read(received.split(b"\r\n\r\n", 1)[1]).configuration)
        with socket.create_connection(self.sign_endpoint, timeout=30) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
                               b"Content-Length: %d\r\n\r\n" % len(body))
            self.assertTrue(connection.recv(1024).startswith(b"HTTP/1.1 100 "))
            connection.sendall(body)
            received = self.read_all(connection)
        self.assertIsNotNone(ANON.read(received.split(b"\r\n\r\n", 1)[1]).configuration)

    def test_pipelined_requests_are_answered_in_order(self):
        requests = b""
        for number in (1, 2, 3):
            body = ANON.sign_request(number, digest("x"), level=200)
            last = b"Connection: close\r\n" if number == 3 else b""
            requests += b"POST / HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s" % (last, len(body), body)
        received = self.raw(requests)
        self.assertEqual(received.count(b"HTTP/1.1 400 "), 3)

    def test_bodies_are_bounded(self):
        for body_head in (b"Content-Length: 65540\r\n\r\n", b"Content-Length: 99999999999\r\n\r\n",
                          b"Transfer-Encoding: chunked\r\n\r\n" + b"10004\r\n" + bytes(65540)):
            received = self.raw(b"POST / HTTP/1.1\r\nHost: x\r\n" + body_head)
            self.assertTrue(received.startswith(b"HTTP/1.1 413 "), received[:80])
            refused = ANON.read(received.split(b"\r\n\r\n", 1)[1])
            self.assertEqual((refused.bare, refused.status), (True, 0x101))
        received = self.raw(b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000)
        self.assertTrue(received.startswith(b"HTTP/1.1 431 "), received[:80])
        self.assertTrue(self.raw(b"HELLO\r\n\r\n").startswith(b"HTTP/1.1 400 "))

    def test_the_publications_file(self):  # 6.4
        for endpoint in (self.sign_endpoint, self.extend_endpoint):
            connection = self.http(endpoint)
            connection.request("GET", "/ksi-publications.bin")
            response = connection.getresponse()
            body = response.read()
            self.assertEqual((response.status, body), (200, (self.node.trust / "publications.bin").read_bytes()))
            connection.request("HEAD", "/ksi-publications.bin")
            head = connection.getresponse()
            self.assertEqual((head.status, head.read()), (200, b""))
            self.assertEqual(int(head.getheader("Content-Length")), len(body))
            connection.request("GET", "/ksi-publications.bin", headers={"If-None-Match": response.getheader("ETag")})
            known = connection.getresponse()
            self.assertEqual((known.status, known.read()), (304, b""))

    def test_other_methods_are_refused(self):
        connection = self.http()
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
            connection.request(method, "/gt-signingservice")
            response = connection.getresponse()
            response.read()
            self.assertEqual((method, response.status), (method, 405))
            self.assertIsNone(response.getheader("Access-Control-Allow-Origin"))


class CorsTest(KsiTest):
    FLAGS = (*KSI, "--allow-anonymous", "--ksi-cors-origins", "https://app.example,https://b.example")

    def test_named_origins_only(self):  # 6.2
        connection = self.http()
        for origin, allowed in (("https://app.example", True), ("https://evil.example", False)):
            connection.request("OPTIONS", "/", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
            before = connection.getresponse()
            before.read()
            self.assertEqual(before.status, 204)
            response, _ = self.post(connection, ANON.configuration_request(), headers={"Origin": origin})
            for each in (before, response):
                self.assertEqual(each.getheader("Access-Control-Allow-Origin"), origin if allowed else None)
                self.assertEqual(each.getheader("Vary"), "Origin")


class TlsTest(KsiTest):
    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.TemporaryDirectory(prefix="pitser-tls-")
        cls.addClassCleanup(cls.keys.cleanup)
        cls.certificate, key = (os.path.join(cls.keys.name, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cls.certificate, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)
        cls.FLAGS = (*KSI, "--allow-anonymous", "--tls-cert", cls.certificate, "--tls-key", key)
        super().setUpClass()

    def test_https_and_plain_share_the_port(self):
        context = ssl.create_default_context(cafile=self.certificate)
        secure = http.client.HTTPSConnection(*self.sign_endpoint, timeout=30, context=context)
        self.addCleanup(secure.close)
        for _ in range(2):
            response, body = self.post(secure, ANON.sign_request(1, digest("secret")))
            self.assertEqual(response.status, 200)
            self.check_signature(ANON.read(body), "secret")
        self.check_alive()

    def test_old_versions_are_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with socket.create_connection(self.sign_endpoint, timeout=30) as connection:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(connection)
        self.check_alive()


class AccountsTest(KsiTest):
    FLAGS = KSI

    def status(self, account, level=None):
        with Connection(self.sign_endpoint) as connection:
            return account.read(connection.ask(account.sign_request(1, digest("x"), level))).status

    def test_a_life_of_an_account(self):
        self.assertEqual(self.status(ANON), 0x102)  # Only where it is switched on.
        added = account_command(self.node, "add", "issuer.example", "--json")
        self.assertEqual(added.returncode, 0, added.stderr)
        issuer = Account("issuer.example", json.loads(added.stdout)["key"].encode())
        self.assertEqual(self.status(issuer), 0)
        with Connection(self.sign_endpoint) as connection:
            response = issuer.read(connection.ask(issuer.sign_request(1, digest("named"))))
        self.assertIn("issuer.example", json.dumps(self.check_signature(response, "named")))

        self.assertEqual(account_command(self.node, "disable", "issuer.example").returncode, 0)
        self.assertEqual(self.status(issuer), 0x102)
        self.assertEqual(account_command(self.node, "enable", "issuer.example").returncode, 0)
        rotated = account_command(self.node, "rotate", "issuer.example", "--key-file", "-", input="new secret\n")
        self.assertEqual(rotated.returncode, 0, rotated.stderr)
        self.assertNotIn("new secret", rotated.stdout)
        self.assertEqual(self.status(issuer), 0x102)
        issuer.key = b"new secret"
        self.assertEqual(self.status(issuer), 0)
        changed = account_command(self.node, "change", "issuer.example", "--max-level", "3", "--hmac", "sha-512")
        self.assertEqual(changed.returncode, 0, changed.stderr)
        self.assertEqual(self.status(issuer), 0x102)
        issuer.hash_id = 5
        self.assertEqual((self.status(issuer, level=3), self.status(issuer, level=4)), (0, 0x104))

        listed = json.loads(account_command(self.node, "list", "--json").stdout)["accounts"]
        self.assertEqual([(a["login"], a["max_level"]) for a in listed], [("issuer.example", 3)])
        self.node.stop()
        self.node.start()
        self.assertEqual(self.status(issuer), 0)
        stored = self.node.data / "keys" / "accounts.json"
        self.assertEqual(stored.stat().st_mode & 0o777, 0o600)
        self.assertNotIn("new secret", (self.node.folder / "pitserd.log").read_text())

        removed = account_command(self.node, "remove", "issuer.example")
        self.assertEqual(removed.returncode, 0, removed.stderr)
        self.assertEqual(self.status(issuer), 0x102)
        self.assertNotIn(b"new secret".hex(), stored.read_text())
        # Signatures name it: the name is not given to somebody else by mistake, also not later.
        self.node.stop()
        self.node.start()
        again = account_command(self.node, "add", "issuer.example")
        self.assertEqual(again.returncode, 5, again.stderr)
        self.assertIn("--again", again.stderr)
        self.assertEqual(account_command(self.node, "add", "issuer.example", "--again").returncode, 0)

    def test_refusals_say_why(self):
        again = account_command(self.node, "add", "twice", "--key-file", "-", input="k")
        self.assertEqual(again.returncode, 0, again.stderr)
        for arguments, code, text in ((("add", "twice"), 5, "there is an account"),
                                      (("add", "a b"), 5, "login id"),
                                      (("add", "c", "--max-level", "21"), 5, "max_level"),
                                      (("add", "c", "--hmac", "md5"), 5, "md5"),
                                      (("add", "c", "--key-file", "/nowhere"), 7, "/nowhere"),
                                      (("add", "c", "--services", "fly"), 2, "--services"),
                                      (("disable", "nobody"), 5, "no account nobody"),
                                      (("frobnicate",), 2, "")):
            refused = account_command(self.node, *arguments)
            self.assertEqual(refused.returncode, code, arguments)
            self.assertIn(text, refused.stderr)

    def test_anonymous_is_not_for_others(self):
        for flags, text in ((("--ksi-sign-listen", "0.0.0.0:0"), "plain text"),
                            (("--ksi-sign-listen", "127.0.0.1:0", "--ksi-cors-origins", "*", "--allow-anonymous"),
                             "ksi_cors_origins")):
            with self.assertRaisesRegex(RuntimeError, text), Node(*flags):
                pass
        with Node("--ksi-sign-listen", "0.0.0.0:0", "--allow-anonymous", "--insecure-listen") as node:
            port = node.endpoint("ksi-sign")[1]
            with Connection(("127.0.0.1", port)) as connection:
                self.assertIsNotNone(ANON.read(connection.ask(ANON.configuration_request())).configuration)


class PitserTest(KsiTest):
    """The command `pitser` as a client of the protocol."""

    FLAGS = (*KSI, "--genesis", "2008-04-15T00:00:00Z")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key = json.loads(account_command(cls.node, "add", "issuer", "--json").stdout)["key"]
        cls.folder = cls.node.folder
        cls.credentials = cls.folder / "credentials"
        cls.credentials.write_text(f"login issuer\nkey {key}\n")
        cls.credentials.chmod(0o600)
        cls.urls = {face: {scheme: f"ksi+{scheme}://{cls.node.faces[face]}" for scheme in ("tcp", "http")}
                    for face in ("ksi-sign", "ksi-extend")}

    def run_pitser(self, *arguments, code=0):
        result = pitser(*arguments, "--credentials", self.credentials, cwd=self.folder)
        self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout}{result.stderr}")
        return result

    def test_signs_extends_and_verifies(self):
        for scheme in ("tcp", "http"):
            names = [f"{scheme}{number}" for number in range(20)]
            for name in names:
                (self.folder / name).write_text(f"document {name}")
            sign, extend = (self.urls[face][scheme] for face in ("ksi-sign", "ksi-extend"))
            self.run_pitser("sign", *names, "--server", sign)
            self.node.publish()
            verdict = self.run_pitser("verify", names[0], "--trust", self.node.trust, "--json", "--extender", extend)
            self.assertEqual(json.loads(verdict.stdout)["trust"]["extender"], extend)
            self.run_pitser("extend", f"{names[1]}.ksig", "--extender", extend, "--trust", self.node.trust)
            shown = pitser("verify", names[1], "--trust", self.node.trust, cwd=self.folder)
            self.assertIn("rests on     the publication of", shown.stdout)
            self.assertIn("through      issuer", shown.stdout)

    def test_signs_a_batch_by_a_tree_of_its_own(self):
        names = [f"batch{number}" for number in range(50)]
        for name in names:
            (self.folder / name).write_text(name)
        self.run_pitser("sign", "--batch", *names, "--server", self.urls["ksi-sign"]["tcp"])
        for name in (names[0], names[-1]):
            self.run_pitser("verify", name, "--trust", self.node.trust)

    def test_errors_say_what_to_do(self):
        (self.folder / "doc").write_text("doc")
        sign, extend = self.urls["ksi-sign"]["tcp"], self.urls["ksi-extend"]["tcp"]
        wrong = self.folder / "wrong"
        wrong.write_text("login issuer\nkey wonderland\n")
        wrong.chmod(0o600)
        readable = self.folder / "readable"
        readable.write_text("login issuer\nkey wonderland\n")
        readable.chmod(0o644)
        for arguments, code, text in (
                (("--server", sign), 2, "--credentials"),
                (("--server", sign, "--credentials", readable), 7, "readable"),
                (("--server", sign, "--credentials", wrong), 5, "0x102"),
                (("--server", extend, "--credentials", self.credentials), 4, "another service"),
                (("--server", "ksi+tcp://127.0.0.1:1", "--credentials", self.credentials), 6, "127.0.0.1:1"),
                (("--server", "ksi+tcp://issuer:wonderland@127.0.0.1:1", "--credentials", wrong), 2, "address")):
            refused = pitser("sign", "doc", *arguments, cwd=self.folder)
            self.assertEqual(refused.returncode, code, f"{arguments}: {refused.stderr}")
            self.assertIn(text, refused.stderr)
            self.assertNotIn("wonderland", refused.stderr)
        other = pitser("server-info", "--server", sign, cwd=self.folder)
        self.assertEqual(other.returncode, 2, other.stderr)


class PushTest(KsiTest):
    FLAGS = (*KSI, "--ksi-push-configuration")

    def test_changed_limits_are_told_after_a_response(self):  # 5.3
        added = account_command(self.node, "add", "issuer", "--json")
        issuer = Account("issuer", json.loads(added.stdout)["key"].encode())
        with Connection(self.sign_endpoint) as connection:
            for number in (1, 2):
                self.assertEqual(issuer.read(connection.ask(issuer.sign_request(number, digest("x")))).status, 0)
            account_command(self.node, "change", "issuer", "--max-requests", "77")
            self.assertEqual(issuer.read(connection.ask(issuer.sign_request(3, digest("x")))).request_id, 3)
            pushed = issuer.read(connection.receive())
            self.assertEqual((pushed.status, pushed.configuration[0x04]), (None, integer(77)))
            # Once.
            self.assertEqual(issuer.read(connection.ask(issuer.sign_request(4, digest("x")))).request_id, 4)
            self.assertEqual(issuer.read(connection.ask(issuer.sign_request(5, digest("x")))).request_id, 5)


class HostileTest(KsiTest):
    FLAGS = (*KSI, "--allow-anonymous", "--ksi-transfer-timeout", "2s", "--ksi-idle-timeout", "3s",
             "--ksi-max-connections", "1200", "--ksi-max-connections-per-address", "1200")

    def memory(self):
        status = pathlib.Path(f"/proc/{self.node.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) << 10

    def test_slow_and_dead_peers_are_dropped(self):
        def ends(connection):
            connection.settimeout(20)
            return self.read_all(connection)
        beginnings = {"nothing": b"", "half a header": b"\x82", "half a PDU": ANON.configuration_request()[:20],
                      "half a head": b"POST / HT", "half a body": b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",
                      "an idle one": ANON.configuration_request()}
        connections = {name: socket.create_connection(self.sign_endpoint) for name in beginnings}
        for name, beginning in beginnings.items():
            connections[name].sendall(beginning)
        for name, connection in connections.items():
            with self.subTest(name), connection:
                received = ends(connection)
                if name == "an idle one":
                    self.assertIsNotNone(ANON.read(received).configuration)
        self.check_alive()

    def test_a_trickle_of_bytes_is_no_progress(self):
        for beginning in (ANON.configuration_request(), b"POST / HTTP/1.1\r\nX: " + b"y" * 100):
            with socket.create_connection(self.sign_endpoint, timeout=30) as connection:
                begun = time.monotonic()
                with self.assertRaises(ConnectionError):
                    for byte in beginning:
                        connection.send(bytes([byte]))
                        time.sleep(0.3)
                self.assertLess(time.monotonic() - begun, 12)

    def test_who_does_not_read_is_not_read_from(self):
        before = self.memory()
        request = ANON.configuration_request()
        with socket.create_connection(self.sign_endpoint) as connection:
            connection.settimeout(1)
            sent = 0
            with contextlib.suppress(TimeoutError, ConnectionError):
                while sent < 200 * MIB:
                    sent += connection.send(request * 1000)
            self.assertLess(sent, 100 * MIB)
            self.assertLess(self.memory() - before, 64 * MIB)
        self.check_alive()

    def test_random_bytes_and_broken_pdus(self):
        seed = int(os.environ.get("PITSER_TEST_SEED", time.time()))
        print(f"seed {seed}", file=sys.stderr)
        chance = random.Random(seed)
        whole = [ANON.sign_request(1, digest("x")), ANON.configuration_request(),
                 b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd", b"GET /ksi-publications.bin HTTP/1.0\r\n\r\n"]
        for _ in range(400):
            data = bytearray(chance.choice(whole) if chance.random() < 0.8 else chance.randbytes(chance.randrange(300)))
            for _ in range(chance.randrange(4)):
                if data:
                    data[chance.randrange(len(data))] = chance.randrange(256)
            del data[chance.randrange(len(data) + 1) if chance.random() < 0.3 else len(data):]
            endpoint = chance.choice((self.sign_endpoint, self.extend_endpoint))
            with socket.create_connection(endpoint, timeout=30) as connection, contextlib.suppress(ConnectionError):
                connection.sendall(bytes(data))
                connection.shutdown(socket.SHUT_WR)
                if chance.random() < 0.5:
                    self.read_all(connection)
        self.check_alive()

    def test_a_thousand_slow_senders_hold_nobody_up(self):
        before = self.memory()
        request = ANON.sign_request(1, digest("slow"))
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(socket.create_connection(self.sign_endpoint)) for _ in range(1000)]
            for second in range(4):
                for connection in slow:
                    with contextlib.suppress(ConnectionError):  # Those that were dropped.
                        connection.send(request[second:second + 1])
                self.check_alive()
                time.sleep(0.5)
            self.assertLess(self.memory() - before, 64 * MIB)

    def test_too_many_connections_are_closed(self):
        with contextlib.ExitStack() as stack:
            many = [stack.enter_context(socket.create_connection(self.sign_endpoint)) for _ in range(1300)]
            many[-1].settimeout(20)
            self.assertEqual(self.read_all(many[-1]), b"")
        deadline = time.time() + 20
        while time.time() < deadline:  # The places are free again.
            with contextlib.suppress(ConnectionError, AssertionError, TypeError):
                self.check_alive()
                return
        self.fail("no place was given back")


if __name__ == "__main__":
    unittest.main()
