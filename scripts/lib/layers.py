"""The layer table (scripts/layers.toml) and the source files it speaks of."""

import graphlib
import os
import pathlib
import subprocess
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def under(path, folder):
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def source_files(*endings):
    """Tracked and new files of the project with these endings, relative to its root, sorted."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # Not a git checkout: an unpacked archive.
        listed = [str((pathlib.Path(folder) / name).relative_to(ROOT))
                  for folder, folders, names in os.walk(ROOT)
                  for name in names if "/build/" not in folder + "/" and "/.git/" not in folder + "/"]
    return sorted({f for f in listed if f.endswith(endings) and (ROOT / f).is_file()})


class Layers:
    def __init__(self):
        with open(ROOT / "scripts/layers.toml", "rb") as file:
            table = tomllib.load(file)
        self.folders = table["folders"]
        self.private = table["private"]
        self.pure = table["pure"]
        self.outside = table["outside"]["folders"]
        self.isolation = table["isolation"]
        self.prefixes = [(prefix, library) for library, prefixes in table["libraries"].items()
                         for prefix in prefixes]
        self.tops = {folder.split("/")[0] for folder in self.folders}
        self._check_table()

    def _check_table(self):
        known = {"*"} | self.tops | set(self.folders)
        libraries = {"*"} | {library for _, library in self.prefixes}
        for folder, rule in self.folders.items():
            for name in set(rule["may"]) - known:
                raise ValueError(f"layers.toml: {folder} may include {name}, which is not a folder")
            for name in set(rule["uses"]) - libraries:
                raise ValueError(f"layers.toml: {folder} uses {name}, which is not a library")
        # No cycle: what a folder may include may not include it in turn.
        edges = {folder: {other for other in self.folders if other != folder
                          and any(under(other, may) for may in rule["may"])}
                 for folder, rule in self.folders.items()}
        try:
            list(graphlib.TopologicalSorter(edges).static_order())
        except graphlib.CycleError as error:
            raise ValueError(f"layers.toml: a cycle: {' <- '.join(error.args[1])}") from error

    def folder_of(self, path):
        """The table's folder that `path` lies in, or None."""
        return max((f for f in self.folders if under(path, f)), key=len, default=None)

    def library_of(self, include):
        """The library that `include` belongs to, or None."""
        return next((library for prefix, library in self.prefixes
                     if include == prefix or (prefix.endswith("/") and include.startswith(prefix))),
                    None)
