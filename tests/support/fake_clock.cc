#include "tests/support/fake_clock.h"

#include <algorithm>

namespace pitser::testing {

using base::MutexLock;

class FakeClock::FakeWaiter final : public base::Clock::Waiter {
 public:
  explicit FakeWaiter(FakeClock* clock) : clock_(clock) {
    MutexLock lock(clock_->mu_);
    clock_->waiters_.insert(this);
  }
  ~FakeWaiter() override {
    MutexLock lock(clock_->mu_);
    clock_->waiters_.erase(this);
    clock_->changed_.SignalAll();
  }

  bool WaitUntil(absl::Time until,
                 absl::Duration at_most) override PITSER_NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(clock_->mu_);
    waiting_ = true;
    until_ = until;
    give_up_ = clock_->monotonic_ + at_most;
    clock_->changed_.SignalAll();
    while (Blocked()) clock_->changed_.Wait(clock_->mu_);
    waiting_ = false;
    return !interrupted_ && clock_->wall_ >= until_;
  }

  void Interrupt() override {
    MutexLock lock(clock_->mu_);
    interrupted_ = true;
    clock_->changed_.SignalAll();
  }

  void ClearInterrupt() override {
    MutexLock lock(clock_->mu_);
    interrupted_ = false;
  }

  // Under the clock's lock.
  bool Blocked() const PITSER_NO_THREAD_SAFETY_ANALYSIS {
    return waiting_ && !interrupted_ && clock_->wall_ < until_ && clock_->monotonic_ < give_up_;
  }

 private:
  FakeClock* const clock_;
  bool waiting_ = false;
  bool interrupted_ = false;
  absl::Time until_;
  absl::Duration give_up_;
};

absl::Time FakeClock::Now() const {
  MutexLock lock(mu_);
  return wall_;
}

absl::Duration FakeClock::Monotonic() const {
  MutexLock lock(mu_);
  return monotonic_;
}

std::unique_ptr<base::Clock::Waiter> FakeClock::NewWaiter() {
  return std::make_unique<FakeWaiter>(this);
}

void FakeClock::Advance(absl::Duration by) {
  MutexLock lock(mu_);
  wall_ += by;
  monotonic_ += by;
  changed_.SignalAll();
}

void FakeClock::SetWall(absl::Time to) {
  MutexLock lock(mu_);
  wall_ = to;
  changed_.SignalAll();
}

void FakeClock::AwaitBlocked(int count) const {
  MutexLock lock(mu_);
  while (std::count_if(waiters_.begin(), waiters_.end(),
                       [](const FakeWaiter* waiter) { return waiter->Blocked(); }) < count) {
    changed_.Wait(mu_);
  }
}

}  // namespace pitser::testing
