#!/usr/bin/env python3
"""Builds and runs the Java examples as docs/issuer.md shows them, and verifies what they make."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from example_checks import BatchChecks, ExampleChecks  # noqa: E402


class JavaExampleTest(BatchChecks, ExampleChecks, unittest.TestCase):
    heading = "Java"
    language = "java"

    def program(self, name):
        main_class = "".join(word.capitalize() for word in name.split("_"))
        return ["/usr/bin/java", "-cp", self.folder / "examples/java/target/examples.jar",
                f"dev.pitser.examples.{main_class}"]


if __name__ == "__main__":
    unittest.main()
