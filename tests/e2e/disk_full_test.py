#!/usr/bin/env python3
"""A node on a disk that is really full: it refuses, loses nothing, and goes on when there is room.

The disk is a tmpfs in a mount name space of the test's own. When the node starts, there is less room
than RocksDB would set aside for its log, so that the log has to grow page by page.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, pitser  # noqa: E402

DISK_SIZE = 100 << 20  # A node that found its disk full goes on when 64 MiB are free.
ROOM_AT_START = 5 << 20  # Less than the log's 8 MiB.
MAX_SECONDS_IN_A_PAGE = 60  # A second takes some 200 bytes of the log, a page has 4096.
INSIDE = "PITSER_TEST_IN_NAMESPACE"


class DiskFullTest(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.cleanup)
        self.disk = self.node.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", self.disk],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True)
        self.node.use_data(self.disk / "data")
        self.filler = self.disk / "filler"
        self.filler.write_bytes(bytes(DISK_SIZE - ROOM_AT_START))
        self.node.start()
        self.addCleanup(self.node.stop)

    def fill(self):
        """Takes every last byte of the disk."""
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass

    def sign(self, name):
        (self.node.folder / name).write_text(name)
        return pitser("sign", name, "--server", self.node.server, "--timeout", "30",
                      cwd=self.node.folder)

    def assert_verifies(self, name):
        result = pitser("verify", name, "--trust", self.node.trust, cwd=self.node.folder)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def publish(self):
        return subprocess.run([BIN / "pitserd", "publish", "--data", self.node.data], text=True,
                              check=False, capture_output=True, timeout=60)

    def log(self):
        return (self.node.folder / "pitserd.log").read_text()

    def test_refuses_while_it_is_full_and_goes_on_by_itself(self):
        self.assertEqual(self.sign("before").returncode, 0)
        self.fill()
        # What is left of the log's last page is still written to.
        signed = ["before"]
        for number in range(MAX_SECONDS_IN_A_PAGE):
            name = f"during-{number}"
            refused = self.sign(name)
            if refused.returncode != 0:
                break
            signed.append(name)
        self.assertIn(refused.returncode, (5, 6), refused.stderr)
        self.assertRegex(refused.stderr.lower(), "no space|is full")
        self.assertFalse((self.node.folder / f"{name}.ksig").exists())
        self.assertRegex(self.sign("still-full").stderr.lower(), "no space|is full")
        publish = self.publish()
        self.assertNotEqual(publish.returncode, 0)
        self.assertRegex(publish.stderr.lower(), "no space|is full")
        self.assertIn(" disk_full ", self.log())

        self.filler.unlink()
        after = self.sign("after")
        self.assertEqual(after.returncode, 0, after.stderr + self.log())
        self.assertIn(" disk_recovered", self.log())
        self.assertEqual(self.publish().returncode, 0)
        # Nothing was restarted meanwhile, and nothing that was given out is lost.
        self.assertEqual(self.log().count(" started "), 1)
        signed.append("after")
        for name in signed:
            self.assert_verifies(name)

        # What the full disk left behind is no obstacle to the next start.
        self.node.stop()
        self.node.start()
        self.assertEqual(self.sign("next").returncode, 0)
        for name in [*signed, "next"]:
            self.assert_verifies(name)


    def test_a_start_without_room_is_refused_in_a_sentence(self):
        self.assertEqual(self.sign("before").returncode, 0)
        self.node.stop()
        self.fill()
        for room in (0, 1 << 12, 1 << 14, 1 << 16):
            os.truncate(self.filler, self.filler.stat().st_size - room)
            start = subprocess.run(
                [BIN / "pitserd", "--data", self.node.data, "--grpc-listen", "127.0.0.1:0"],
                check=False, text=True, capture_output=True, timeout=60)
            self.assertEqual(start.returncode, 7, start.stderr)
            self.assertRegex(start.stderr.splitlines()[-1], "^pitserd: .*(No space|is full)")
        self.filler.unlink()
        self.node.start()
        self.assertEqual(self.sign("after").returncode, 0)
        for name in ("before", "after"):
            self.assert_verifies(name)


class BatchDiskFullTest(unittest.TestCase):
    """`pitser sign --batch` where there is room for some signatures and not for all."""

    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.cleanup)
        self.node.start()
        self.addCleanup(self.node.stop)
        self.disk = self.node.folder / "small"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True)
        self.filler = self.disk / "filler"
        self.filler.write_bytes(bytes(1 << 20))
        lines = [f"{hashlib.sha256(str(i).encode()).hexdigest()}  small/{i}" for i in range(400)]
        (self.node.folder / "list").write_text("\n".join(lines))

    def batch(self, *more):
        return pitser("sign", "--batch", "--hashes", "list", *more, "--server", self.node.server,
                      cwd=self.node.folder)

    def test_leaves_whole_signatures_beside_files_and_goes_on(self):
        result = self.batch()
        self.assertEqual(result.returncode, 7, result.stderr)
        self.assertRegex(result.stderr, "No space left")
        written = list(self.disk.glob("*.ksig"))
        self.assertTrue(0 < len(written) < 400, len(written))
        self.assertEqual(len(list(self.disk.iterdir())), len(written) + 1)
        self.filler.unlink()
        result = self.batch()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"{len(written)} documents had their signature already", result.stderr)
        self.verify()

    def test_leaves_no_archive_and_goes_on(self):
        self.filler.write_bytes(bytes(1_900_000))
        result = self.batch("-o", "small/all.tar")
        self.assertEqual(result.returncode, 7, result.stderr)
        self.assertRegex(result.stderr, "No space left")
        self.assertEqual({p.name for p in self.disk.iterdir()}, {"filler", "all.tar.resume"})
        self.filler.unlink()
        result = self.batch("-o", "small/all.tar")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("400 documents had been signed by an earlier run", result.stderr)
        self.assertEqual({p.name for p in self.disk.iterdir()}, {"all.tar"})

    def verify(self):
        for i in (0, 150, 399):
            (self.disk / str(i)).write_text(str(i))
            result = pitser("verify", f"small/{i}", "--trust", self.node.trust,
                            cwd=self.node.folder)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


def own_mounts():
    """The command that gives us mounts of our own; none where the system does not let us."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *user, "--mount"]
    possible = subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False,
                              capture_output=True)
    return command if possible.returncode == 0 else []


if __name__ == "__main__":
    if INSIDE not in os.environ:
        command = own_mounts()
        if not command:
            sys.exit("this system allows no mounts of one's own (unshare --mount): run it as root")
        os.environ[INSIDE] = "yes"
        os.execvp(command[0], [*command, sys.executable, __file__, *sys.argv[1:]])
    unittest.main()
