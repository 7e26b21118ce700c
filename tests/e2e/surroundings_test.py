#!/usr/bin/env python3
"""Surroundings that are not as they should be: closed or blocked streams, signals, a full disk."""

import fcntl
import os
import pathlib
import resource
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402

F_SETPIPE_SZ = 1031
LIMIT = 60  # Seconds until something that must not hang counts as hanging.


def full_pipe(test):
    """The end of a pipe into which nothing fits, and that nobody reads; both are given back."""
    reader, writer = os.pipe()
    test.addCleanup(os.close, reader)
    test.addCleanup(os.close, writer)
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"\n" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


class SurroundingsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):  # One data folder, one after the other: keys take a second to make.
        temporary = tempfile.TemporaryDirectory(prefix="pitser-e2e-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        cls.data = cls.folder / "data"

    def start(self, *flags, data=None, prefix=(), **streams):
        process = subprocess.Popen(
            [*prefix, BIN / "pitserd", "--data", data or self.data, "--grpc-listen", "127.0.0.1:0",
             *flags], cwd=self.folder, env=clean_environment(self.folder),
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams})
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

    def status(self):
        return subprocess.run([BIN / "pitserd", "status", "--data", self.data], check=False,
                              text=True, capture_output=True, timeout=LIMIT)

    def sign(self, server, name):
        (self.folder / name).write_text(name)
        result = pitser("sign", name, "--server", server, cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_nobody_reads_its_log(self):
        reader, writer = full_pipe(self)
        node = self.start("--log-level", "debug", stderr=writer)
        server = node.stdout.readline().decode().split("grpc=")[1].strip()
        for number in range(3):
            self.sign(server, f"document-{number}")
        # More than the node keeps for a reader that may still come.
        node.send_signal(signal.SIGHUP)
        self.assertEqual(self.status().returncode, 0)
        node.terminate()
        self.assertEqual(node.wait(LIMIT), 0)
        self.assertTrue(select.select([reader], [], [], 0)[0])

    def test_nobody_reads_its_ready_line(self):
        _, writer = full_pipe(self)
        node = self.start(stdout=writer)
        while b" started " not in node.stderr.readline():
            pass
        self.assertEqual(self.status().returncode, 0)
        node.terminate()
        self.assertEqual(node.wait(LIMIT), 0)

    def test_a_refusal_that_nobody_reads_ends_it(self):
        _, writer = full_pipe(self)
        self.assertEqual(self.start(data="/proc/nowhere", stderr=writer).wait(LIMIT), 7)

    def test_other_signals_are_a_line_in_the_log(self):
        node = self.start()
        node.stdout.readline()
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE,
                       signal.SIGXFSZ):
            node.send_signal(number)
        log = b""
        while log.count(b"signal_ignored") < 3:
            log += node.stderr.readline()
        node.terminate()
        self.assertEqual(node.wait(LIMIT), 0)
        self.assertIn(b"signal_ignored signal=SIGHUP", log)

    def test_a_crash_has_last_words(self):
        node = self.start()
        node.stdout.readline()
        node.send_signal(signal.SIGHUP)
        while b"signal_ignored" not in node.stderr.readline():
            pass
        node.send_signal(signal.SIGSEGV)
        self.assertEqual(node.wait(LIMIT), -signal.SIGSEGV)
        self.assertIn(b"pitserd: ended by SIGSEGV\n", node.stderr.read())

    def test_files_never_take_the_place_of_closed_streams(self):
        close = ("sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh")
        node = self.start(prefix=close)
        while self.status().returncode != 0:
            self.assertIsNone(node.poll())
        self.assertEqual((self.data / "lock").read_text(), str(node.pid))
        streams = {os.readlink(f"/proc/{node.pid}/fd/{number}") for number in range(3)}
        self.assertEqual(streams, {"/dev/null"})
        node.terminate()
        self.assertEqual(node.wait(LIMIT), 0)

    def test_the_commands_write_into_no_file_either(self):
        with Node() as node:
            for closed in ("0<&-", "2>&-", "0<&- 2>&-"):
                (node.folder / "document").write_text("x")
                (node.folder / "document.ksig").unlink(missing_ok=True)
                subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", BIN / "pitser", "sign",
                                "document", "--server", node.server], check=True, timeout=LIMIT,
                               cwd=node.folder, env=clean_environment(node.folder),
                               stdout=subprocess.DEVNULL)
                result = pitser("verify", "document", "--trust", node.trust, cwd=node.folder)
                self.assertEqual(result.returncode, 0, result.stderr)
            # What nobody can get is not done: as with a full disk behind standard output.
            result = subprocess.run(
                ["sh", "-c", 'exec "$@" 1>&-', "sh", BIN / "pitser", "verify", "document",
                 "--trust", node.trust], cwd=node.folder, check=False, timeout=LIMIT,
                env=clean_environment(node.folder), stderr=subprocess.PIPE)
            self.assertEqual(result.returncode, 7, result.stderr)

    def limited(self, soft, hard):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return limit

    def test_too_few_descriptors_are_refused_and_more_are_taken(self):
        node = self.start(preexec_fn=self.limited(64, 64))
        self.assertEqual(node.wait(LIMIT), 7)
        self.assertIn(b"pitserd: the limit of open files", node.stderr.read())
        node = self.start("--ksi-sign-listen", "127.0.0.1:0", preexec_fn=self.limited(1024, 1024))
        self.assertEqual(node.wait(LIMIT), 7)
        self.assertIn(b"ksi_max_connections", node.stderr.read())
        node = self.start(preexec_fn=self.limited(64, 1024))
        node.stdout.readline()
        limits = pathlib.Path(f"/proc/{node.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files +1024 +1024")

    def test_running_out_of_descriptors_is_told(self):
        node = self.start(preexec_fn=self.limited(256, 256))
        server = node.stdout.readline().decode().split("grpc=")[1].strip()
        host, port = server.rsplit(":", 1)
        connections = []
        self.addCleanup(lambda: [each.close() for each in connections])
        for _ in range(300):
            connections.append(socket.create_connection((host, int(port)), timeout=LIMIT))
        while b" descriptors_exhausted limit=256 " not in node.stderr.readline():
            pass
        for each in connections:
            each.close()
        while b" descriptors_free" not in node.stderr.readline():
            pass

    def test_a_silent_peer_does_not_close_the_ksi_face(self):
        node = self.start("--ksi-sign-listen", "127.0.0.1:0", "--allow-anonymous",
                          "--ksi-max-connections-per-address", "4", "--anonymous-max-requests", "7",
                          "--ksi-first-request-timeout", "1s")
        words = dict(word.split("=") for word in node.stdout.readline().decode().split()[2:])
        host, port = words["ksi-sign"].rsplit(":", 1)
        peers = [socket.create_connection((host, int(port)), timeout=LIMIT) for _ in range(5)]
        self.addCleanup(lambda: [each.close() for each in peers])
        # Beyond its share an address gets nothing, and what is silent is closed soon.
        for peer in reversed(peers):
            self.assertEqual(peer.recv(1), b"")
        while b" refused face=ksi reason=ksi_max_connections_per_address count=1" not in \
                node.stderr.readline():
            pass
        accounts = subprocess.run([BIN / "pitserd", "account", "list", "--data", self.data],
                                  check=True, text=True, capture_output=True, timeout=LIMIT).stdout
        self.assertRegex(accounts, r"anon .* requests +7 ")
        self.assertIn("allow_anonymous", accounts)
        self.assertIn("allow_anonymous", self.status().stdout)

    def test_https_of_the_ksi_face_has_forward_secrecy(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                        "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost"],
                       cwd=self.folder, check=True, capture_output=True)
        node = self.start("--ksi-sign-listen", "127.0.0.1:0", "--tls-cert", "cert.pem",
                          "--tls-key", "key.pem")
        words = dict(word.split("=") for word in node.stdout.readline().decode().split()[2:])
        host, port = words["ksi-sign"].rsplit(":", 1)

        def shake_hands(ciphers):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
            with socket.create_connection((host, int(port)), timeout=LIMIT) as plain:
                with context.wrap_socket(plain) as tls:
                    return tls.cipher()[0]

        self.assertIn("ECDHE", shake_hands("ECDHE+AESGCM"))
        for ciphers in ("AES128-GCM-SHA256", "AES256-SHA", "ECDHE-RSA-AES128-SHA"):
            with self.assertRaises(OSError, msg=ciphers):
                shake_hands(ciphers)


if __name__ == "__main__":
    unittest.main()
