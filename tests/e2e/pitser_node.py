"""A pitserd of a test's own, and the command pitser run beside it."""

import os
import pathlib
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(os.environ["PITSER_SOURCE_DIR"])
BIN = pathlib.Path(os.environ["PITSER_BIN_DIR"])


def clean_environment(home):
    """The environment without anything that the user's own settings would change."""
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("PITSER_", "XDG_"))}
    return {**environment, "HOME": str(home)}


class Node:
    """`with Node() as node:` starts a whole ledger on a free port, with a folder of its own."""

    def __init__(self, *flags):
        self._flags = flags
        self._temporary = tempfile.TemporaryDirectory(prefix="pitser-e2e-")
        self.folder = pathlib.Path(self._temporary.name)
        self.use_data(self.folder / "pitser-data")
        self.server = None
        self._process = None
        self._published = None

    def use_data(self, data):
        """Another data folder, before start()."""
        self.data = data
        self.trust = data / "trust"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.cleanup()

    def cleanup(self):
        self._temporary.cleanup()

    def start(self):
        with open(self.folder / "pitserd.log", "ab") as log:
            self._process = subprocess.Popen(
                [BIN / "pitserd", "--data", self.data, "--grpc-listen", "127.0.0.1:0",
                 *self._flags], stdout=subprocess.PIPE, stderr=log, cwd=self.folder, text=True,
                env=clean_environment(self.folder))
        line = self._process.stdout.readline()
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if not line.startswith("pitserd ready ") or "grpc" not in words:
            self.stop()
            log_text = (self.folder / "pitserd.log").read_text()
            raise RuntimeError(f"pitserd did not get ready: {line!r}\n{log_text}")
        self.server = words["grpc"]
        self.faces = words

    def stop(self):
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(timeout=60)
        self._process.stdout.close()
        self._process = None

    def kill(self):
        """Without any warning."""
        self._process.kill()

    def endpoint(self, face):
        """(host, port) of a face that the ready line names: "grpc", "ksi-sign", "ksi-extend"."""
        host, port = self.faces[face].rsplit(":", 1)
        return host.strip("[]"), int(port)

    @property
    def pid(self):
        return self._process.pid

    def publish(self):
        """A publication that was not there before: a second has one only, so it may take the next."""
        published = self._published
        while published == self._published:
            published = subprocess.run([BIN / "pitserd", "publish", "--data", self.data],
                                       check=True, timeout=60, text=True,
                                       stdout=subprocess.PIPE).stdout
            time.sleep(0.05)
        self._published = published


def pitser(*arguments, cwd, home=None, **options):
    """Runs the command; the result has returncode, stdout and stderr (bytes if text=False)."""
    options = {"text": True, "timeout": 120, "stdin": subprocess.DEVNULL, **options}
    if "input" in options:
        del options["stdin"]
    return subprocess.run([BIN / "pitser", *map(str, arguments)], cwd=cwd, check=False,
                          capture_output=True, env=clean_environment(home or cwd), **options)
