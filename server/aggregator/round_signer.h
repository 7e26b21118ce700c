#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/worker_pool.h"
#include "server/aggregator/aggregator.h"
#include "server/aggregator/intake.h"
#include "server/aggregator/round.h"
#include "server/core/parent.h"

namespace pitser::server {

// Signs rounds: makes trees of their requests, has the parent close them, and gives every request
// its chain. Answers are handed out by threads of its own, so that a round with many of them keeps
// no later one from being closed in time.
// Thread: one, the round thread; AddTo() any.
class RoundSigner {
 public:
  // All outlive this. Requests that were answered are released to `intake`.
  RoundSigner(const AggregatorOptions& options, Parent* parent, base::Clock* clock, Intake* intake);

  // Returns when the round is closed. Its requests are answered each exactly once: a few by then,
  // many later, the rounds in their order.
  void Sign(Round round);

  // Answers all of them with `why`, at once.
  void Refuse(Round round, const absl::Status& why);

  // Returns when everything is answered. No round may come afterwards.
  void Stop() { pool_.Stop(); }

  // Rounds, and what became of their requests.
  void AddTo(AggregatorStats& stats) const;

 private:
  struct Tree;     // Requests of a round that share one.
  struct Signing;  // A round that is being signed.

  void DropCancelled(Round& round);
  std::vector<std::vector<std::size_t>> Group(Signing& signing);
  void BuildTrees(Signing& signing);
  void Close(Signing& signing);
  void Answer(Signing& signing, std::size_t chunk);
  void Fail(Signing& signing, std::span<const std::size_t> places, const absl::Status& why);
  void Finish(const Signing& signing);
  template <typename Change>
  void Count(Change change) {
    base::MutexLock lock(mu_);
    change(stats_);
  }

  const AggregatorOptions options_;
  Parent* const parent_;
  base::Clock* const clock_;
  Intake* const intake_;

  std::atomic<std::uint64_t> answering_ = 0;  // Rounds.
  mutable base::Mutex mu_;  // Leaf lock: nothing is hashed, encoded, answered or logged under it.
  AggregatorStats stats_ PITSER_GUARDED_BY(mu_);

  const std::size_t threads_;
  base::WorkerPool pool_;  // Last: what it runs uses all of the above.
};

}  // namespace pitser::server
