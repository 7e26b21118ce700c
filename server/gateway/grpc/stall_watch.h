#pragma once

#include <atomic>
#include <map>
#include <memory>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace pitser::server {

// Breaks off what waits too long for its peer: an answer that nobody reads holds memory.
// Thread: any.
class StallWatch {
 public:
  // Something that may be broken off while it waits.
  class Waiting {
   public:
    virtual ~Waiting() = default;
    // Called once at most for each wait, by the watch's thread and under no lock; must not block.
    virtual void Stalled() = 0;
  };

  // A wait of `patience`, or up to a second more, is too long.
  StallWatch(base::Clock& clock, absl::Duration patience);
  // Nobody is broken off any more.
  ~StallWatch();

  absl::Duration patience() const { return patience_; }

  // A wait begins, and ends. (The wait that ends may be broken off at this very moment.)
  // Shape: one wait at a time of each.
  void Begin(std::shared_ptr<Waiting> waiting) PITSER_EXCLUDES(mu_);
  void End(const Waiting& waiting) PITSER_EXCLUDES(mu_);

 private:
  struct Wait {
    std::shared_ptr<Waiting> waiting;
    absl::Duration since;  // By the monotonic clock.
  };

  void Look() PITSER_EXCLUDES(mu_);

  base::Clock& clock_;
  const absl::Duration patience_;
  std::atomic<bool> stopping_ = false;
  const std::unique_ptr<base::Clock::Waiter> waiter_;
  base::Mutex mu_;  // Leaf lock.
  std::map<const Waiting*, Wait> waits_ PITSER_GUARDED_BY(mu_);
  base::Thread thread_;  // Last: runs on all of the above.
};

}  // namespace pitser::server
