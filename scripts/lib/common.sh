# What the scripts share. Source it; it changes into the repository's root and
# empties standard input.
# shellcheck shell=bash

set -euo pipefail
exec </dev/null

CALLER=$PWD  # Where paths on the command line start.
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
export ROOT
cd -- "$ROOT"

# A checkout at another path finds what an earlier one compiled.
export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1
export HOME="${HOME:-/tmp}"
export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }
note() { printf '%s\n' "${0##*/}: $*" >&2; }
die() {
  note "$*"
  exit 1
}

# A path as the caller meant it.
from_caller() {
  if [[ $1 == /* ]]; then say "$1"; else say "$CALLER/$1"; fi
}

# How many compilers at once: one a core, but not more than one for each 1.5 GiB of free memory.
build_jobs() {
  local cores free_kib
  cores=$(nproc)
  free_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo 2>/dev/null || true)
  local fit=$(((${free_kib:-4194304}) / 1572864))
  if ((fit < 1)); then fit=1; fi
  say $((cores < fit ? cores : fit))
}

# The C++ files of the project: tracked and new ones; in an unpacked archive all there are.
source_files() {
  { git ls-files --cached --others --exclude-standard -- '*.h' '*.cc' 2>/dev/null ||
    find . -path ./build -prune -o \( -name '*.h' -o -name '*.cc' \) -printf '%P\n'; } |
    sort -u | while IFS= read -r file; do if [[ -f $file ]]; then say "$file"; fi; done
}
