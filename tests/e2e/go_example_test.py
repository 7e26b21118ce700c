#!/usr/bin/env python3
"""Builds and runs the Go examples as docs/issuer.md shows them, and verifies what they make."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from example_checks import BatchChecks, ExampleChecks  # noqa: E402


class GoExampleTest(BatchChecks, ExampleChecks, unittest.TestCase):
    heading = "Go"
    language = "go"

    def program(self, name):
        return [self.folder / "examples/go/bin" / name.replace("_", "")]


if __name__ == "__main__":
    unittest.main()
