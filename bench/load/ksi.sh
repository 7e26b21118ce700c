#!/usr/bin/env bash
# Throughput of the KSI service protocol's two transports, each beside an empty server of the same
# library, and what a thousand slow senders do to others. Prints what pitser-ksi-bench says.
# usage: bench/load/ksi.sh [BIN_DIR]     (default: build/release/bin)
# The machine must be quiet. Takes some two minutes.
set -euo pipefail

bin=$(realpath "${1:-build/release/bin}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/pitser-ksi-XXXXXX")
pids=()
stop_all() {
  # One that has ended by itself is no failure here; a killed one ends with a status of its own.
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
  pids=()
}
trap 'stop_all; rm -rf "$folder"' EXIT
ulimit -n "$(ulimit -Hn)"

# A node with accounts enough: each may send 16,000 requests a round.
accounts=16
start_node() {
  stop_all
  rm -rf "$folder/data"
  "$bin/pitserd" --data "$folder/data" --grpc-listen 127.0.0.1:0 --ksi-sign-listen 127.0.0.1:0 \
    --allow-anonymous --log-level warning --ksi-max-connections 20000 "$@" >"$folder/out" &
  pids+=($!)
  until grep -q ' ready ' "$folder/out"; do sleep 0.1; done
  server=$(sed 's/.* ksi-sign=\([^ ]*\).*/\1/' "$folder/out")
  for ((i = 0; i < accounts; i++)); do
    printf bench | "$bin/pitserd" account add "bench$i" --key-file - --data "$folder/data" >/dev/null
  done
}

start_empty() {
  stop_all
  "$bin/pitser-ksi-bench" --empty-server "$1" >"$folder/out" &
  pids+=($!)
  until grep -q '^ready ' "$folder/out"; do sleep 0.1; done
  server=$(sed 's/^ready //' "$folder/out")
}

run() { "$bin/pitser-ksi-bench" --server "$server" "$@"; }

printf '%s, %s, %s processors\n' "$("$bin/pitserd" --version)" "$(date -u +%FT%TZ)" "$(nproc)"

printf '\n## TCP\n'
start_node
run --login bench --key bench --accounts 16 --connections 16 --in-flight 10000 --seconds 15
start_empty 1500
run --empty --connections 16 --in-flight 10000 --seconds 10

printf '\n## HTTP: a connection for each request that waits\n'
start_node
run --http --connections 8000 --seconds 15
start_empty 1500
run --empty --http --connections 8000 --seconds 10

printf '\n## 500 waiting requests, undisturbed\n'
start_node
run --connections 5 --in-flight 100 --seconds 10
printf '\n## the same beside 1,000 connections that send a byte a second\n'
python3 - "$server" <<'PY' &
import socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
slow = [socket.create_connection((host, int(port))) for _ in range(1000)]
for second in range(14):
    for connection in slow:
        try:
            connection.send(b"\x82\x20\x00\x5e\x01\x11\x01\x06alice\x00"[second:second + 1])
        except OSError:
            pass
    time.sleep(1)
PY
slow=$!
sleep 2
run --connections 5 --in-flight 100 --seconds 10
# It ends by itself after 14 seconds.
kill "$slow" 2>/dev/null || true
