#!/usr/bin/env bash
# Volume, memory, throughput and overload of one node of this build, each on a fresh pitserd on
# loopback with a folder of its own. Prints what pitser-bench says; bench/RESULTS.md keeps it.
# usage: bench/load/volume.sh [BIN_DIR] [OVERLOAD_SECONDS]
#   BIN_DIR            where pitserd and pitser-bench are (default: build/release/bin)
#   OVERLOAD_SECONDS   how long four times too much is offered (default: 60)
# The machine must be quiet. Takes some four minutes.
set -euo pipefail

bin=$(realpath "${1:-build/release/bin}")
overload_seconds=${2:-60}
folder=$(mktemp -d "${TMPDIR:-/tmp}/pitser-volume-XXXXXX")
node_pid=
stop_node() {
  if [[ -n $node_pid ]]; then
    kill "$node_pid" && wait "$node_pid" || true
    node_pid=
  fi
}
trap 'stop_node; rm -rf "$folder"' EXIT

# Starts a node with these flags; sets $server, $node_pid and $trust.
start_node() {
  stop_node
  rm -rf "$folder/data"
  : >"$folder/out"
  "$bin/pitserd" --data "$folder/data" --grpc-listen 127.0.0.1:0 --log-level warning "$@" \
    >"$folder/out" &
  node_pid=$!
  until grep -q ' ready ' "$folder/out"; do
    kill -0 "$node_pid"
    sleep 0.1
  done
  server=$(sed 's/.* grpc=\([^ ]*\).*/\1/' "$folder/out")
  trust=$folder/data/trust
}

# Says what is run, and runs it. A refusal is a result here: exit code 5 is none of ours.
run() {
  printf '\n$ pitser-bench %s\n' "$*" | sed "s|$server|SERVER|; s|$trust|TRUST|; s|--pid $node_pid|--pid PID|"
  "$bin/pitser-bench" "$@" --quiet || [[ $? -eq 5 ]]
}

# Waits for the beginning of a round of five seconds: what is sent then waits for long enough to be
# looked at.
await_round() { sleep "$((5 - $(date +%s) % 5))"; }

title() { printf '\n## %s\n' "$1"; }

printf '%s, %s, %s processors, kernel %s\n' "$("$bin/pitserd" --version)" "$(date -u +%FT%TZ)" \
  "$(nproc)" "$(uname -r)"

title '1,000,000 hashes through SignBatch'
start_node
run sign --server "$server" --mode batch --count 1000000 --batch-size 100000 --in-flight 1000000 \
  --connections 2 --trust "$trust" --pid "$node_pid"

title '1,000,000 hashes in one SignBatch'
start_node --max-batch 1000000 --max-message-bytes 67108864
run sign --server "$server" --mode batch --count 1000000 --batch-size 1000000 --in-flight 1000000 \
  --connections 1 --trust "$trust" --pid "$node_pid"

title '100,000 hashes in flight at once through SignStream; memory, and that of an empty server'
start_node --round-seconds 5
await_round
run sign --server "$server" --mode stream --count 100000 --batch-size 1000 --in-flight 100000 \
  --connections 1 --trust "$trust" --pid "$node_pid"
await_round
run empty --mode stream --parked --round 5 --count 100000 --batch-size 1000 --in-flight 100000 \
  --connections 1

title '10,000 single calls in flight at once; memory, and that of an empty server'
start_node --round-seconds 5
await_round
run sign --server "$server" --mode unary --count 10000 --in-flight 10000 --connections 4 \
  --trust "$trust" --pid "$node_pid"
await_round
run empty --mode unary --parked --round 5 --count 10000 --in-flight 10000 --connections 4

title 'Throughput beside an empty call of the same sizes that waits for the second as well'
start_node
run compare --server "$server" --parked --mode unary --in-flight 16000 --connections 4 \
  --duration 10 --warm-up 2 --pid "$node_pid"
run compare --server "$server" --parked --mode stream --in-flight 190000 --connections 2 \
  --duration 10 --warm-up 2 --pid "$node_pid"
run compare --server "$server" --parked --mode batch --batch-size 10000 --in-flight 1000000 \
  --connections 2 --duration 10 --warm-up 2 --pid "$node_pid"

title 'Throughput beside an empty call that is answered at once'
run compare --server "$server" --mode batch --batch-size 10000 --in-flight 1000000 \
  --connections 2 --duration 10 --warm-up 2 --pid "$node_pid"
run empty --mode unary --in-flight 1000 --connections 2 --duration 5 --warm-up 1
run empty --mode stream --in-flight 100000 --connections 2 --duration 5 --warm-up 1

title 'Latency at 500 single calls a second'
run sign --server "$server" --rate 500 --duration 10 --warm-up 2 --trust "$trust"

# Less than the two cores could sign: four times as much, and the load's own share, are theirs too.
title "Four times too much for $overload_seconds seconds, for a node that takes 10,000 at once"
start_node --max-pending 10000
run overload --server "$server" --duration "$overload_seconds" --trust "$trust" --pid "$node_pid"
