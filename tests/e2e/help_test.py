#!/usr/bin/env python3
"""Every help text of both programs: it has what a help text needs, and its examples work as they stand.

The commands are taken from the help texts themselves, so that a new one cannot be forgotten.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, SOURCE, Node, clean_environment, pitser  # noqa: E402

PROGRAMS = ("pitser", "pitserd")


def help_of(command):
    run = subprocess.run([BIN / command[0], *command[1:], "--help"], check=False, text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if run.returncode != 0 or run.stderr:
        raise AssertionError(f"{command} --help ends with {run.returncode}: {run.stderr}")
    return run.stdout


def section(text, title):
    """The indented lines under a title; empty without one."""
    found = re.search(rf"^{title}:\n((?:  .*\n)+)", text, re.MULTILINE)
    return found.group(1).splitlines() if found else []


def all_commands(command):
    """`command` and all below it."""
    yield command
    text = help_of(command)
    for line in section(text, "Commands") + section(text, "Subcommands"):
        if name := re.match(r"  ([a-z][a-z-]*)(?:  |$)", line):
            yield from all_commands((*command, name.group(1)))


def examples_of(command):
    return [line.strip().removeprefix("$ ") for line in section(help_of(command), "Examples")]


class HelpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.commands = [command for name in PROGRAMS for command in all_commands((name,))]

    def test_finds_the_commands(self):
        for command in (("pitser",), ("pitser", "sign"), ("pitser", "trust", "fetch"),
                        ("pitserd",), ("pitserd", "publish")):
            self.assertIn(command, self.commands)

    def test_says_usage_options_exit_codes_and_two_examples(self):
        for command in self.commands:
            with self.subTest(command=command):
                text = help_of(command)
                self.assertRegex(text, rf"(?m)^Usage: {' '.join(command)}\b")
                self.assertTrue(section(text, "Options"))
                self.assertRegex(text, r"Exit codes:")
                self.assertGreaterEqual(len(examples_of(command)), 2)
                # What it does, in words: a paragraph of its own.
                self.assertRegex(text, r"(?m)^(?!Usage)[A-Z].{40,}")

    def test_a_usage_error_is_no_result(self):
        for command in self.commands:
            with self.subTest(command=command):
                run = subprocess.run([BIN / command[0], *command[1:], "--no-such-flag"], check=False,
                                     stdin=subprocess.DEVNULL, text=True, capture_output=True,
                                     timeout=60)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertIn(f"{command[0]}: ", run.stderr)

    def test_the_reference_has_every_command_of_pitser(self):
        reference = (SOURCE / "docs/cli.md").read_text()
        for command in self.commands:
            below = [other for other in self.commands if other[:-1] == command]
            if command[0] == "pitser" and not below:
                self.assertIn(f"`{' '.join(command)}", reference)


class ExamplesTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitser-help-")
        self.addCleanup(temporary.cleanup)
        self.scratch = pathlib.Path(temporary.name)

    def run_line(self, line, folder):
        """Runs one example in `folder`, the programs found as the user finds them."""
        environment = clean_environment(folder)
        environment["PATH"] = f"{BIN}:{os.environ['PATH']}"
        run = subprocess.run(["bash", "-c", line], cwd=folder, check=False, text=True, timeout=120,
                             stdin=subprocess.DEVNULL, env=environment, capture_output=True)
        self.assertEqual(run.returncode, 0, f"{line}\n{run.stdout}{run.stderr}")

    def test_the_examples_of_pitser_work(self):
        with Node() as node:
            (self.scratch / "contract.pdf").write_text("We agree.\n")
            signed = pitser("sign", "contract.pdf", "--server", node.server, cwd=self.scratch)
            self.assertEqual(signed.returncode, 0, signed.stderr)
            node.publish()
            for command in all_commands(("pitser",)):
                for example in examples_of(command):
                    with self.subTest(example=example):
                        self.run_line(example.replace("127.0.0.1:7380", node.server),
                                      self.folder_for(example, node))

    def folder_for(self, example, node):
        """Each starts from the same folder: the document, its signature unless the example makes it,
        the server's folder, and a fetched trust folder where one is to be there already."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        shutil.copy(self.scratch / "contract.pdf", folder)
        if not example.startswith("pitser sign"):
            shutil.copy(self.scratch / "contract.pdf.ksig", folder)
        (folder / "pitser-data").symlink_to(node.data)
        if "--replace" in example:
            shutil.copytree(node.trust, folder / "trust")
        return folder

    def test_the_examples_of_pitserd_work(self):
        for command in all_commands(("pitserd",)):
            for example in examples_of(command):
                with self.subTest(example=example):
                    if example.startswith("pitserd --"):
                        self.start_and_stop(example)
                    else:
                        with Node() as node:
                            folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
                            (folder / "pitser-data").symlink_to(node.data)
                            if "publications restore" in example:
                                node.stop()
                            if account := re.search(r"account (?:change|disable|enable|rotate) (\S+)", example):
                                self.run_line(f"pitserd account add {account.group(1)}", folder)
                            self.run_line(example.replace("/var/lib/pitser", str(node.data)), folder)

    def start_and_stop(self, example):
        """An example that starts a server: it gets ready, and ends well when it is told to."""
        data = tempfile.mkdtemp(dir=self.scratch)
        words = shlex.split(example.replace("/var/lib/pitser", data).replace(":7380", ":0"))
        with subprocess.Popen([BIN / words[0], *words[1:]], cwd=data, stdout=subprocess.PIPE, text=True,
                              env=clean_environment(data), stderr=subprocess.DEVNULL) as server:
            try:
                self.assertRegex(server.stdout.readline(), "^pitserd ready ")
            finally:
                server.terminate()
            self.assertEqual(server.wait(timeout=60), 0)


if __name__ == "__main__":
    unittest.main()
