#!/usr/bin/env bash
# `pitser sign --batch` of many hashes that are given as a list, into one archive, on a fresh pitserd
# on loopback: seconds, memory of the command, and then whether every signature verifies.
# usage: bench/load/sign_batch.sh [BIN_DIR] [COUNT] [FORMAT]
#   BIN_DIR   where pitser, pitserd and pitser-check-archive are (default: build/release/bin)
#   COUNT     how many hashes (default: 1000000)
#   FORMAT    tar or zip (default: tar)
# The machine must be quiet, and TMPDIR on the disk that is meant: a million take 2.5 GB of it.
set -euo pipefail

bin=$(realpath "${1:-build/release/bin}")
count=${2:-1000000}
format=${3:-tar}
folder=$(mktemp -d "${TMPDIR:-/tmp}/pitser-sign-batch-XXXXXX")
node_pid=
stop_node() {
  if [[ -n $node_pid ]]; then
    kill "$node_pid" && wait "$node_pid" || true
    node_pid=
  fi
}
trap 'stop_node; rm -rf "$folder"' EXIT

: >"$folder/out"
"$bin/pitserd" --data "$folder/data" --grpc-listen 127.0.0.1:0 --log-level warning \
  >"$folder/out" &
node_pid=$!
until grep -q ' ready ' "$folder/out"; do
  kill -0 "$node_pid"
  sleep 0.1
done
server=$(sed 's/.* grpc=\([^ ]*\).*/\1/' "$folder/out")

python3 - "$count" >"$folder/list" <<'PYTHON'
import hashlib, sys
for i in range(int(sys.argv[1])):
    print(f"{hashlib.sha256(b'document %d' % i).hexdigest()}  folder/document-{i:07d}.pdf")
PYTHON

# Runs a command; says how long it took and what memory it had at most.
measure() {
  python3 - "$@" <<'PYTHON'
import os, subprocess, sys, time
begin = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(f"{time.monotonic() - begin:.2f} s (user {usage.ru_utime:.2f} s, system {usage.ru_stime:.2f} s),"
      f" {usage.ru_maxrss // 1024} MiB", flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
PYTHON
}

printf '%s, %s, %s processors\n' "$("$bin/pitser" --version)" "$(date -u +%FT%TZ)" "$(nproc)"
sync
printf '\n$ pitser sign --batch --hashes LIST -o all.%s   # %s hashes\n' "$format" "$count"
measure "$bin/pitser" sign --batch --hashes "$folder/list" -o "$folder/all.$format" \
  --server "$server"
du -m "$folder/all.$format" | sed 's/\t.*/ MB/'
printf '\n$ pitser-check-archive LIST all.%s TRUST\n' "$format"
measure "$bin/pitser-check-archive" "$folder/list" "$folder/all.$format" "$folder/data/trust"
