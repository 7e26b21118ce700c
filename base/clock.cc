#include "base/clock.h"

#include <sys/timex.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/mutex.h"

namespace pitser::base {
namespace {

// A condition variable cannot wait for a moment of a clock that may be set, so the wait is cut into
// slices; a set clock is noticed after one of them.
constexpr absl::Duration kSlice = absl::Milliseconds(100);

// What a clock may be off by that is vouched for, and the length of a tick of one that is steered
// by what crystals are off: in microseconds, as the kernel has them.
constexpr long kMaxErrorUs = 1'000'000;
constexpr long kTickUs = 10'000;
constexpr long kMaxTickOff = 10;

class SystemWaiter final : public Clock::Waiter {
 public:
  explicit SystemWaiter(const Clock* clock) : clock_(clock) {}

  bool WaitUntil(absl::Time until, absl::Duration at_most) override {
    const absl::Duration start = clock_->Monotonic();
    MutexLock lock(mu_);
    while (!interrupted_) {
      const absl::Duration missing = until - clock_->Now();
      if (missing <= absl::ZeroDuration()) return true;
      const absl::Duration left = at_most - (clock_->Monotonic() - start);
      if (left <= absl::ZeroDuration()) return false;
      changed_.WaitFor(mu_, absl::ToChronoNanoseconds(std::min({missing, left, kSlice})));
    }
    return false;
  }

  void Interrupt() override {
    MutexLock lock(mu_);
    interrupted_ = true;
    changed_.SignalAll();
  }

  void ClearInterrupt() override {
    MutexLock lock(mu_);
    interrupted_ = false;
  }

 private:
  const Clock* const clock_;
  Mutex mu_;  // Leaf lock.
  CondVar changed_;
  bool interrupted_ PITSER_GUARDED_BY(mu_) = false;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromChrono(std::chrono::system_clock::now()); }

  absl::Duration Monotonic() const override {
    timespec now{};
    // Not CLOCK_MONOTONIC: that stands still while the machine sleeps, and waking up would then
    // look as if the wall clock had been set forward.
    clock_gettime(CLOCK_BOOTTIME, &now);
    return absl::DurationFromTimespec(now);
  }

  // Setting the clock by hand takes the kernel's word back until a daemon gives it anew; one that
  // takes an hour away slowly shows in the length of a tick.
  bool Vouched() const override {
    timex state{};  // Asks only.
    const int answer = adjtimex(&state);
    return answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0 &&
           state.maxerror <= kMaxErrorUs && std::abs(state.tick - kTickUs) <= kMaxTickOff;
  }

  std::unique_ptr<Waiter> NewWaiter() override { return std::make_unique<SystemWaiter>(this); }
};

}  // namespace

Clock& Clock::System() {
  static SystemClock clock;
  return clock;
}

}  // namespace pitser::base
