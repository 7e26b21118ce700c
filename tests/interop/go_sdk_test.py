#!/usr/bin/env python3
"""The KSI Go SDK, as the module proxy serves it, against a node, and against one that has a parent."""

import unittest

from sdk_checks import MANY, SdkChecks


class GoSdkTest(SdkChecks, unittest.TestCase):
    sdk = "go"
    build = ["go", "build", "-o", "bin/interop", "."]
    program = ["bin/interop"]
    without_record = ("last-extended", "time-extended")
    many_connections = MANY  # It makes one for each request.


class GoSdkBehindParentTest(GoSdkTest):
    """The same against a node that is no ledger: a hop more, and all else as it was."""

    behind_parent = True


if __name__ == "__main__":
    unittest.main()
