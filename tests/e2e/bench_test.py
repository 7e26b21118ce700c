#!/usr/bin/env python3
"""pitser-bench against a real pitserd: every command and mode, every exit code. No speed is asserted."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import pathlib
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pitser_node import BIN, Node, clean_environment  # noqa: E402

BENCH = BIN / "pitser-bench"
UNREACHABLE = "127.0.0.1:1"


def by(refusals):
    return {(one["code"], one["limit"]): one["count"] for one in refusals["by"]}


class BenchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def run_bench(self, *arguments, code=0, **options):
        result = subprocess.run([BENCH, *map(str, arguments)], check=False, capture_output=True,
                                text=True, timeout=120, cwd=self.node.folder,
                                env=clean_environment(self.node.folder), **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def run_json(self, command, *arguments, code=0):
        found = json.loads(self.run_bench(command, *arguments, "--json", code=code).stdout)
        self.assertEqual(found["schema"], f"pitser.bench.{command}/1")
        return found

    def sign(self, *arguments, server=None, **options):
        return self.run_json("sign", "--server", server or self.node.server, *arguments, **options)

    def assert_all_signed(self, found, count):
        self.assertTrue(found["accounted"])
        self.assertEqual((found["sent"], found["signed"]), (count, count))
        self.assertEqual((found["refused"]["total"], found["undecided"]["total"]), (0, 0))
        self.assertEqual(found["latency_ms"]["count"], count)
        verification = found["verification"]
        self.assertEqual((verification["right"], verification["wrong"]), (count, 0))

    # --- sign ---

    def test_signs_and_verifies_in_every_mode(self):
        for mode, count in (("unary", 300), ("stream", 5000), ("batch", 20_001)):
            with self.subTest(mode):
                found = self.sign("--mode", mode, "--count", count, "--trust", self.node.trust,
                                  "--pid", self.node.pid)
                self.assert_all_signed(found, count)
                self.assertEqual(found["verification"]["policy"], "key-based")
                # Most of them by what they share with others.
                self.assertLess(found["verification"]["in_full"], count)
                self.assertGreater(found["bytes"]["received_per_signature"], 100)
                self.assertGreater(found["server"]["resident_peak_bytes"], 1 << 20)

    def test_batches_of_one_and_more_connections_than_hashes(self):
        self.assert_all_signed(self.sign("--mode", "batch", "--batch-size", 1, "--count", 5), 5)
        self.assert_all_signed(self.sign("--mode", "stream", "--connections", 8, "--count", 3), 3)

    def test_keeps_a_rate_and_warms_up(self):
        for mode in ("unary", "stream", "batch"):
            with self.subTest(mode):
                found = self.sign("--mode", mode, "--rate", 500, "--duration", 2, "--warm-up", 1,
                                  "--batch-size", 50, "--in-flight", 5000)
                self.assertTrue(found["accounted"])
                self.assertEqual(found["sent"] + found["not_sent"], 1000)
                self.assertEqual(found["sent"], found["signed"])
                # What was due in the first second is verified, not measured.
                self.assertLessEqual(found["measured_signed"], 500)
                self.assertEqual(found["verification"]["right"], found["sent"])

    def test_tells_people(self):
        result = self.run_bench("sign", "--server", self.node.server, "--count", 10)
        self.assertRegex(result.stdout, r"(?m)^signed +10$")
        self.assertRegex(result.stdout, r"(?m)^verified +10 right, 0 wrong, by the internal policy")
        self.assertEqual(result.stderr, "")

    def test_verifies_beside_the_clock_what_is_too_much_to_keep(self):
        found = self.sign("--mode", "batch", "--count", 40_000, "--keep-mib", 1)
        self.assert_all_signed(found, 40_000)

    # --- refusals and failures ---

    def test_counts_refusals_by_limit(self):
        with Node("--max-pending", "50", "--max-stream-in-flight", "70", "--max-batch", "100") as node:
            found = self.sign("--count", 200, "--rate", 100_000, "--in-flight", 200,
                              server=node.server, code=5)
            self.assertTrue(found["accounted"])
            self.assertEqual(found["reason_code"], "refused")
            self.assertEqual(list(by(found["refused"])), [("RESOURCE_EXHAUSTED", "max_pending")])
            self.assertEqual(found["signed"] + found["refused"]["total"], 200)
            self.assertEqual(found["verification"]["right"], found["signed"])
            found = self.sign("--mode", "stream", "--connections", 1, "--count", 200,
                              "--in-flight", 200, "--rate", 100_000, server=node.server, code=5)
            self.assertTrue(found["accounted"])
            self.assertLessEqual({limit for _, limit in by(found["refused"])},
                                 {"max_stream_in_flight", "max_pending"})
            self.assertEqual(found["signed"] + found["refused"]["total"], 200)
            found = self.sign("--mode", "batch", "--count", 400, "--batch-size", 200,
                              server=node.server, code=5)
            self.assertEqual(by(found["refused"]), {("INVALID_ARGUMENT", "max_batch"): 400})

    def test_says_that_nobody_is_there(self):
        result = self.run_bench("sign", "--server", UNREACHABLE, "--timeout", "0.5", code=6)
        self.assertIn("pitser-bench: cannot connect to", result.stderr)
        result = self.run_bench("overload", "--server", UNREACHABLE, "--timeout", "0.5", code=6)
        result = self.run_bench("compare", "--server", UNREACHABLE, "--timeout", "0.5", code=6)

    def run_until(self, pattern, *arguments):
        """Starts the command on a terminal of its own and returns it once it shows `pattern`."""
        controller, terminal = pty.openpty()
        process = subprocess.Popen([BENCH, *map(str, arguments)], text=True,
                                   stdout=subprocess.PIPE, stderr=terminal)
        os.close(terminal)
        seen = b""
        while not re.search(pattern, seen) and process.poll() is None:
            seen += os.read(controller, 1000)
        self.addCleanup(os.close, controller)
        return process

    def test_a_server_that_dies_leaves_requests_undecided(self):
        for mode in ("unary", "stream", "batch"):
            with self.subTest(mode), Node("--round-seconds", "3600") as node:
                process = self.run_until(rb" 10 in flight", "sign", "--server", node.server,
                                         "--mode", mode, "--count", 10, "--timeout", 7200)
                node.kill()
                out, _ = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 6, out)
                self.assertRegex(out, r"(?m)^undecided +10 \(UNAVAILABLE 10\)$")
                self.assertRegex(out, r"(?m)^signed +0$")

    def test_usage_and_files(self):
        self.run_bench(code=2)
        self.run_bench("frobnicate", code=2)
        result = self.run_bench("sign", code=2)
        self.assertIn("pitser-bench: hint: pitser-bench sign --help", result.stderr)
        self.run_bench("sign", "--server", self.node.server, "--rate", "fast", code=2)
        self.run_bench("sign", "--server", self.node.server, "--pid", 2**22 + 1, code=2)
        self.run_bench("sign", "--server", self.node.server, "--trust", "nowhere", code=7)
        self.run_bench("sign", "--server", self.node.server, "--tls-ca", "nowhere", code=7)
        self.assertIn("pitser-bench ", self.run_bench("--version").stdout)

    def test_a_key_that_the_given_trust_does_not_name_is_found(self):
        with Node() as other:
            found = self.sign("--count", 20, "--trust", other.trust, code=1)
        self.assertEqual(found["verification"]["wrong"], 20)
        self.assertEqual(found["result"], "failed")
        self.assertIn("GEN-02", found["verification"]["complaints"][0])

    def test_an_interrupt_ends_the_sending_and_shows_what_there_is(self):
        process = self.run_until(rb"[1-9]\d* signed", "sign", "--server", self.node.server,
                                 "--duration", 600)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertRegex(out, r"(?m)^verified +[1-9][\d,]* right, 0 wrong")

    # --- one round ---

    def assert_of_one_round(self, found, count):
        after = found["after_boundary_ms"]
        self.assertEqual((after["count"], after["flaw"]), (count, None))
        self.assertLessEqual(0, after["p50"])
        self.assertLessEqual(after["p50"], after["p99"])
        self.assertLessEqual(after["p99"], after["last"])

    def test_counts_from_the_end_of_the_one_round(self):
        with Node("--round-seconds", "3") as node:
            for mode, count in (("unary", 300), ("stream", 3000), ("batch", 4000)):
                with self.subTest(mode):
                    found = self.run_json("compare", "--server", node.server, "--mode", mode,
                                          "--count", count, "--one-round", "--round", 3, "--parked")
                    self.assert_all_signed(found["sign"], count)
                    self.assert_of_one_round(found["sign"], count)
                    self.assert_of_one_round(found["empty"], count)
                    self.assertGreater(found["after_boundary_ratio"], 0)
        self.assertNotIn("after_boundary_ms", self.sign("--count", 10))

    def test_says_that_a_round_was_not_as_long_as_was_said(self):
        arguments = ("--count", 100, "--one-round", "--round", 3)
        found = self.sign(*arguments, code=3)  # The node's rounds last a second.
        self.assertEqual((found["result"], found["signed"]), ("inconclusive", 100))
        self.assertIn("answered before the round was over", found["after_boundary_ms"]["flaw"])
        text = self.run_bench("sign", "--server", self.node.server, *arguments, code=3).stdout
        self.assertRegex(text, r"(?m)^boundary +p50 .* after the round's end$")
        self.assertRegex(text, r"(?m)^INVALID +100 answered before the round was over")

    # --- beside an empty server ---

    def test_runs_beside_an_empty_server(self):
        for mode in ("unary", "stream", "batch"):
            for parked in ([], ["--parked"]):
                with self.subTest(mode=mode, parked=parked):
                    found = self.run_json("empty", "--mode", mode, "--count", 2000,
                                          "--in-flight", 4000, *parked)
                    self.assertEqual((found["sent"], found["signed"]), (2000, 2000))
                    self.assertNotIn("verification", found)
                    self.assertEqual(found["parked"], bool(parked))
                    self.assertGreater(found["server"]["resident_peak_bytes"], 1 << 20)

    def test_compares_with_calls_of_the_same_sizes(self):
        for mode in ("unary", "stream", "batch"):
            with self.subTest(mode):
                found = self.run_json("compare", "--server", self.node.server, "--mode", mode,
                                      "--count", 1000, "--in-flight", 2000, "--pid", self.node.pid)
                self.assert_all_signed(found["sign"], 1000)
                real, empty = found["sign"]["bytes"], found["empty"]["bytes"]
                self.assertAlmostEqual(empty["part"], real["part"], delta=1)
                self.assertAlmostEqual(empty["tail"], real["tail"], delta=1)
                self.assertGreater(found["rate_ratio"], 0)
        text = self.run_bench("compare", "--server", self.node.server, "--count", "10").stdout
        self.assertIn("signing / empty: rate", text)

    def test_an_empty_server_ends_on_a_signal(self):
        process = subprocess.Popen([BENCH, "empty-server"], stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline()
        self.assertTrue(line.startswith("pitser-bench empty-server ready grpc=127.0.0.1:"), line)
        address = line.split("=")[1].strip()
        self.run_bench("empty-server", "--listen", address, code=7)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        process.stdout.close()

    # --- overload ---

    def test_overload_is_refused_by_name_and_leaves_nothing_behind(self):
        with Node("--max-pending", "500", "--max-stream-in-flight", "200", "--max-batch", "100",
                  "--max-batch-digests", "300") as node:
            found = self.run_json(
                "overload", "--server", node.server, "--capacity", 1000, "--factor", 4,
                "--duration", 3, "--recovery", 1.5, "--mix", "unary=30,stream=40,batch=30",
                "--batch-size", 100, "--pid", node.pid, "--trust", node.trust)
        self.assertEqual(found["result"], "ok")
        self.assertTrue(all(one["holds"] for one in found["findings"]), found["findings"])
        self.assertTrue(found["overloaded"])
        self.assertEqual(found["sent"], found["signed"] + found["refused"]["total"])
        self.assertEqual(found["verified_right"], found["signed"])
        self.assertGreater(found["signed"], 0)
        refused = by(found["refused"])
        self.assertEqual({code for code, _ in refused}, {"RESOURCE_EXHAUSTED"})
        self.assertNotIn("", {limit for _, limit in refused})
        self.assertEqual(found["probe_after_ms"]["count"], 20)
        self.assertEqual({one["mode"] for one in found["modes"]}, {"unary", "stream", "batch"})

    def test_overload_looks_for_the_capacity_and_judges_memory(self):
        with Node("--max-pending", "300") as node:
            found = self.run_json(
                "overload", "--server", node.server, "--find", 1, "--duration", 1, "--recovery", 1,
                "--mix", "unary=1", "--probes", 5, "--pid", node.pid, "--max-resident-mib", 1,
                code=1)
        self.assertGreater(found["capacity"], 0)
        broken = [one["what"] for one in found["findings"] if not one["holds"]]
        self.assertEqual(broken, ["the server's memory stays below 1 MiB"])

    # --- help ---

    def test_the_examples_of_every_help_work(self):
        ran = 0
        for command in ((), ("sign",), ("empty",), ("empty-server",), ("compare",), ("overload",)):
            text = self.run_bench(*command, "--help").stdout
            for example in re.findall(r"^  \$ (.*)$", text, re.MULTILINE):
                with tempfile.TemporaryDirectory(prefix="pitser-help-") as scratch:
                    os.symlink(self.node.data, scratch + "/pitser-data")
                    line = example.replace("127.0.0.1:7380", self.node.server)
                    line = line.replace("pitser-bench", shlex.quote(str(BENCH)), 1)
                    run = subprocess.run(["bash", "-c", line], cwd=scratch, check=False, text=True,
                                         env=clean_environment(scratch), capture_output=True)
                    self.assertEqual(run.returncode, 0, f"{example}\n{run.stdout}{run.stderr}")
                    ran += 1
        self.assertEqual(ran, 12)


if __name__ == "__main__":
    unittest.main()
