#pragma once

#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "server/gateway/grpc/answering_call.h"

namespace pitser::server {

// Knows the calls that are answered with many messages: looks after those that nobody reads, and
// ends them when the server shuts down.
// Thread: any.
class CallWatch {
 public:
  // Looks several times in `stall`, but not more often than a hundred times a second.
  CallWatch(base::Clock* clock, absl::Duration stall);
  ~CallWatch();

  void Add(std::shared_ptr<AnsweringCall> call) PITSER_EXCLUDES(mu_);
  void Remove(const std::shared_ptr<AnsweringCall>& call) PITSER_EXCLUDES(mu_);

  // Every call, also one that comes later, is told to end when it is answered.
  void EndWhenAnswered() PITSER_EXCLUDES(mu_);

 private:
  std::vector<std::shared_ptr<AnsweringCall>> Calls() const PITSER_EXCLUDES(mu_);
  void Run();

  base::Clock* const clock_;
  const absl::Duration period_;
  const std::unique_ptr<base::Clock::Waiter> waiter_;

  mutable base::Mutex mu_;  // Leaf lock: calls are told things without it.
  absl::flat_hash_set<std::shared_ptr<AnsweringCall>> calls_ PITSER_GUARDED_BY(mu_);
  bool ending_ PITSER_GUARDED_BY(mu_) = false;
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;

  base::Thread thread_;
};

}  // namespace pitser::server
