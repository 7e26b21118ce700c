#!/usr/bin/env python3
"""Runs a page of the documents as its reader does: every block of commands, in the order of the page,
in one shell, in a clone of the project with the build at hand.

usage: documents_test.py PAGE

Blocks fenced as `sh` are run as they stand; of those fenced as `console`, the lines behind `$ `. In front
of a fence a page may say, in comments that nobody sees who reads it:
  <!-- not run: REASON -->     for the next block
  <!-- run before: COMMANDS -->  what the reader has by then, such as a node that runs

What differs from the reader's shell is this list, and nothing else:
  addresses, folders   loopback's ports and those of ledger.example are replaced by free ones on loopback, the
                       system's folders (FOLDERS) by some of the test's own
  cmake                --preset does nothing, --build --preset only asks whether the targets are there
  sudo                 runs its command; what is installed goes below DESTDIR
  scripts/test         does nothing: it runs this test
"""

import collections
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

FOLDERS = ("/var/lib/pitser", "/etc/pitser", "/usr/local")

FENCE = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# What a fence may say that is no command; `text` is for output and drawings.
NO_COMMANDS = {"text", "python", "go", "java", "cpp", "c", "cs", "js", "cron", "toml", "json", "ini",
               "rsyslog"}

PROLOGUE = """\
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
sudo() { "$@"; }
function scripts/test { :; }
cmake() {
  case $1 in
    --preset) ;;
    --build)  # The project's own is at hand.
      if [[ $2 == --preset ]]; then command cmake --build "$PITSER_BUILD" "${@:4}" -- -n >/dev/null
      else command cmake "$@"; fi ;;
    --install)  # A prefix that the page names is a folder of its own; the system's goes below DESTDIR.
      case "$*" in *--prefix*) local -x DESTDIR= ;; esac
      command cmake --install "$PITSER_BUILD" "${@:3}" >/dev/null ;;
    *) command cmake "$@" ;;
  esac
}
"""
# What a page leaves running is ended as an operator ends it, and must end well.
EPILOGUE = """
for job in $(jobs -p); do kill -TERM "$job"; wait "$job"; done
trap - EXIT
"""


def fences(page):
    """(line number, language, body, what the comments in front say) of each fence of a page."""
    text = (SOURCE / page).read_text()
    for fence in FENCE.finditer(text):
        before = re.search(r"((?:<!--(?:(?!-->).)*-->\s*)*)\Z", text[:fence.start()], re.DOTALL).group(1)
        yield text.count("\n", 0, fence.start()) + 1, fence.group(2), fence.group(3), before


def forgotten():
    """Pages of the documents that have commands, and no test that runs them."""
    listed = (SOURCE / "tests/e2e/CMakeLists.txt").read_text()
    pages = ["README.md", *(str(path.relative_to(SOURCE)) for path in (SOURCE / "docs").rglob("*.md"))]
    return [page for page in pages if commands_of(page)
            and not re.search(rf"[ (]{re.escape(page[:-3])}[ )]", listed)]


def commands_of(page):
    """The page as one script. Raises ValueError for a fence that says nothing of what it is."""
    script = []
    for line, language, body, before in fences(page):
        for told in re.findall(r"<!-- run before: (.*?) -->", before, re.DOTALL):
            script.append(told)
        if language not in ("sh", "console"):
            if language not in NO_COMMANDS:
                raise ValueError(f"{page}:{line}: a fence must say what it is: sh, console, or one of "
                                 + ", ".join(sorted(NO_COMMANDS)))
            continue
        if "<!-- not run: " in before:
            continue
        if language == "console":
            body = "".join(text[2:] for text in body.splitlines(True) if text.startswith("$ "))
        script.append(f"echo '@@ {page}:{line}'\n{body}")
    return "\n".join(script)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Places:
    """Where the script's addresses and folders are in this run."""

    def __init__(self, root):
        self.root = root
        self._ports = collections.defaultdict(free_port)
        for folder in FOLDERS:
            (root / folder[1:]).mkdir(parents=True)

    def port(self, number):
        return self._ports[number]

    def of(self, script):
        script = re.sub(r"(?:127\.0\.0\.1|ledger\.example):(\d{4})\b",
                        lambda found: f"127.0.0.1:{self.port(found.group(1))}", script)
        names = "|".join(map(re.escape, FOLDERS))  # Not those within a longer path.
        return re.sub(rf"(?<![\w/.])(?:{names})", lambda found: f"{self.root}{found.group()}", script)


def clone(folder):
    """The project's files as they are now, as a repository, with the build at hand."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=SOURCE, check=False,
                            capture_output=True)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # An unpacked archive.
        names = [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*")
                 if path.is_file() and "build" not in path.relative_to(SOURCE).parts]
    for name in names:
        if (SOURCE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, folder / name)
    (folder / "build").mkdir(exist_ok=True)
    (folder / "build/release").symlink_to(BIN.parent)
    git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "as it is"]):
        subprocess.run([*git, *command], cwd=folder, check=True)


def environment(scratch, places):
    """The user's, so that the languages' tools find their caches; nothing of Pitser's but the port that
    a node takes when it is told none."""
    ours = {key: value for key, value in os.environ.items()
            if not key.startswith(("PITSER_", "XDG_"))}
    ours.setdefault("HOME", str(scratch))
    ours |= {f"XDG_{kind}_HOME": str(scratch / kind.lower()) for kind in ("CONFIG", "STATE", "DATA")}
    # Debian's interpreters, as the pages say, before any other; and the programs, as installed.
    ours |= {"PATH": f"{BIN}:/usr/bin:{ours['PATH']}", "DESTDIR": str(places.root),
             "PITSER_GRPC_LISTEN": f"127.0.0.1:{places.port('7380')}", "PITSER_BUILD": str(BIN.parent), "PITSER_BIN_DIR": str(BIN),  # scripts/quickstart's own.
             "GOFLAGS": "-buildvcs=false"}
    if shutil.which("ccache"):
        ours["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
    return ours


def main(page):
    try:
        script = commands_of(page)
        if page == "README.md" and (missing := forgotten()):
            raise ValueError(f"tests/e2e/CMakeLists.txt does not run {', '.join(missing)}")
    except ValueError as error:
        print(error)
        return 1
    if not script:
        print(f"{page} has no commands")
        return 0
    with tempfile.TemporaryDirectory(prefix="pitser-page-") as name:
        scratch = pathlib.Path(name)
        project = scratch / "pitser"
        project.mkdir()
        clone(project)
        places = Places(scratch / "root")
        run = subprocess.run(["bash", "-euo", "pipefail", "-xc",
                              PROLOGUE + places.of(script) + EPILOGUE],
                             cwd=project, env=environment(scratch, places), stdin=subprocess.DEVNULL,
                             timeout=500, check=False)
        if run.returncode != 0:
            print(f"{page}: ended with {run.returncode} after the last line '@@ {page}:LINE' above")
            return 1
        # What a reader does by the page must not be committed by accident: private keys.
        left = subprocess.run(["git", "ls-files", "--others", "--exclude-standard"], cwd=project, check=True,
                              text=True, capture_output=True).stdout
        if secrets := [name for name in left.splitlines() if re.search(r"\.key|(^|/)keys/", name)]:
            print(f"{page} leaves what git does not ignore:", *secrets, sep="\n  ")
            return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1]))
