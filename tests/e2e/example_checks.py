"""What holds for the examples of every language: each program is built and run as docs/issuer.md shows
it, against a node of the test's own, and what it makes is held against the command pitser."""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import time

import grpc
from certificates import make_authority, make_certificate
from pitser_node import BIN, SOURCE, Node, pitser

UNREACHABLE = "127.0.0.1:1"


def commands_of(language):
    """The block of commands under the heading of `language` in docs/issuer.md."""
    guide = (SOURCE / "docs/issuer.md").read_text()
    section = re.search(rf"^### {re.escape(language)}\n(.*?)(?=^##|\Z)", guide,
                        re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```sh\n(.*?)^```", section.group(1), re.MULTILINE | re.DOTALL)
    if len(blocks) != 1:
        raise AssertionError(f"docs/issuer.md has {len(blocks)} blocks of commands for {language}")
    return blocks[0]


def environment():
    """The user's own, so that the languages' tools find their caches; Debian's programs first."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PITSER_")}
    ours.setdefault("HOME", str(BIN.parent / "examples"))
    ours["PATH"] = f"{BIN}:/usr/bin:{os.environ['PATH']}"  # pitser, to check what came.
    ours.setdefault("GOFLAGS", "-buildvcs=false")  # Whatever the state of our own repository is.
    if shutil.which("ccache"):
        ours.setdefault("CMAKE_CXX_COMPILER_LAUNCHER", "ccache")
    return ours


def work_folder(language):
    """A copy of proto/ and examples/ to build in, kept between runs: a second one builds little."""
    folder = BIN.parent / "examples" / language
    for name in ("proto", f"examples/{language}"):
        source, copy = SOURCE / name, folder / name
        wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
        for path in copy.rglob("*"):  # What was taken away in the project.
            made = {"bin", "pitserv1", "target", "__pycache__"} & set(path.relative_to(copy).parts)
            if path.is_file() and not made and path.relative_to(copy) not in wanted:
                path.unlink()
        shutil.copytree(source, copy, dirs_exist_ok=True)
    (folder / "build").mkdir(exist_ok=True)
    if not (folder / "build/release").exists():
        (folder / "build/release").symlink_to(BIN.parent)
    return folder


class Grudging(grpc.GenericRpcHandler):
    """Refuses the first calls, each with a code and a pause in milliseconds or None, and passes the
    others on to a node. Knows unary calls only, and only as bytes. With `tamper` it changes a byte in the
    middle of each answer."""

    def __init__(self, node, refusals, tamper=False):
        self.refusals = list(refusals)
        self.tamper = tamper
        self.times = []  # When each call came in.
        self._channel = grpc.insecure_channel(node)
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None).wait()
        self._channel.close()

    def service(self, handler_call_details):
        forward = self._channel.unary_unary(handler_call_details.method)

        def answer(request, context):
            self.times.append(time.monotonic())
            if self.refusals:
                code, pause_ms = self.refusals.pop(0)
                if pause_ms is not None:
                    context.set_trailing_metadata((("pitser-retry-after-ms", str(pause_ms)),))
                context.abort(code, "not now")
            content = bytearray(forward(request, timeout=30))
            content[len(content) // 2] ^= self.tamper
            return bytes(content)

        return grpc.unary_unary_rpc_method_handler(answer)


class ExampleChecks:
    """To be mixed into a TestCase that says `heading`, `language`, and program(name)."""

    heading: str   # In docs/issuer.md.
    language: str  # The folder in examples/.

    def program(self, name):
        """The command, as a list, that runs the example `name`."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        cls.folder = work_folder(cls.language)
        cls.node = Node()
        cls.node.start()
        for old in cls.folder.glob("contract*.pdf*"):
            old.unlink()
        (cls.folder / "contract.pdf").write_text("We agree.\n")
        commands = commands_of(cls.heading).replace("127.0.0.1:7380", cls.node.server)
        cls.guide = subprocess.run(["bash", "-euxc", commands], cwd=cls.folder, check=False,
                                   stdin=subprocess.DEVNULL, env=environment(), text=True,
                                   capture_output=True, timeout=500)

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def setUp(self):
        self.assertEqual(self.guide.returncode, 0, self.guide.stdout + self.guide.stderr)
        temporary = tempfile.TemporaryDirectory(prefix="pitser-example-")
        self.addCleanup(temporary.cleanup)
        self.scratch = pathlib.Path(temporary.name)
        self.document = self.scratch / "contract.pdf"
        self.document.write_text("We agree.\n")
        self.signature = self.scratch / "contract.pdf.ksig"

    def run_example(self, name, *arguments, code=0, server=None, env=None):
        run = subprocess.run([*self.program(name), *map(str, arguments), server or self.node.server],
                             cwd=self.scratch, env={**environment(), **(env or {})}, check=False, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        told = f"{name} {arguments}: {run.stdout}{run.stderr}"
        if code == 0:
            self.assertEqual(run.returncode, 0, told)
        else:
            self.assertNotEqual(run.returncode, 0, told)
        return run

    def verify(self, *files, code=0, policy=()):
        result = pitser("verify", *files, "--trust", self.node.trust, *policy, "--json",
                        cwd=self.scratch)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def fetch_publications(self):
        """The newest publications file, by the example, as the node has it."""
        self.run_example("publications", "publications.bin", self.node.trust)
        return self.scratch / "publications.bin"

    # --- the checks ---

    def test_the_guide_signs_a_file(self):
        document = f"contract-{self.language}.pdf"
        self.assertIn(f"{document}.ksig: signed at", self.guide.stdout)
        result = pitser("verify", self.folder / document, "--trust", self.node.trust,
                        cwd=self.scratch)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_signs_and_never_writes_over_a_signature(self):
        self.run_example("sign", "contract.pdf")
        self.verify("contract.pdf")
        before = self.signature.read_bytes()
        self.run_example("sign", "contract.pdf", code=1)
        self.assertEqual(self.signature.read_bytes(), before)

    def test_says_why_it_could_not(self):
        run = self.run_example("sign", "contract.pdf", server=UNREACHABLE, code=1,
                               env={"PITSER_TIMEOUT": "5"})
        self.assertRegex(run.stderr, "(?i)unavailable")
        self.assertFalse(self.signature.exists())

    def test_repeats_what_is_worth_it_and_waits_as_long_as_it_is_asked_to(self):
        with Grudging(self.node.server, [(grpc.StatusCode.RESOURCE_EXHAUSTED, 1500),
                                         (grpc.StatusCode.CANCELLED, None),
                                         (grpc.StatusCode.UNAVAILABLE, None)]) as server:
            self.run_example("sign", "contract.pdf", server=server.address)
        self.verify("contract.pdf")
        self.assertEqual(len(server.times), 4)
        self.assertGreaterEqual(server.times[1] - server.times[0], 1.5)

    def test_repeats_nothing_that_would_only_come_again(self):
        with Grudging(self.node.server, [(grpc.StatusCode.INVALID_ARGUMENT, None)]) as server:
            run = self.run_example("sign", "contract.pdf", server=server.address, code=1)
        self.assertEqual(len(server.times), 1)
        self.assertRegex(run.stderr, "(?i)invalid.?argument")
        self.assertIn("not now", run.stderr)

    def test_repeats_what_a_full_server_refuses(self):
        documents = [self.scratch / f"file{i}.txt" for i in range(3)]
        with Node("--max-pending", "1") as node:
            processes = []
            for document in documents:
                document.write_text(document.name)
                processes.append(subprocess.Popen(
                    [*self.program("sign"), document, node.server], cwd=self.scratch,
                    env=environment(), stdin=subprocess.DEVNULL, text=True, stderr=subprocess.PIPE,
                    stdout=subprocess.DEVNULL))
            errors = [process.communicate(timeout=120)[1] for process in processes]
            self.assertEqual([process.returncode for process in processes], [0, 0, 0], errors)

    def test_signs_over_tls_as_who_the_certificate_says(self):
        make_authority(self.scratch, "ca")
        make_certificate(self.scratch, "hospital.example", "ca", "IP:127.0.0.1")
        ca, cert, key = (str(self.scratch / name) for name in
                         ("ca.pem", "hospital.example.pem", "hospital.example.key"))
        tls = {"PITSER_TLS_CA": ca, "PITSER_CLIENT_TLS_CERT": cert, "PITSER_CLIENT_TLS_KEY": key}
        with Node("--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca) as node:
            self.run_example("sign", "contract.pdf", server=node.server, env=tls)
        shown = pitser("inspect", "contract.pdf.ksig", "--json", cwd=self.scratch).stdout
        self.assertIn('"hospital.example"', shown)

    def test_repeats_until_its_time_is_over(self):
        with Grudging(self.node.server, [(grpc.StatusCode.UNAVAILABLE, 3000)] * 9) as server:
            self.run_example("sign", "contract.pdf", server=server.address, code=1,
                             env={"PITSER_TIMEOUT": "8"})
        self.assertIn(len(server.times), (2, 3))

    def test_fetches_publications_and_extends_as_pitser_does(self):
        self.run_example("sign", "contract.pdf")
        self.fetch_publications()
        run = self.run_example("extend", "contract.pdf.ksig", self.node.trust, code=1)
        self.assertIn("no publication after", run.stderr)

        self.node.publish()
        self.assertEqual(self.fetch_publications().read_bytes(),
                         (self.node.trust / "publications.bin").read_bytes())
        result = pitser("extend", "contract.pdf.ksig", "-o", "pitser.ksig", "--server",
                        self.node.server, "--trust", self.node.trust, cwd=self.scratch)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.run_example("extend", "contract.pdf.ksig", self.node.trust)
        self.assertEqual(self.signature.read_bytes(), (self.scratch / "pitser.ksig").read_bytes())
        verdict = self.verify("contract.pdf", policy=("--policy", "publications-file"))[0]
        self.assertEqual(verdict["result"], "ok")
        # Nothing is left beside the files that were asked for.
        self.assertEqual({path.name for path in self.scratch.iterdir()},
                         {"contract.pdf", "contract.pdf.ksig", "pitser.ksig", "publications.bin"})

    def test_takes_no_extension_that_was_changed(self):
        self.run_example("sign", "contract.pdf")
        self.node.publish()
        before = self.signature.read_bytes()
        with Grudging(self.node.server, [], tamper=True) as server:
            self.run_example("extend", "contract.pdf.ksig", self.node.trust, server=server.address, code=1)
        self.assertEqual(self.signature.read_bytes(), before)
        self.assertEqual({path.name for path in self.scratch.iterdir()},
                         {"contract.pdf", "contract.pdf.ksig"})

    def test_the_guide_quotes_the_example(self):
        guide = (SOURCE / "docs/issuer.md").read_text()
        fence = "cpp" if self.language == "cpp" else self.language
        sources = "\n".join(path.read_text() for path in (SOURCE / "examples" / self.language).rglob("*")
                            if path.suffix in (".py", ".go", ".java", ".cc", ".h"))
        lines = [line.strip() for line in sources.splitlines()]
        quotes = re.findall(rf"^```{fence}\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
        self.assertTrue(quotes)
        for quote in quotes:
            wanted = [line.strip() for line in textwrap.dedent(quote).strip().splitlines()]
            found = any(lines[i:i + len(wanted)] == wanted for i in range(len(lines)))
            self.assertTrue(found, f"docs/issuer.md quotes what no example has:\n{quote}")


class BatchChecks:
    """For the languages that sign batches."""

    COUNT = 1000

    def test_signs_a_thousand_files_in_one_call(self):
        folder = self.scratch / "folder"
        folder.mkdir()
        names = [f"file{i:04}.txt" for i in range(self.COUNT)]
        for name in names:
            (folder / name).write_text(name)
        self.run_example("sign_batch", folder)
        self.assertEqual(len(list(folder.iterdir())), 2 * self.COUNT)
        verdicts = self.verify(*[folder / name for name in names])
        self.assertEqual([verdict["result"] for verdict in verdicts], ["ok"] * self.COUNT)
        self.assertEqual(len({verdict["signing_time"] for verdict in verdicts}), 1)
        # Each signature is of its own file.
        os.replace(folder / (names[0] + ".ksig"), folder / (names[1] + ".ksig"))
        self.verify(folder / names[1], code=1)

    def test_signs_a_batch_of_one(self):
        folder = self.scratch / "folder"
        folder.mkdir()
        (folder / "only.txt").write_text("only")
        self.run_example("sign_batch", folder)
        self.verify(folder / "only.txt")
