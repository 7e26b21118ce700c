#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/thread.h"
#include "bench/load/kept_store.h"
#include "bench/load/lane.h"
#include "net/channel.h"

namespace pitser::bench {

struct LoadOptions {
  net::ChannelOptions server;
  Mode mode = Mode::kUnary;
  std::uint64_t connections = 1;  // At least 1.
  double rate = 0;                // Hashes a second over all connections; 0: as fast as it goes.
  std::uint64_t count = 0;        // Hashes in all; 0: any number.
  std::chrono::nanoseconds duration{};  // 0: until `count` is reached. One of the two is given.
  std::chrono::nanoseconds warm_up{};
  std::uint64_t in_flight = 1;  // Unanswered hashes, over all connections; at least `connections`.
  std::uint64_t batch_size = 1;
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);
  std::uint64_t seed = 0;
  std::uint64_t first_number = 0;  // Of the hashes; a run has its own 2^56 from there.
  // All requests wait for the end of one round: sending begins when one of this length has begun,
  // and answers are also counted from its end. 0: sending begins at once.
  std::chrono::seconds one_round{};
};

// What came of a run.
struct LoadResult {
  Tally tally;
  double seconds = 0;       // From the end of the warm-up to the last signature that is measured.
  double sent_seconds = 0;  // From the end of the warm-up to when the last request was sent.

  // Measured signatures a second.
  double Rate() const {
    return seconds > 0 ? static_cast<double>(tally.measured_signed) / seconds : 0;
  }
};

// Load on a server: connections that send at a pace, until it is over.
// Thread: the owner's.
class Load {
 public:
  // Connects; nothing is sent yet. What is signed goes to `store`; null: it is not kept.
  // Errors: kUnavailable when the server is not reached within the timeout; kInvalidArgument.
  static absl::StatusOr<std::unique_ptr<Load>> Connect(const LoadOptions& options,
                                                       KeptStore* store);
  // Breaks off what is unanswered and waits for its end.
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void Start();
  // Sends no more.
  void Stop();
  // Whether everything is sent and answered.
  bool Ended();
  Lane::Progress progress();

  // The end. Whoever has waited for Ended() gets the whole truth; else what is unanswered is broken
  // off and counts as undecided.
  LoadResult Finish();

 private:
  explicit Load(const LoadOptions& options) : options_(options) {}
  void PumpUntilEnded();

  const LoadOptions options_;
  std::vector<LaneOptions> prepared_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::chrono::steady_clock::time_point start_;  // With one_round ahead of time.
  std::atomic<bool> finishing_ = false;
  base::Thread pacer_;  // Sends what becomes due.
};

// What the one who watches a load wants.
enum class Wish {
  kGoOn,
  kStop,    // Send no more, and wait for what is unanswered.
  kGiveUp,  // Don't wait either.
};

// Waits until all `loads`, which were started, have ended. `tick` is called some fifty times a
// second. No answer for `patience` ends the waiting too: it is to be longer than a call's timeout.
void WaitForLoads(const std::vector<Load*>& loads, std::chrono::nanoseconds patience,
                  const std::function<Wish()>& tick);

}  // namespace pitser::bench
