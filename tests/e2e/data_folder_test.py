#!/usr/bin/env python3
"""What becomes of a node whose data folder loses a part: while it runs, and before it starts."""

import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, clean_environment, pitser  # noqa: E402


class DataFolderTest(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.cleanup)
        self.addCleanup(self.node.stop)
        self.node.start()
        (self.node.folder / "a.txt").write_text("a")
        signed = pitser("sign", "--server", self.node.server, "a.txt", cwd=self.node.folder)
        self.assertEqual(signed.returncode, 0, signed.stderr)

    def pitserd(self, *arguments, code=0):
        run = subprocess.run([BIN / "pitserd", *arguments, "--data", self.node.data], timeout=60,
                             capture_output=True, text=True, check=False,
                             env=clean_environment(self.node.folder))
        self.assertEqual(run.returncode, code, run.stderr)
        return run

    def await_end(self, why):
        process = self.node._process
        self.assertEqual(process.wait(timeout=60), 7)
        log = (self.node.folder / "pitserd.log").read_text()
        self.assertIn(why, log.splitlines()[-1])

    def test_the_folder_is_removed(self):
        shutil.rmtree(self.node.data)
        self.await_end("lock was removed while the node runs")
        self.assertFalse(self.node.data.exists(), "it has written there")

    def test_parts_are_renamed(self):
        for name in ("calendar", "last-signed"):
            (self.node.data / name).rename(self.node.folder / "away")
            self.await_end(f"{name} was removed while the node runs")
            (self.node.folder / "away").rename(self.node.data / name)
            self.node.stop()
            self.node.start()  # Nothing was lost.

    def test_the_socket_is_removed(self):
        shutil.rmtree(self.node.data / "run")
        self.pitserd("status", "--wait", "--timeout", "60s")

    def test_the_publications_file_is_lost(self):
        file = self.node.trust / "publications.bin"
        older = file.read_bytes()
        self.node.publish()
        published = self.codes()
        self.pitserd("publications", "restore", code=7)  # The node runs.
        self.node.stop()

        for damage in (file.unlink, lambda: file.write_bytes(older[:-7])):
            damage()
            lines = self.pitserd("--grpc-listen", "127.0.0.1:0", code=7).stderr.splitlines()
            self.assertIn("pitserd publications restore", lines[-1])
            self.assertIn("restored: 1 publication", self.pitserd("publications", "restore").stdout)
            self.assertEqual(self.codes(), published)
        file.write_bytes(older)
        self.node.start()
        self.assertEqual(self.codes(), published)

    def codes(self):
        run = pitser("publications", "show", self.node.trust / "publications.bin", cwd=self.node.folder)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout


if __name__ == "__main__":
    unittest.main()
