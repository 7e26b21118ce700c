#!/usr/bin/env python3
"""Runs the Python examples as docs/issuer.md shows them, and verifies what they make."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from example_checks import BatchChecks, ExampleChecks  # noqa: E402


class PythonExampleTest(BatchChecks, ExampleChecks, unittest.TestCase):
    heading = "Python"
    language = "python"

    def program(self, name):
        # Debian's interpreter, which has the gRPC package.
        return ["/usr/bin/env", f"PYTHONPATH={self.folder / 'stubs'}", "/usr/bin/python3",
                self.folder / f"examples/python/{name}.py"]


if __name__ == "__main__":
    unittest.main()
