#!/usr/bin/env python3
"""The command pitser against a real pitserd: every command, and every exit code that can be reached."""

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402

CODE = re.compile(r"\b(?:[A-Z2-7]{6}-)+[A-Z2-7=-]{6}\b")
UNREACHABLE = "127.0.0.1:1"


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-cli-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.document = self.folder / "contract.pdf"
        self.document.write_bytes(b"We agree.\n")
        self.signature = self.folder / "contract.pdf.ksig"

    def run_pitser(self, *arguments, code=0, **options):
        result = pitser(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def run_json(self, *arguments, code=0):
        return json.loads(self.run_pitser(*arguments, "--json", code=code).stdout)

    def sign(self, *arguments, code=0, **options):
        return self.run_pitser("sign", *arguments, "--server", self.node.server, code=code,
                               **options)

    def verify(self, *arguments, code=0):
        return self.run_pitser("verify", *arguments, "--trust", self.node.trust, code=code)

    # --- sign and verify ---

    def test_signs_and_verifies_a_document(self):
        result = self.sign("contract.pdf")
        self.assertIn("signed contract.pdf at 20", result.stdout)
        self.assertEqual(result.stderr, "")
        result = self.verify("contract.pdf")
        self.assertTrue(result.stdout.startswith("verified: contract.pdf\n"), result.stdout)
        self.assertIn("the ledger's own key", result.stdout)

    def test_one_changed_byte_is_proven_wrong(self):
        self.sign("contract.pdf")
        self.document.write_bytes(b"We agreE.\n")
        result = self.verify("contract.pdf", code=1)
        self.assertIn("FAILED: contract.pdf", result.stdout)
        self.assertIn("GEN-01 Wrong document", result.stdout)
        self.assertIn("the document is not the one that was signed", result.stdout)

    def test_verifies_with_the_network_off(self):
        self.sign("contract.pdf")
        command = [BIN / "pitser", "verify", "contract.pdf", "--trust", self.node.trust]
        # A name space without any network, where the kernel lets us have one.
        if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode == 0:
            command = ["unshare", "-n", *command]
        result = subprocess.run(command, cwd=self.folder, check=False, capture_output=True,
                                env={**clean_environment(self.folder),
                                     "PITSER_SERVER": UNREACHABLE})
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_signs_several_documents_in_one_round(self):
        names = [f"file{i}.txt" for i in range(20)]
        for name in names:
            (self.folder / name).write_text(name)
        result = self.sign(*names, "--json")
        objects = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([one["file"] for one in objects], names)
        self.assertEqual(len({one["signing_time"] for one in objects}), 1)
        self.verify(*names)

    def test_signs_a_hash_that_came_alone(self):
        hashed = "sha-256:" + subprocess.run(["sha256sum", self.document], check=True, text=True,
                                             capture_output=True).stdout.split()[0]
        self.sign("--hash", hashed, "-o", "it.ksig")
        self.verify("contract.pdf", "-s", "it.ksig")
        self.verify("--hash", hashed, "it.ksig")
        self.verify("--hash", hashed[:-1] + ("0" if hashed[-1] != "0" else "1"), "it.ksig", code=1)

    def test_reads_standard_input_and_writes_standard_output(self):
        content = self.document.read_bytes()
        result = self.sign("-", input=content, text=False)
        self.assertEqual(result.stdout[:2], b"\x88\x00")
        self.signature.write_bytes(result.stdout)
        self.verify("contract.pdf")
        result = self.run_pitser("verify", "-", "-s", self.signature, "--trust", self.node.trust,
                                 input=content, text=False)
        self.assertIn(b"verified: -", result.stdout)
        result = self.sign("contract.pdf", "-o", "-", text=False)
        self.assertEqual(result.stdout[:2], b"\x88\x00")
        self.assertIn(b"pitser: signed contract.pdf", result.stderr)

    def test_takes_other_algorithms_and_refuses_broken_ones(self):
        for algorithm in ("sha-384", "SHA512", "sha3-256"):
            self.sign("contract.pdf", "--algorithm", algorithm, "--force")
            self.verify("contract.pdf")
        self.sign("contract.pdf", "--algorithm", "sha-1", "--force", code=2)
        self.sign("--hash", "sha-1:" + "00" * 20, "-o", "x.ksig", code=2)
        self.assertFalse((self.folder / "x.ksig").exists())

    def test_takes_the_server_from_environment_and_settings(self):
        environment = {**clean_environment(self.folder), "PITSER_SERVER": self.node.server}
        subprocess.run([BIN / "pitser", "sign", "contract.pdf"], cwd=self.folder, check=True,
                       env=environment, capture_output=True)
        settings = self.folder / "settings.toml"
        settings.write_text(f'server = "{self.node.server}"\ntrust = "{self.node.trust}"\n')
        self.run_pitser("sign", "contract.pdf", "--force", "--config", settings)
        self.run_pitser("verify", "contract.pdf", "--config", settings)

    def test_both_programs_show_their_settings_in_one_shell(self):
        settings = self.folder / "settings.toml"
        settings.write_text('algorithm = "sha-512"\n')
        environment = {**clean_environment(self.folder), "PITSER_SERVER": "a:1",
                       "PITSER_CLIENT_CONFIG": str(settings), "PITSER_TLS_CERT": "server.pem",
                       "PITSER_MAX_LEVEL": "9", "PITSER_MAX_LEVLE": "8"}

        def config(program, *arguments):
            result = subprocess.run([BIN / program, "config", *arguments], cwd=self.folder, text=True,
                                    env=environment, capture_output=True, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            found = json.loads(result.stdout)
            self.assertEqual((found["schema"], found["result"]), (f"{program}.config/1", "ok"))
            return {one["key"]: (one["value"], one["layer"], one["place"])
                    for one in found["settings"]}, result.stderr

        ours, _ = config("pitser", "--timeout", "5", "--json")
        self.assertEqual(ours["server"], ("a:1", "variable", "PITSER_SERVER"))
        self.assertEqual(ours["timeout"], ("5s", "flag", "--timeout"))
        self.assertEqual(ours["algorithm"], ("sha-512", "file", f"{settings}:1"))
        self.assertEqual(ours["tls_cert"], ("", "default", None))
        servers, advice = config("pitserd", "--max-pending=7", "--json")
        self.assertEqual(servers["tls_cert"], ("server.pem", "variable", "PITSER_TLS_CERT"))
        self.assertEqual(servers["max_level"], (9, "variable", "PITSER_MAX_LEVEL"))
        self.assertEqual(servers["max_pending"], (7, "flag", "--max-pending"))
        self.assertEqual(servers["account"], ("anonymous", "default", None))
        self.assertEqual(advice, "pitserd: hint: the variable PITSER_MAX_LEVLE is no setting; "
                                 "PITSER_MAX_LEVEL is\n")

    def test_keeps_what_is_there(self):
        self.sign("contract.pdf")
        before = self.signature.read_bytes()
        result = self.sign("contract.pdf", code=7)
        self.assertIn("pitser: hint: replace it with --force", result.stderr)
        self.assertEqual(self.signature.read_bytes(), before)
        self.sign("contract.pdf", "--force")
        self.sign("contract.pdf", "-o", "contract.pdf", "--force", code=2)
        self.assertEqual(self.document.read_bytes(), b"We agree.\n")
        self.assertEqual(sorted(os.listdir(self.folder)), ["contract.pdf", "contract.pdf.ksig"])

    def test_signs_a_gigabyte_in_little_memory(self):
        big = self.folder / "big.img"
        with open(big, "wb") as file:
            file.truncate(1 << 30)
        process = subprocess.Popen([BIN / "pitser", "sign", big, "--server", self.node.server,
                                    "--timeout", "60"],
                                   env=clean_environment(self.folder), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        print(f"signing 1 GiB took {usage.ru_maxrss // 1024} MiB of memory")
        self.assertLess(usage.ru_maxrss, 64 * 1024)

    # --- extend, publications, inspect ---

    def test_extends_to_a_publication_and_verifies_by_its_code(self):
        self.sign("contract.pdf")
        before = self.signature.read_bytes()
        self.node.publish()
        result = self.run_pitser("extend", "contract.pdf.ksig", "--server", self.node.server,
                                 "--trust", self.node.trust)
        self.assertIn("extended contract.pdf.ksig to the publication of 20", result.stdout)
        self.assertNotEqual(self.signature.read_bytes(), before)
        verdict = self.verify("contract.pdf").stdout
        self.assertIn("the publication of 20", verdict)
        code = CODE.search(verdict).group()
        result = self.run_pitser("verify", "contract.pdf", "--publication", code)
        self.assertIn("that you gave", result.stdout)
        # Once more changes nothing.
        again = self.run_json("extend", "contract.pdf.ksig", "--server", self.node.server,
                              "--trust", self.node.trust)
        self.assertFalse(again["changed"])
        # To a code that the user holds, no trust is needed; the time of a publication does as well.
        self.signature.write_bytes(before)
        self.run_pitser("extend", "contract.pdf.ksig", "--server", self.node.server, "--to", code,
                        "-o", "by-code.ksig")
        self.assertEqual(self.signature.read_bytes(), before)
        self.verify("contract.pdf", "-s", "by-code.ksig")
        self.run_pitser("extend", "contract.pdf.ksig", "--server", self.node.server, "--trust",
                        self.node.trust, "--to", again["publication"]["time"])
        self.verify("contract.pdf")

    def test_says_when_there_is_no_publication_yet(self):
        self.node.publish()
        self.sign("contract.pdf")
        before = self.signature.read_bytes()
        extend = ("extend", "contract.pdf.ksig", "--server", self.node.server, "--trust",
                  self.node.trust)
        result = self.run_pitser(*extend, code=3)
        self.assertIn("no publication yet", result.stderr)
        self.run_pitser(*extend, "--to", "2001-01-01T00:00:00Z", code=3)
        self.run_pitser(*extend, "--to", "nonsense", code=2)
        self.run_pitser("extend", "contract.pdf.ksig", "--server", self.node.server, code=3)
        self.assertEqual(self.signature.read_bytes(), before)

    def test_inspects(self):
        self.sign("contract.pdf")
        self.assertIn("calendar authentication record", self.run_pitser(
            "inspect", "contract.pdf.ksig").stdout)
        tree = self.run_json("inspect", "contract.pdf.ksig")
        self.assertEqual(tree["schema"], "pitser.inspect/1")
        self.assertEqual(len(tree["aggregation_hash_chains"]), 1)
        self.assertEqual(tree["calendar_hash_chain"]["root"],
                         tree["calendar_authentication_record"]["hash"])

    # --- trust ---

    def fetch(self, *arguments, code=0, **options):
        return self.run_pitser("trust", "fetch", "--server", self.node.server, "-o", "trust",
                               *arguments, code=code, **options)

    def root(self):
        return self.run_json("trust", "show", "--trust", self.node.trust)["roots"][0]

    def test_fetches_trust_by_the_code_of_root_and_publisher(self):
        code = self.root()["code"]
        result = self.fetch("--fingerprint", "-".join(["ABCD"] * 8), code=1)
        self.assertIn(code, result.stderr)
        self.fetch("--fingerprint", "00" * 20, code=2)
        self.assertFalse((self.folder / "trust").exists())
        self.fetch("--fingerprint", code.lower().replace("-", " "))
        self.assertEqual(self.run_json("trust", "show", "--trust", "trust")["accepted"],
                         "fingerprint")
        self.sign("contract.pdf")
        result = self.run_pitser("verify", "contract.pdf", "--trust", "trust")
        self.assertIn("accepted by its fingerprint", result.stdout)

    def test_a_roots_fingerprint_needs_the_publisher_beside_it(self):
        fingerprint = self.root()["fingerprint"]
        publisher = self.run_json("trust", "show", "--trust", self.node.trust)["constraints"][0]
        email = publisher.split("=", 1)[1]
        result = self.fetch("--fingerprint", fingerprint, code=2)
        self.assertIn("--publisher-email", result.stderr)
        self.fetch("--fingerprint", "00" * 32, "--publisher-email", email, code=1)
        # Not whom the server names, but whom the person does.
        self.fetch("--fingerprint", fingerprint, "--publisher-email", "mallory@example.com", code=1)
        self.assertFalse((self.folder / "trust").exists())
        self.fetch("--fingerprint", fingerprint.lower().replace(":", ""), "--publisher-email", email)

    def test_takes_trust_on_first_use_only_when_told_and_says_so_for_ever(self):
        result = self.fetch(code=2)
        self.assertIn("--accept-first-use", result.stderr)
        self.assertFalse((self.folder / "trust").exists())
        self.fetch("--accept-first-use")
        self.sign("contract.pdf")
        verify = ("verify", "contract.pdf", "--trust", "trust")
        self.assertIn("accepted on first use", self.run_pitser(*verify).stdout)
        self.assertEqual(self.run_json(*verify)["trust"]["accepted"], "first-use")
        self.document.write_bytes(b"We don't.\n")
        self.assertIn("accepted on first use", self.run_pitser(*verify, code=1).stdout)
        # The root is known now: fetching again needs nobody's word, and the code ends the doubt.
        self.fetch()
        self.assertEqual(self.run_json("trust", "show", "--trust", "trust")["accepted"], "first-use")
        self.fetch("--fingerprint", self.root()["code"])
        self.assertEqual(self.run_json("trust", "show", "--trust", "trust")["accepted"],
                         "fingerprint")

    def test_asks_a_person_on_a_terminal(self):
        for answer, code in ((b"n\n", 3), (b"y\n", 0)):
            master, slave = pty.openpty()
            process = subprocess.Popen(
                [BIN / "pitser", "trust", "fetch", "--server", self.node.server, "-o", "trust"],
                cwd=self.folder, env=clean_environment(self.folder), stdin=slave, stderr=slave,
                stdout=subprocess.DEVNULL)
            os.close(slave)
            os.write(master, answer)
            self.assertEqual(process.wait(timeout=60), code)
            os.close(master)
            self.assertEqual((self.folder / "trust").exists(), code == 0)
        self.assertEqual(self.run_json("trust", "show", "--trust", "trust")["accepted"], "person")

    def test_never_replaces_another_root_silently(self):
        self.fetch("--accept-first-use")
        before = (self.folder / "trust/root.pem").read_bytes()
        with Node() as other:
            fetch = ("trust", "fetch", "--server", other.server, "-o", "trust")
            result = self.run_pitser(*fetch, "--accept-first-use", code=7)
            self.assertIn("--replace", result.stderr)
            self.assertEqual((self.folder / "trust/root.pem").read_bytes(), before)
            # The other ledger's publications do not verify under our root.
            self.run_pitser("extend", "contract.pdf.ksig", "--server", other.server, "--trust",
                            "trust", code=1)
            self.run_pitser(*fetch, "--replace", code=2)
            self.run_pitser(*fetch, "--replace", "--accept-first-use")
            self.assertNotEqual((self.folder / "trust/root.pem").read_bytes(), before)
        self.sign("contract.pdf")
        self.run_pitser("verify", "contract.pdf", "--trust", "trust", code=3)

    def test_keeps_the_fetched_publications_file_up_to_date(self):
        self.fetch("--accept-first-use")
        self.sign("contract.pdf")
        self.node.publish()
        self.run_pitser("extend", "contract.pdf.ksig", "--server", self.node.server, "--trust",
                        "trust")
        result = self.run_pitser("verify", "contract.pdf", "--trust", "trust")
        self.assertIn("the publication of 20", result.stdout)

    # --- TLS and limits ---

    def make_certificates(self):
        """An authority, a server's certificate for 127.0.0.1, and a client's for alice."""
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ca",
                "-keyout", "ca.key", "-out", "ca.pem")
        for name, extension in (("server", "subjectAltName=IP:127.0.0.1"),
                                ("alice", "extendedKeyUsage=clientAuth")):
            (self.folder / "extension").write_text(extension)
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
                    f"{name}.key", "-out", f"{name}.csr")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                    "-CAcreateserial", "-days", "2", "-extfile", "extension", "-out", f"{name}.pem")

    def test_speaks_tls_and_shows_its_certificate(self):
        self.make_certificates()
        with Node("--tls-cert", self.folder / "server.pem", "--tls-key", self.folder / "server.key",
                  "--tls-client-ca", self.folder / "ca.pem") as node:
            sign = ("sign", "contract.pdf", "--server", node.server)
            ours = ("--tls-cert", "alice.pem", "--tls-key", "alice.key")
            self.run_pitser(*sign, code=6)  # Plain text.
            self.run_pitser(*sign, "--tls-ca", "ca.pem", code=6)  # No certificate of ours.
            self.run_pitser(*sign, *ours, code=6)  # The system's authorities don't know the server.
            self.run_pitser(*sign, "--tls-ca", "ca.pem", "--tls-cert", "alice.pem", code=2)
            result = self.run_pitser(*sign, "--tls-ca", "ca.pem", *ours)
            self.assertIn("through alice", result.stdout)

    def test_a_full_server_refuses(self):
        """Sixteen who want to be signed, where one a second can be: some are refused six times."""
        with Node("--max-pending", "1") as node, ThreadPoolExecutor(16) as pool:
            def sign(number):
                name = f"file{number}.txt"
                (self.folder / name).write_text(name)
                return pitser("sign", name, "--server", node.server, "--timeout", "60", "--json",
                              cwd=self.folder)
            results = list(pool.map(sign, range(16)))
        reasons = [json.loads(result.stdout)["reason_code"] for result in results]
        self.assertIn("refused", reasons)
        for result, reason in zip(results, reasons):
            self.assertEqual(result.returncode, {None: 0, "refused": 5, "unreachable": 6}[reason])

    # --- failures ---

    def test_tells_failures_apart(self):
        self.run_pitser("sign", code=2)
        self.run_pitser("frobnicate", code=2)
        self.run_pitser("verify", "contract.pdf", code=7)
        (self.folder / "bad.ksig").write_bytes(b"nothing")
        self.run_pitser("verify", "bad.ksig", code=4)
        self.run_pitser("inspect", "bad.ksig", code=4)
        result = self.run_pitser("sign", "contract.pdf", "--server", UNREACHABLE, code=6)
        self.assertIn("pitser: hint: is pitserd running there", result.stderr)
        self.sign("none.pdf", code=7)
        self.assertFalse(self.signature.exists())
        # One that fails does not keep the others from being signed.
        self.sign("none.pdf", "contract.pdf", code=7)
        self.verify("contract.pdf")
        self.run_pitser("verify", "contract.pdf", code=3)

    def test_gives_one_object_for_each_input_also_on_failure(self):
        self.sign("contract.pdf")
        failures = [
            (("verify", "none.pdf"), 7, "error", "local-file"),
            (("verify", "contract.pdf"), 3, "inconclusive", "GEN-02"),
            (("inspect", "contract.pdf"), 4, "malformed", "malformed-input"),
            (("sign", "contract.pdf", "--force", "--server", UNREACHABLE), 6, "error", "unreachable"),
            (("trust", "show", "--trust", "none"), 7, "error", "local-file"),
            (("extend", "contract.pdf.ksig", "--server", UNREACHABLE, "--trust", self.node.trust), 6,
             "error", "unreachable"),
        ]
        for arguments, code, result, reason in failures:
            found = self.run_json(*arguments, code=code)
            self.assertEqual((found["result"], found["reason_code"]), (result, reason), arguments)
            self.assertRegex(found["schema"], r"^pitser\.[a-z]+/1$")

    def test_a_result_that_cannot_be_written_is_an_error(self):
        self.sign("contract.pdf")
        for arguments in (("inspect", "contract.pdf.ksig"),
                          ("sign", "contract.pdf", "-o", "-", "--server", self.node.server)):
            with open("/dev/full", "wb") as full:
                run = subprocess.run([BIN / "pitser", *arguments], cwd=self.folder, check=False,
                                     env=clean_environment(self.folder), stdout=full,
                                     stderr=subprocess.PIPE)
            self.assertEqual(run.returncode, 7, arguments)
            self.assertIn(b"cannot write standard output", run.stderr)

    def test_ends_with_130_when_interrupted(self):
        process = subprocess.Popen([BIN / "pitser", "sign", "-", "-o", "x.ksig", "--server",
                                    self.node.server], cwd=self.folder, stdin=subprocess.PIPE,
                                   env=clean_environment(self.folder))
        # More than a pipe holds: when it is written, the program is reading.
        process.stdin.write(b"x" * (1 << 20))
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        process.stdin.close()
        self.assertEqual(os.listdir(self.folder), ["contract.pdf"])


if __name__ == "__main__":
    unittest.main()
