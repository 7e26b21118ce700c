#pragma once

#include <memory>

#include "absl/time/time.h"

namespace pitser::base {

// Where time comes from: an argument, so that tests need not wait and can stage a clock that jumps.
// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock, UTC. It may jump, both ways.
  virtual absl::Time Now() const = 0;

  // Time since some fixed moment of this process; never goes back.
  virtual absl::Duration Monotonic() const = 0;

  // Blocks until Now() >= `until` or Interrupt() is called, whichever is first; looks at the wall
  // clock again often enough to notice that it was set. True when the time has come.
  // Interrupt() before the call counts too: it is remembered until ClearInterrupt().
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual bool WaitUntil(absl::Time until) = 0;
    virtual void Interrupt() = 0;
    virtual void ClearInterrupt() = 0;
  };
  virtual std::unique_ptr<Waiter> NewWaiter() = 0;

  // The machine's clock.
  static Clock& System();
};

}  // namespace pitser::base
