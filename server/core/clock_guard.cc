#include "server/core/clock_guard.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace pitser::server {
namespace {

// Less than this is steering, not a step.
constexpr absl::Duration kSteered = absl::Seconds(1);

std::string Utc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

std::string Whole(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

// From when on the second after `head` exists.
absl::Time EndOf(std::uint64_t head) {
  return absl::FromUnixSeconds(static_cast<std::int64_t>(head)) + absl::Seconds(1);
}

std::string BeforeSource(absl::Time now, absl::Time not_before) {
  return absl::StrCat("the machine's clock says ", Utc(now), ", before this program was made (",
                      Utc(not_before), "): set the clock right");
}

}  // namespace

ClockGuard::ClockGuard(const ClockRules& rules, const base::Clock* clock)
    : rules_(rules), clock_(clock) {
  base::MutexLock lock(mu_);
  checked_ = clock_->Monotonic();
  latest_ = clock_->Now();
  origin_ = latest_ - checked_;
}

absl::Status ClockGuard::CheckStart(std::optional<std::uint64_t> head) const {
  const absl::Time now = clock_->Now();
  if (now < rules_.not_before) {
    return absl::FailedPreconditionError(BeforeSource(now, rules_.not_before));
  }
  if (!head) return absl::OkStatus();
  const absl::Duration behind = EndOf(*head) - now;
  if (behind > rules_.max_behind) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the newest closed second (", Utc(EndOf(*head) - absl::Seconds(1)), ") is ", Whole(behind),
        " in the future by the machine's clock: set the clock right, or wait"));
  }
  if (-behind > rules_.max_gap && !rules_.accept_gap) {
    return absl::FailedPreconditionError(absl::StrCat(
        "by the machine's clock nothing was closed for ", Whole(-behind), ", since ",
        Utc(EndOf(*head)), ": if the clock is right, start once with --accept-gap (the seconds ",
        "between can never be used again); if not, set it right"));
  }
  return absl::OkStatus();
}

absl::Duration ClockGuard::StepForward(absl::Time now) {
  const absl::Duration monotonic = clock_->Monotonic();
  const absl::Duration step = now - monotonic - origin_;
  if (step <= rules_.max_step_forward) {
    const absl::Duration drift = (monotonic - checked_) * rules_.max_drift;
    origin_ += std::clamp(step, -drift, drift);
  }
  checked_ = monotonic;
  return step;
}

bool ClockGuard::IsSure(absl::Time now, absl::Duration step) {
  const bool too_far = now - latest_ > rules_.max_gap && !rules_.accept_gap;
  if (too_far || !clock_->Vouched()) {
    vouched_.reset();
    return false;
  }
  if (!vouched_ || absl::AbsDuration(step - vouched_->step) > kSteered) {
    vouched_ = {step, checked_};
  }
  return checked_ - vouched_->since >= rules_.vouched_for;
}

absl::Status ClockGuard::Check(std::optional<std::uint64_t> head) {
  absl::Duration believed;
  absl::Status status;
  absl::Time now;
  {
    base::MutexLock lock(mu_);
    now = clock_->Now();
    absl::Duration step = StepForward(now);
    if (step <= rules_.max_step_forward) {
      vouched_.reset();
    } else if (IsSure(now, step)) {
      believed = std::exchange(step, absl::ZeroDuration());
      origin_ += believed;
    }
    status = Judge(head, now, step);
  }
  if (believed > absl::ZeroDuration()) {
    base::LogWarning("clock_step_believed", {{"step", Whole(believed)}, {"now", Utc(now)}});
  }
  return status;
}

absl::Status ClockGuard::Judge(std::optional<std::uint64_t> head, absl::Time now,
                               absl::Duration step) {
  if (now < rules_.not_before) {
    return absl::UnavailableError(
        absl::StrCat("signing is stopped: ", BeforeSource(now, rules_.not_before)));
  }
  if (step > rules_.max_step_forward) {
    return absl::UnavailableError(
        absl::StrCat("signing is stopped: the machine's clock was set forward by ", Whole(step),
                     " to ", Utc(now), ", beyond the ", Whole(rules_.max_step_forward),
                     " that are believed while running: it goes on by itself once a time daemon "
                     "has vouched for ",
                     "the clock for ", Whole(rules_.vouched_for),
                     "; without one, restart pitserd if the clock is right now, or set it back"));
  }
  latest_ = std::max(latest_, now);
  const absl::Time reached = head ? std::max(latest_, EndOf(*head)) : latest_;
  if (reached - now > rules_.max_behind) {
    return absl::UnavailableError(absl::StrCat(
        "signing is stopped: the machine's clock was set back by ", Whole(reached - now), " to ",
        Utc(now), "; it goes on at ", Utc(reached), ": set the clock right, or wait"));
  }
  return absl::OkStatus();
}

}  // namespace pitser::server
