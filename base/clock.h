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

  // Time since some fixed moment of this machine, sleep included; never goes back. It stands still
  // while a virtual machine is paused, which that machine cannot tell.
  virtual absl::Duration Monotonic() const = 0;

  // Whether a time daemon vouches for the wall clock: it steers it, not in great steps, and has
  // said so since the clock was last set. False where that cannot be known.
  virtual bool Vouched() const = 0;

  // Waits for a moment of the wall clock, which may be set meanwhile, in either direction.
  // Thread: WaitUntil() is one thread's at a time; the rest any thread's.
  class Waiter {
   public:
    virtual ~Waiter() = default;

    // Blocks until Now() >= `until`, Interrupt() is called, or `at_most` of monotonic time has
    // passed, whichever is first; looks at the wall clock often enough to notice that it was set.
    // True when the time has come. Whoever must not be held up by a clock that was set back gives
    // an `at_most`.
    // Interrupt() before the call counts too: it is remembered until ClearInterrupt().
    virtual bool WaitUntil(absl::Time until, absl::Duration at_most) = 0;
    bool WaitUntil(absl::Time until) { return WaitUntil(until, absl::InfiniteDuration()); }

    virtual void Interrupt() = 0;
    virtual void ClearInterrupt() = 0;
  };
  // The clock outlives its waiters.
  virtual std::unique_ptr<Waiter> NewWaiter() = 0;

  // The machine's clock.
  static Clock& System();
};

}  // namespace pitser::base
