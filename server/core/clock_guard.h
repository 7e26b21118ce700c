#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/build_info.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pitser::server {

// When the machine's clock is believed. Source: design.md 3.2.
struct ClockRules {
  // A step of the wall clock, held against the monotonic one, beyond which signing stops while it
  // lasts. A second signed too early can never be taken back.
  absl::Duration max_step_forward = absl::Seconds(60);
  // What the two clocks may drift apart for good: more than time daemons slew (500 ppm), so that
  // steps too small to be noticed one by one add up.
  double max_drift = 0.001;
  // How long requests silently wait for a clock that was set back to pass the newest closed second;
  // beyond it they are refused. Also how far the head may be in the future at start.
  absl::Duration max_behind = absl::Seconds(5);
  // A gap between the head and now at start that needs `accept_gap`: the clock may be wrong, and
  // the seconds between could never be used again.
  absl::Duration max_gap = absl::Hours(24 * 30);
  bool accept_gap = false;
  // For how long a time daemon must vouch for a clock that stepped forward, and that must not step
  // again, until it is believed without a restart. Not beyond `max_gap`, as at start.
  absl::Duration vouched_for = absl::Minutes(1);
  // The clock cannot be right before this.
  absl::Time not_before = base::SourceDate();
};

// Judges the wall clock. Decides only; whoever asks acts.
// Thread: any.
class ClockGuard {
 public:
  // From here on the wall clock is held against the monotonic one. `clock` outlives this.
  ClockGuard(const ClockRules& rules, const base::Clock* clock);

  // Whether a node whose newest closed second is `head` may start now.
  // Errors: kFailedPrecondition, saying what is wrong with the clock and what to do.
  absl::Status CheckStart(std::optional<std::uint64_t> head) const;

  // Whether signing may go on now: the clock was not set forward, and is not behind `head` or a
  // time that it showed before. A machine that slept had no step. One that was paused from outside
  // did not see the time pass: its clock steps forward when a time daemon corrects it, and is
  // believed when that has vouched for it for a while; nothing else is sure enough.
  // Errors: kUnavailable, saying what is wrong with the clock and what to do. It ends by itself
  //         when the clock is right again.
  // Logs:   clock_step_believed.
  absl::Status Check(std::optional<std::uint64_t> head) PITSER_EXCLUDES(mu_);

 private:
  // How far the wall clock is ahead of where the monotonic one puts it (negative: behind).
  absl::Duration StepForward(absl::Time now) PITSER_REQUIRES(mu_);
  absl::Status Judge(std::optional<std::uint64_t> head, absl::Time now, absl::Duration step)
      PITSER_REQUIRES(mu_);
  // Whether it is sure by now that a step beyond the limit only showed time that has passed.
  bool IsSure(absl::Time now, absl::Duration step) PITSER_REQUIRES(mu_);

  const ClockRules rules_;
  const base::Clock* const clock_;
  base::Mutex mu_;  // Leaf lock.
  // The wall clock at monotonic time zero, as it was believed when it was last checked, at
  // monotonic time `checked_`: follows the wall clock by max_drift at most.
  absl::Time origin_ PITSER_GUARDED_BY(mu_);
  absl::Duration checked_ PITSER_GUARDED_BY(mu_);
  absl::Time latest_ PITSER_GUARDED_BY(mu_);  // The latest time that was believed.
  // A step beyond the limit that is vouched for, and since when (monotonic).
  struct VouchedStep {
    absl::Duration step, since;
  };
  std::optional<VouchedStep> vouched_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::server
