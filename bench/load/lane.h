#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "bench/load/boundary.h"
#include "bench/load/kept_parts.h"
#include "bench/load/numbered_hash.h"
#include "bench/load/pace.h"
#include "bench/load/tally.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace pitser::bench {

// Which call of the contract is used.
enum class Mode { kUnary, kStream, kBatch };

// "unary", "stream", "batch".
std::string_view ModeName(Mode mode);

struct LaneOptions {
  Mode mode = Mode::kUnary;
  std::shared_ptr<grpc::Channel> channel;
  PaceOptions pace;
  std::uint64_t first_number = 0;  // Of the hashes of this lane.
  std::uint64_t seed = 0;
  std::uint64_t in_flight = 1;  // At most so many hashes are unanswered.
  // Digests in a SignBatch, and at most so many requests in a message of a stream.
  std::uint64_t batch_size = 1;
  std::chrono::nanoseconds timeout{};  // Of a unary call or a batch.
  std::chrono::steady_clock::time_point start;
  std::int64_t warm_up_ns = 0;        // Requests that are due before count, but are not measured.
  std::optional<OneRound> one_round;  // That all requests are to wait for.
  // Where full chunks of signatures go, from any thread; nothing: they are not kept.
  KeptParts::Full keep;
};

// Sends over one connection and counts what comes back.
// Thread: any; answers come in on gRPC's threads.
class Lane {
 public:
  static std::unique_ptr<Lane> Create(LaneOptions options);
  // Every call has ended: Ended() was true.
  virtual ~Lane() = default;

  // Sends what is due, as far as there is room. To be called at least every few milliseconds.
  virtual void Pump() = 0;
  // Sends no more.
  void Stop() PITSER_EXCLUDES(mu_);
  // Breaks off everything that is unanswered.
  virtual void Cancel() = 0;
  // Whether nothing will be sent and nothing is unanswered any more.
  bool Ended() PITSER_EXCLUDES(mu_);

  struct Progress {
    std::uint64_t sent = 0;
    std::uint64_t signed_count = 0;
    std::uint64_t refused = 0;
    std::uint64_t in_flight = 0;
  };
  Progress progress() PITSER_EXCLUDES(mu_);

  // The counts so far; signatures that are kept are handed on. Once Ended(): all.
  Tally Take() PITSER_EXCLUDES(mu_);

 protected:
  explicit Lane(LaneOptions options);

  std::int64_t Now() const {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now() - options_.start).count();
  }

  // How many requests may be sent now.
  std::uint64_t Room(std::int64_t now) PITSER_REQUIRES(mu_);
  // Whether no request will be sent any more.
  bool Over(std::int64_t now) PITSER_REQUIRES(mu_);
  // Takes the next request; Sent() is to be called for it, alone or with others.
  Pace::Turn Send(std::int64_t now) PITSER_REQUIRES(mu_);
  std::uint64_t NumberOf(const Pace::Turn& turn) const {
    return options_.first_number + turn.index;
  }

  // When a request was due and when it was sent. What is signed counts from the one; a refusal from
  // the other: it tells how quickly the server says no, and not how far behind the sender is.
  struct Times {
    std::int64_t due = 0;
    std::int64_t sent = 0;
  };
  // One request, or `count` that go together, and what became of it or them.
  void Sent(const Times& times, std::uint64_t count = 1) PITSER_REQUIRES(mu_);
  void Signed(const Times& times, std::int64_t now, std::uint64_t count = 1) PITSER_REQUIRES(mu_);
  void NotSigned(const Ending& ending, const Times& times, std::int64_t now,
                 std::uint64_t count = 1) PITSER_REQUIRES(mu_);
  void Keep(std::uint64_t number, std::string_view part, std::string_view tail,
            std::uint64_t told_time) PITSER_REQUIRES(mu_);
  void KeepWhole(std::uint64_t number, std::string_view signature, std::uint64_t told_time)
      PITSER_REQUIRES(mu_);

  const LaneOptions options_;
  const NumberedHashes hashes_;

  base::Mutex mu_;  // Never held while gRPC is called, except to cancel.
  Tally tally_ PITSER_GUARDED_BY(mu_);
  std::uint64_t in_flight_ PITSER_GUARDED_BY(mu_) = 0;
  // Calls that run; a stream may run with nothing in flight.
  std::uint64_t calls_ PITSER_GUARDED_BY(mu_) = 0;

 private:
  Pace pace_ PITSER_GUARDED_BY(mu_);
  bool stopped_ PITSER_GUARDED_BY(mu_) = false;
  // Nothing is sent before: without a schedule, the server's word on when to come again is heeded;
  // with one only a connection that is gone makes a pause.
  std::int64_t pause_until_ PITSER_GUARDED_BY(mu_) = 0;
  KeptParts kept_ PITSER_GUARDED_BY(mu_);
};

namespace internal {
// One for each mode.
std::unique_ptr<Lane> MakeUnaryLane(LaneOptions options);
std::unique_ptr<Lane> MakeStreamLane(LaneOptions options);
std::unique_ptr<Lane> MakeBatchLane(LaneOptions options);
}  // namespace internal

}  // namespace pitser::bench
