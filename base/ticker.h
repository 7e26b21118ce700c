#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/thread.h"

namespace pitser::base {

// Calls a function again and again, `period` after its last call ended, on a thread of its own.
// Thread: one owner.
class Ticker {
 public:
  // The first call comes after a period.
  Ticker(Clock& clock, const std::string& thread_name, absl::Duration period,
         std::function<void()> tick);
  // Stops.
  ~Ticker();

  // Calls nothing more once this returns; waits for a call that runs. May be repeated.
  void Stop();

 private:
  std::atomic<bool> stopping_ = false;
  const std::unique_ptr<Clock::Waiter> waiter_;
  Thread thread_;
};

}  // namespace pitser::base
