#!/usr/bin/env python3
"""Installs Pitser, builds the C++ examples against it as docs/issuer.md shows, as a project outside the
tree, and verifies what they make."""

import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from example_checks import BatchChecks, ExampleChecks, environment, work_folder  # noqa: E402
from pitser_node import SOURCE  # noqa: E402


class CppExampleTest(BatchChecks, ExampleChecks, unittest.TestCase):
    heading = "C++"
    language = "cpp"

    @classmethod
    def setUpClass(cls):
        # What was installed before must not hide what is not installed any more.
        shutil.rmtree(work_folder(cls.language) / "installed", ignore_errors=True)
        super().setUpClass()
        cls.installed = cls.folder / "installed"

    def program(self, name):
        return [self.folder / "examples-build" / name]

    def test_signs_as_names_come(self):
        names = [f"file{i}.txt" for i in range(100)]
        for name in names:
            (self.scratch / name).write_text(name)
        (self.scratch / "file7.txt.ksig").write_text("there already")
        lines = "".join(f"{name}\n" for name in [*names, "none.txt"])
        run = subprocess.run([*self.program("sign_stream"), self.node.server], cwd=self.scratch,
                             check=False, input=lines, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stderr, r"(?m)^none\.txt: NOT_FOUND")
        self.assertRegex(run.stderr, r"(?m)^file7\.txt: ALREADY_EXISTS")
        self.assertEqual(len(run.stderr.splitlines()), 2)
        names.remove("file7.txt")
        self.verify(*names)

    def test_verifies_offline(self):
        self.run_example("sign", "contract.pdf")
        verify = [*self.program("verify"), "contract.pdf", self.node.trust]
        options = {"cwd": self.scratch, "check": False, "capture_output": True, "text": True}
        run = subprocess.run(verify, **options)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("trust rests on: key", run.stdout)
        self.document.write_text("We agreE.\n")
        run = subprocess.run(verify, **options)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("NOT verified: GEN-01", run.stdout)

    def test_installs_what_belongs_there_and_no_more(self):
        found = {str(path.relative_to(self.installed)) for path in self.installed.rglob("*")
                 if not path.is_dir()}
        for wanted in ("bin/pitserd", "bin/pitser", "lib/libpitser_client.a",
                       "lib/cmake/pitser/pitserConfig.cmake",
                       "lib/cmake/pitser/pitserConfigVersion.cmake",
                       "include/pitser/ledger/format/signature.h", "include/pitser/client/client.h",
                       "include/pitser/pitser/v1/pitser.grpc.pb.h", "lib/systemd/system/pitserd.service",
                       "share/pitser/pitserd.toml", "share/pitser/proto/pitser/v1/pitser.proto",
                       "share/doc/pitser/LICENSE", "share/doc/pitser/docs/issuer.md"):
            self.assertIn(wanted, found)
        for path in found:
            self.assertNotRegex(path, r"storage|server/|aggregator|gateway|test_|openssl|control")
        unit = (self.installed / "lib/systemd/system/pitserd.service").read_text()
        self.assertIn(f"\nExecStart={self.installed}/bin/pitserd --config ", unit)
        version = subprocess.run([self.installed / "bin/pitser", "--version"], check=True, text=True,
                                 capture_output=True).stdout
        config = (self.installed / "lib/cmake/pitser/pitserConfigVersion.cmake").read_text()
        self.assertIn(f'set(PACKAGE_VERSION "{version.split()[1]}")', config)

    def configure(self, text, code=0):
        """Configures a project that says `text`; gives what CMake said."""
        (self.scratch / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(outside LANGUAGES CXX)\n" + text)
        run = subprocess.run(["cmake", "-S", ".", "-B", "build", "-G", "Ninja",
                              f"-DCMAKE_PREFIX_PATH={self.installed}"], cwd=self.scratch, check=False,
                             env=environment(), capture_output=True, text=True)
        self.assertEqual(run.returncode == 0, code == 0, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def build_and_run(self, package, target, folder, main):
        """A program that includes every header under `folder` and links `target`."""
        root = self.installed / "include/pitser"
        headers = sorted(path.relative_to(root) for path in (root / folder).rglob("*.h"))
        self.assertTrue(headers)
        (self.scratch / "tell.cc").write_text(
            "".join(f'#include "{header}"\n' for header in headers) + main)
        self.configure(f"{package}\nadd_executable(tell tell.cc)\n"
                       f"target_link_libraries(tell PRIVATE {target})\n")
        built = subprocess.run(["cmake", "--build", "build"], cwd=self.scratch, check=False,
                               env=environment(), capture_output=True, text=True)
        self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
        subprocess.run([self.scratch / "build/tell"], check=True)

    def test_the_ledger_alone_needs_no_grpc(self):
        self.build_and_run(
            "find_package(pitser 0.1 REQUIRED COMPONENTS ledger)\n"
            "if(TARGET gRPC::grpc++ OR TARGET pitser::client)\n"
            '  message(FATAL_ERROR "more than was asked for")\nendif()\n',
            "pitser::ledger", "ledger",
            'int main() { return pitser::ledger::ParsePublicationCode("no code").ok() ? 1 : 0; }\n')

    def test_every_installed_header_can_be_included(self):
        self.build_and_run(
            "find_package(pitser 0.1 REQUIRED)\n", "pitser::client pitser::ledger", ".",
            'int main() { return pitser::net::ParseEndpoint("no endpoint").ok() ? 1 : 0; }\n')

    def test_another_version_or_component_is_not_found(self):
        said = self.configure("find_package(pitser 0.9 REQUIRED)\n", code=1)
        self.assertIn("0.1.0", said)
        said = self.configure("find_package(pitser 0.1 REQUIRED COMPONENTS server)\n", code=1)
        self.assertIn("pitser has no component server", said)

    def test_the_examples_are_installed_as_they_stand(self):
        for path in (SOURCE / "examples/cpp").iterdir():
            copy = self.installed / "share/doc/pitser/examples/cpp" / path.name
            self.assertEqual(copy.read_bytes(), path.read_bytes())


if __name__ == "__main__":
    unittest.main()
