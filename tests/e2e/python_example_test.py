#!/usr/bin/env python3
"""Runs the Python example as docs/issuer.md shows it, and verifies what it wrote."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import SOURCE, Node, clean_environment, pitser  # noqa: E402


class PythonExampleTest(unittest.TestCase):
    def test_the_issuers_guide_signs_a_file(self):
        guide = (SOURCE / "docs/issuer.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 1, "docs/issuer.md has one block of commands to be run")
        with Node() as node:
            for name in ("proto", "examples"):
                (node.folder / name).symlink_to(SOURCE / name)
            (node.folder / "contract.pdf").write_text("We agree.\n")
            commands = blocks[0].replace("127.0.0.1:7380", node.server)
            environment = clean_environment(node.folder)
            # Debian's interpreter, which has the gRPC package.
            environment["PATH"] = "/usr/bin:" + os.environ["PATH"]
            run = subprocess.run(["bash", "-euxc", commands], cwd=node.folder, check=False,
                                 env=environment, capture_output=True, text=True, timeout=120)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("contract.pdf.ksig: signed at", run.stdout)
            result = pitser("verify", "contract.pdf", "--trust", node.trust, cwd=node.folder)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            # A signature that is there is never written over.
            again = subprocess.run(["bash", "-euc", commands], cwd=node.folder, check=False,
                                   env=environment, capture_output=True, text=True, timeout=120)
            self.assertNotEqual(again.returncode, 0)


if __name__ == "__main__":
    unittest.main()
