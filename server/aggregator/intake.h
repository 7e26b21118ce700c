#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "server/aggregator/round.h"

namespace pitser::server {

// Where requests wait for their round to be over. Threads that bring them do not wait for each
// other: each has a shard to itself, as long as there are no more threads than shards. What is
// taken out is in the order of arrival. Thread: Take(), SetDraining(), Close(), pending(),
// draining() and Release(): any. All else: the round thread.
class Intake {
 public:
  // `clock` outlives this.   Shape: at least one shard.
  Intake(const RoundTimes& times, std::size_t max_pending, base::Clock* clock,
         std::size_t shards = OneForEachProcessor());

  // Takes a request in, for the round of this moment. Never blocks for long.
  // Errors: kUnavailable after Close(), while draining, after Refuse(), and when the clock was set
  //         back; kDeadlineExceeded; kResourceExhausted, naming max_pending. The request then is
  //         the caller's.
  absl::Status Take(std::unique_ptr<PendingRequest>& request);

  // The round of the earliest request that waits; nullopt: none does.
  std::optional<std::uint64_t> First() const;

  // No round before this one is opened any more.
  std::uint64_t next() const { return next_; }
  void OpenFrom(std::uint64_t next) { next_ = next; }

  // What waits for round `t` or an earlier one, as one round; opens none of those any more.
  Round TakeUpTo(std::uint64_t t);
  // What waits for a time that the clock, set back meanwhile, is far from.
  Round TakeStranded(absl::Time now);
  Round TakeAll();

  // Why nothing is taken now; OK: it is. What comes in while this runs is either refused or found
  // by whichever of the calls above comes next.
  void Refuse(const absl::Status& why);
  void SetDraining(bool draining);
  void Close();

  bool draining() const;
  // Requests that were taken and not released.
  std::size_t pending() const { return pending_requests_; }
  // They are answered and gone: `weight` is theirs together.
  void Release(std::size_t requests, std::size_t weight);

 private:
  // In cache lines of its own.
  struct alignas(128) Shard {
    // A leaf lock but for the clock's and that of the gate: nothing is hashed, encoded, answered
    // or logged under it.
    mutable base::Mutex mu;
    // Ascending; commonly one, none empty.
    std::vector<Round> rounds PITSER_GUARDED_BY(mu);
    std::size_t last_size PITSER_GUARDED_BY(mu) = 0;  // Of the round taken last.
  };

  static std::size_t OneForEachProcessor();

  Shard& ShardOfThisThread();
  // What stands in the way of all requests, if anything.
  absl::Status Gate() const;
  void UpdateGate() PITSER_REQUIRES(gate_mu_);
  // False when they weigh too much.
  bool Reserve(std::size_t weight);
  Round Collect(absl::FunctionRef<bool(std::uint64_t)> which);

  const RoundTimes times_;
  const std::size_t max_pending_;
  base::Clock* const clock_;

  // Written by the round thread alone.
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<std::size_t> pending_weight_ = 0;
  std::atomic<std::size_t> pending_requests_ = 0;

  std::atomic<bool> open_ = true;  // Nothing of the below is in the way.
  mutable base::Mutex gate_mu_;    // Leaf lock.
  absl::Status refusal_ PITSER_GUARDED_BY(gate_mu_);
  bool draining_ PITSER_GUARDED_BY(gate_mu_) = false;
  bool closed_ PITSER_GUARDED_BY(gate_mu_) = false;

  std::vector<Shard> shards_;
};

}  // namespace pitser::server
