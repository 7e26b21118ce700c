#pragma once

#include <atomic>
#include <memory>
#include <set>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pitser::testing {

// A clock that stands still until a test moves it.
//   FakeClock clock(absl::FromUnixSeconds(1'800'000'000));
//   ... start something that waits on a thread of its own ...
//   clock.AwaitBlocked();                 // It waits.
//   clock.Advance(absl::Seconds(1));      // It wakes.
//   clock.AwaitBlocked();                 // It has done its work and waits for the next moment.
// Thread: any.
class FakeClock final : public base::Clock {
 public:
  explicit FakeClock(absl::Time start) : wall_(start) {}

  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
  bool Vouched() const override { return vouched_; }
  std::unique_ptr<Waiter> NewWaiter() override;

  // A time daemon says that the wall clock is right, or does not any more.
  void SetVouched(bool vouched) { vouched_ = vouched; }

  // Time passes: both clocks go on.
  void Advance(absl::Duration by);

  // Somebody sets the wall clock: the monotonic one knows nothing of it.
  void SetWall(absl::Time to);

  // Blocks until `count` waiters of this clock are inside WaitUntil() with nothing to wake them:
  // neither has their time come nor were they interrupted.
  void AwaitBlocked(int count = 1) const;

 private:
  class FakeWaiter;

  std::atomic<bool> vouched_ = false;
  mutable base::Mutex mu_;  // Leaf lock; the waiters' fields are under it too.
  mutable base::CondVar changed_;
  absl::Time wall_ PITSER_GUARDED_BY(mu_);
  absl::Duration monotonic_ PITSER_GUARDED_BY(mu_);
  std::set<FakeWaiter*> waiters_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::testing
