#!/usr/bin/env python3
"""Runs the README's commands as they stand: every block fenced as ```sh, in order, in one shell.

They run in a folder of their own that looks like the project after a build. As its reader does, the
test waits for the ready line of a node that a block leaves running. Two things differ: the port 7380
is replaced by a free one, and `scripts/test`, which runs this test, is not run again.
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
EPILOGUE = """\
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
    port = free_port()
    lines = []
    for line in "".join(blocks()).splitlines():
        if line == "scripts/test":
            continue
        if line.endswith(" &"):  # A node: on our port, and then a look at its output.
            lines += [f"{line[:-2]} --grpc-listen 127.0.0.1:{port} >node.out &", "node=$!",
                      "until grep '^pitserd ready' node.out; do kill -0 $node; sleep 0.3; done"]
        else:
            lines.append(line.replace("127.0.0.1:7380", f"127.0.0.1:{port}"))
    return "\n".join(lines) + "\n"


def main():
    commands = script()
    wanted = ["scripts/quickstart", "pitserd --data", "pitser sign", "pitser verify",
              "pitser extend", "python3 examples/"]
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
        for name in ("README.md", "CONTRIBUTING.md"):
            shutil.copy(SOURCE / name, folder)
        environment = {**os.environ, "HOME": scratch, "PATH": f"/usr/bin:{os.environ['PATH']}"}
        for name in ("PITSER_SERVER", "PITSER_TRUST"):
            environment.pop(name, None)
        run = subprocess.run(["bash", "-euo", "pipefail", "-xc", PROLOGUE + commands + EPILOGUE], cwd=folder, env=environment,
                             stdin=subprocess.DEVNULL, timeout=240, check=False)
        for name in ("README.md.ksig", "CONTRIBUTING.md.ksig"):
            if run.returncode == 0 and not (folder / name).exists():
                print(f"the commands ended well but made no {name}")
                return 1
        return run.returncode


if __name__ == "__main__":
    sys.exit(main())
