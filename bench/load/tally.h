#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/boundary.h"
#include "bench/load/histogram.h"

namespace grpc {
class ClientContext;
class Status;
}  // namespace grpc

namespace pitser::bench {

// How a request ended that was not signed.
enum class Fate {
  kRefused,    // The server said no: it did not take the request.
  kUndecided,  // Nobody knows: the connection broke, or the time was over.
};

// A gRPC status code and, if one was named, the limit that was reached.
struct Refusal {
  int code = 0;
  std::string limit;

  friend auto operator<=>(const Refusal&, const Refusal&) = default;
};

// How an unsuccessful answer is to be counted.
struct Ending {
  Fate fate = Fate::kUndecided;
  Refusal refusal;
  std::int64_t retry_after_ms = 0;  // What the server asked for; 0: nothing.
};

// Of a call that ended with `status`, not OK, and of an item's error. UNAVAILABLE is a refusal only
// with the server's word on when to come again: gRPC itself says it of a broken connection.
Ending EndingOf(const grpc::Status& status, const grpc::ClientContext& context);
Ending EndingOfItem(int code, const std::string& limit,
                    std::optional<std::uint32_t> retry_after_ms);

// "RESOURCE_EXHAUSTED", as the contract names it.
std::string CodeName(int code);

// What became of requests. In the end sent = signed + refused + undecided.
// Thread: one at a time.
struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t signed_count = 0;
  std::map<Refusal, std::uint64_t> refused;
  std::map<Refusal, std::uint64_t> undecided;
  // The schedule's requests that were not sent before the end.
  std::uint64_t missed = 0;
  // Answers that the contract does not allow: for an id that nobody asked for, too many or too few
  // parts, without a signature.
  std::uint64_t breaches = 0;
  std::vector<std::string> complaints;  // Of the first breaches.

  std::uint64_t calls = 0;       // Unary calls, messages of a stream, batches.
  std::uint64_t bytes_sent = 0;  // Messages, without gRPC's framing.
  std::uint64_t bytes_received = 0;
  // What signatures came in: their own parts and the tails, each as often as it came.
  std::uint64_t part_bytes = 0;
  std::uint64_t tails = 0;
  std::uint64_t tail_bytes = 0;

  // Of requests that were due after the warm-up.
  std::uint64_t measured_sent = 0;
  std::uint64_t measured_signed = 0;
  // Nanoseconds since the start: of the last measured request, and signature.
  std::int64_t last_sent = 0;
  std::int64_t last_answer = 0;
  Histogram signed_latency;      // From when they were due.
  Histogram refused_latency;     // From when they were sent.
  AfterBoundary after_boundary;  // Of all that were to wait for one round.

  void Add(const Tally& other);
  void Breach(std::string complaint);
  std::uint64_t TotalRefused() const;
  std::uint64_t TotalUndecided() const;
};

}  // namespace pitser::bench
