#!/usr/bin/env python3
"""Runs the README's commands as they stand: every block fenced as ```sh, in order, in one shell.

They run in a folder of their own that looks like the project after a build. Two things differ: the
port 7380 is replaced by a free one, and `scripts/test`, which runs this test, is not run again.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["PITSER_SOURCE_DIR"])
BIN = pathlib.Path(os.environ["PITSER_BIN_DIR"])

# The jobs that the blocks leave running are ended as an operator ends them, and must end well.
PROLOGUE = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
EPILOGUE = """
for job in $(jobs -p); do kill -TERM "$job"; wait "$job"; done
trap - EXIT
"""


def blocks():
    text = (SOURCE / "README.md").read_text()
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def script():
    lines = [line for block in blocks() for line in block.splitlines() if line != "scripts/test"]
    port = free_port()
    commands = "\n".join(lines).replace("127.0.0.1:7380", f"127.0.0.1:{port}")
    # The default port too: the one place where the README relies on it is `pitserd --data`.
    return re.sub(r"(pitserd --data \S+) &", rf"\1 --grpc-listen 127.0.0.1:{port} &", commands)


def main():
    commands = script()
    wanted = ["scripts/quickstart", "pitserd --data", "pitser sign", "pitser verify",
              "pitser extend"]
    missing = [command for command in wanted if command not in commands]
    if missing:
        print(f"README.md shows no {', '.join(missing)} in a block fenced as sh")
        return 1
    with tempfile.TemporaryDirectory(prefix="pitser-readme-") as scratch:
        folder = pathlib.Path(scratch)
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/bin").symlink_to(BIN)
        for name in ("scripts", "examples", "proto"):
            if (SOURCE / name).exists():
                (folder / name).symlink_to(SOURCE / name)
        shutil.copy(SOURCE / "README.md", folder)
        environment = {**os.environ, "HOME": scratch, "PATH": f"/usr/bin:{os.environ['PATH']}"}
        for name in ("PITSER_SERVER", "PITSER_TRUST"):
            environment.pop(name, None)
        run = subprocess.run(["bash", "-euxc", PROLOGUE + commands + EPILOGUE], cwd=folder, env=environment,
                             stdin=subprocess.DEVNULL, timeout=240, check=False)
        if run.returncode == 0 and not (folder / "README.md.ksig").exists():
            print("the commands ended well but made no README.md.ksig")
            return 1
        return run.returncode


if __name__ == "__main__":
    sys.exit(main())
