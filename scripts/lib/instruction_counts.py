"""How many instructions a piece of work took, and whether that is what the baseline says."""

import dataclasses

# Counts are the same from run to run but for some millionths; this leaves room for a library's next patch release.
TOLERANCE = 0.02
# Of what a count was made with: the parts of each version that must be those of the baseline for the two to be compared.
# What is not named here is told, and does not matter.
COMPARED = {"architecture": None, "build": None, "compiler": 1, "abseil": 1, "glibc": 2, "openssl": 2, "sha256": None}


def read_profile(lines):
    """What callgrind counted in libcrypto, and outside of it. Strings and positions are not compressed."""
    total = libcrypto = 0
    inside = False
    lines = iter(lines)
    for line in lines:
        if line.startswith("ob="):
            inside = "/libcrypto.so" in line
        elif line.startswith("calls="):
            next(lines)  # What was called has these in its own lines.
        elif line.startswith("totals:"):
            total = int(line.split()[1])
        elif inside and line[0].isdigit():
            libcrypto += int(line.split()[1])
    return {"libcrypto": libcrypto, "outside": total - libcrypto}


@dataclasses.dataclass
class Row:
    piece: str
    item: str
    where: str
    count: float  # Instructions an item.
    baseline: float | None
    change: float | None = None
    verdict: str = "new"

    def __post_init__(self):
        if self.baseline is None:
            return
        # Less than one instruction an item is none.
        self.change = (self.count - self.baseline) / max(self.baseline, 1)
        self.verdict = "same" if abs(self.change) <= TOLERANCE else "more" if self.change > 0 else "fewer"


def judge(baseline, counted):
    """Rows for {piece: {"item", "libcrypto", "outside"}}, each beside the same of `baseline`."""
    return [Row(piece, counts["item"], where, counts[where], baseline.get(piece, {}).get(where))
            for piece, counts in counted.items() for where in ("libcrypto", "outside")]


def differences(baseline, here):
    """What was made with something else than the baseline, as text: that which forbids comparing, and the rest."""
    forbidding, told = [], []
    for name in sorted(baseline.keys() | here.keys()):
        one, other = (str(made_with.get(name)) for made_with in (baseline, here))
        if one == other:
            continue
        parts = COMPARED.get(name)
        comparable = name not in COMPARED or parts and one.split(".")[:parts] == other.split(".")[:parts]
        (told if comparable else forbidding).append(f"{name} {one} there, {other} here")
    return forbidding, told
