#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/thread.h"

namespace pitser::server {

// Has health told once a second, also when it is the same again.
// Thread: one owner; `tell` is called on a thread of its own.
class HealthWatch {
 public:
  // `tell` was called once when this returns.
  HealthWatch(base::Clock& clock, std::function<void()> tell);
  // Stops.
  ~HealthWatch();

  // Tells nothing more once this returns. May be repeated.
  void Stop();

 private:
  const std::function<void()> tell_;
  std::atomic<bool> stopping_ = false;
  const std::unique_ptr<base::Clock::Waiter> waiter_;
  base::Thread thread_;
};

}  // namespace pitser::server
