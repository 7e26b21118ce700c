#!/usr/bin/env python3
"""The KSI Java SDK, as Maven serves it, against a node: signing, extending, verifying."""

import unittest

from sdk_checks import SdkChecks


class JavaSdkTest(SdkChecks, unittest.TestCase):
    sdk = "java"
    build = ["mvn", "-q", "-B", "package"]
    program = ["/usr/bin/java", "-jar", "target/interop.jar"]
    without_record = ("time-extended",)  # It has a record of our own, in no publications file.
    many_connections = 1  # All requests of a client share it.
    other_names = {("tcp", "extender-configuration"): "no-extender-configuration"}


if __name__ == "__main__":
    unittest.main()
