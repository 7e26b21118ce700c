#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/thread.h"

namespace pitser::server {

// Asks once a second whether signing may go on and tells it on, also when it is the same again.
// (The core logs why: it decides.)
// Thread: one owner; `check` and `tell` are called on a thread of its own.
class HealthWatch {
 public:
  // `tell` was called once when this returns.
  HealthWatch(base::Clock& clock, std::function<absl::Status()> check,
              std::function<void(bool)> tell);
  // Stops.
  ~HealthWatch();

  // Tells nothing more once this returns. May be repeated.
  void Stop();

 private:
  const std::function<absl::Status()> check_;
  const std::function<void(bool)> tell_;
  std::atomic<bool> stopping_ = false;
  const std::unique_ptr<base::Clock::Waiter> waiter_;
  base::Thread thread_;
};

}  // namespace pitser::server
