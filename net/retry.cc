#include "net/retry.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>

namespace pitser::net {

bool IsRetryable(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
      return true;
    default:
      return false;
  }
}

std::optional<absl::Duration> DelayBeforeRetry(const RetryPolicy& policy, int attempt,
                                               const Attempt& outcome, absl::Duration remaining,
                                               double random) {
  if (!IsRetryable(outcome.status) || attempt >= policy.max_attempts) return std::nullopt;
  const double growth = std::pow(policy.multiplier, attempt - 1);
  absl::Duration delay = std::min(policy.initial_delay * growth, policy.max_delay);
  delay *= 1.0 + policy.jitter * (2.0 * random - 1.0);
  if (outcome.server_delay) delay = std::max(delay, *outcome.server_delay);
  if (delay >= remaining) return std::nullopt;
  return delay;
}

RetryEnvironment RetryEnvironment::System() {
  return {
      .monotonic =
          [] { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); },
      .sleep =
          [](absl::Duration duration) {
            std::this_thread::sleep_for(absl::ToChronoNanoseconds(duration));
          },
      .random =
          [] {
            thread_local std::minstd_rand engine{std::random_device{}()};
            return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
          },
  };
}

absl::Status MoreTelling(const absl::Status& last, const absl::Status& before) {
  return absl::IsDeadlineExceeded(last) && !before.ok() ? before : last;
}

absl::Status CallWithRetry(const RetryPolicy& policy, absl::Duration timeout,
                           const RetryEnvironment& environment,
                           const std::function<Attempt(absl::Duration remaining)>& call) {
  const absl::Duration end = environment.monotonic() + timeout;
  absl::Status before;
  for (int attempt = 1;; ++attempt) {
    const Attempt outcome = call(end - environment.monotonic());
    if (outcome.status.ok()) return outcome.status;
    const std::optional<absl::Duration> delay = DelayBeforeRetry(
        policy, attempt, outcome, end - environment.monotonic(), environment.random());
    if (!delay) return MoreTelling(outcome.status, before);
    before = outcome.status;
    environment.sleep(*delay);
  }
}

}  // namespace pitser::net
