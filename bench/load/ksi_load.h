#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/load/histogram.h"
#include "bench/load/kept_store.h"
#include "net/endpoint.h"
#include "net/ksi/credentials.h"

namespace pitser::bench {

// A load of the KSI service protocol on one aggregator.
struct KsiLoadOptions {
  net::Endpoint endpoint;
  net::KsiCredentials credentials;
  // How many accounts share the load: their login ids are the one above with 0, 1, ... behind it.
  // 0: it alone.
  std::size_t accounts = 0;
  bool http = false;
  std::size_t connections = 4;
  std::size_t in_flight = 4096;  // Of each connection; 1 over HTTP.
  absl::Duration duration = absl::Seconds(10);
  // The server answers with bytes of no meaning: they are counted and not looked at.
  bool empty = false;
  std::uint64_t seed = 1;
};

struct KsiLoadResult {
  std::uint64_t answered = 0;   // Signed, unless `empty`.
  std::uint64_t refused = 0;    // With another status than 0.
  std::uint64_t undecided = 0;  // The connection ended, or the time was over.
  double seconds = 0;           // From the first request to the last answer.
  Histogram latency;
  std::uint64_t answer_bytes = 0;

  double rate() const { return seconds > 0 ? static_cast<double>(answered) / seconds : 0; }
};

// Sends as fast as answers come, for `duration`, and waits for the rest. Signatures go to `kept`
// (null: nowhere). Uses one thread.
// Errors: kUnavailable when nobody is there.
absl::StatusOr<KsiLoadResult> RunKsiLoad(const KsiLoadOptions& options, KeptStore* kept);

// A server of the same library that does nothing but answer: to each PDU, or POST, `size` bytes
// that never change. Serves until the process ends; prints "ready HOST:PORT".
int RunEmptyKsiServer(std::size_t size);

}  // namespace pitser::bench
