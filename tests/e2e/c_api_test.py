#!/usr/bin/env python3
"""libpitser from outside: what it needs and shows, and the C and Python examples that verify with it."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, SOURCE, Node, pitser  # noqa: E402

LIBRARY = BIN.parent / "lib/libpitser.so.1"


def run(*command, **options):
    return subprocess.run([*map(str, command)], check=False, capture_output=True, text=True,
                          timeout=120, **options)


class CApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()
        cls.document = cls.node.folder / "contract.pdf"
        cls.document.write_text("We agree.\n")
        signed = pitser("sign", cls.document, "--server", cls.node.server, cwd=cls.node.folder)
        assert signed.returncode == 0, signed.stderr

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-capi-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_needs_no_more_than_it_says(self):
        dynamic = run("readelf", "--dynamic", "--wide", LIBRARY).stdout
        needed = set(re.findall(r"\(NEEDED\).*\[(.*?)\.so", dynamic))
        others = {name for name in needed if not name.startswith("libabsl_")}
        self.assertLessEqual(others, {"libcrypto", "libz", "libstdc++", "libgcc_s", "libm", "libc",
                                      "ld-linux-x86-64"})
        self.assertIn("libcrypto", needed)
        self.assertIn("[libpitser.so.1]", dynamic)

    def test_shows_what_the_header_declares_and_nothing_else(self):
        shown = set(re.findall(r" T (\S+?)(?:@|$)", run("nm", "--dynamic", "--defined-only",
                                                       LIBRARY).stdout, re.MULTILINE))
        header = (SOURCE / "capi/pitser.h").read_text()
        declared = set(re.findall(r"^PITSER_API .*?\b(pitser_\w+)\(", header, re.MULTILINE))
        self.assertEqual(shown, declared)
        weak = run("nm", "--dynamic", "--defined-only", LIBRARY).stdout
        self.assertNotRegex(weak, r" [WVuBD] ")

    def verify_with(self, *command, **options):
        good = run(*command, **options)
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        self.assertIn("verified: ", good.stdout)
        return good.stdout

    def test_the_python_example(self):
        program = ["/usr/bin/python3", SOURCE / "examples/python/verify.py"]
        environment = {"LIBPITSER": str(LIBRARY), "PATH": "/usr/bin"}
        said = self.verify_with(*program, self.document, self.node.trust, env=environment)
        self.assertIn("(key-based)", said)
        changed = self.folder / "changed.pdf"
        changed.write_text("We agreE.\n")
        bad = run(*program, changed, self.node.trust, f"{self.document}.ksig", env=environment)
        self.assertEqual(bad.returncode, 1)
        self.assertIn("NOT verified: ", bad.stdout)
        self.assertIn("(GEN-01)", bad.stdout)
        broken = self.folder / "broken.ksig"
        broken.write_bytes(b"\x88\x00\x00\x01\x00")
        bad = run(*program, self.document, self.node.trust, broken, env=environment)
        self.assertIn("offset", bad.stderr)

    def test_the_c_example_builds_as_strict_c99(self):
        program = self.folder / "verify"
        built = run("cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror",
                    f"-I{SOURCE / 'capi'}", SOURCE / "examples/c/verify.c", "-o", program,
                    f"-L{LIBRARY.parent}", "-lpitser", f"-Wl,-rpath,{LIBRARY.parent}")
        self.assertEqual(built.returncode, 0, built.stderr)
        said = self.verify_with(program, self.document, self.node.trust)
        self.assertRegex(said, r"signed through the account \S+ \(key-based\)")
        changed = self.folder / "changed.pdf"
        changed.write_text("We agreE.\n")
        bad = run(program, changed, self.node.trust, f"{self.document}.ksig")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("(GEN-01)", bad.stdout)


if __name__ == "__main__":
    unittest.main()
