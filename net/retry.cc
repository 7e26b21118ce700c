#include "net/retry.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
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
  return CallManyWithRetry(
             policy, 1, timeout, environment,
             [&](std::span<const std::size_t>, std::span<const absl::Duration> remaining) {
               return std::vector<Attempt>{call(remaining.front())};
             })
      .front();
}

std::vector<absl::Status> CallManyWithRetry(
    const RetryPolicy& policy, std::size_t count, absl::Duration timeout,
    const RetryEnvironment& environment,
    const std::function<std::vector<Attempt>(std::span<const std::size_t> which,
                                             std::span<const absl::Duration> remaining)>& call) {
  std::vector<absl::Status> results(count);
  std::vector<std::size_t> pending(count);
  std::iota(pending.begin(), pending.end(), std::size_t{0});
  std::vector<absl::Duration> remaining(count, timeout);  // Of those that are pending.
  for (int attempt = 1; !pending.empty(); ++attempt) {
    const absl::Duration begin = environment.monotonic();
    const std::vector<Attempt> outcomes = call(pending, remaining);
    const absl::Duration elapsed = environment.monotonic() - begin;
    std::vector<std::size_t> again;
    std::vector<absl::Duration> left;
    absl::Duration delay = absl::ZeroDuration();
    for (std::size_t k = 0; k < pending.size(); ++k) {
      const Attempt& outcome = outcomes[k];
      absl::Status& result = results[pending[k]];
      remaining[k] -= outcome.took.value_or(elapsed);
      const auto wait = outcome.status.ok() ? std::nullopt
                                            : DelayBeforeRetry(policy, attempt, outcome,
                                                               remaining[k], environment.random());
      if (wait) {
        again.push_back(pending[k]);
        left.push_back(remaining[k]);
        delay = std::max(delay, *wait);
      }
      result = wait || attempt == 1 ? outcome.status : MoreTelling(outcome.status, result);
    }
    pending = std::move(again);
    remaining = std::move(left);
    if (pending.empty()) break;
    const absl::Duration before = environment.monotonic();
    environment.sleep(delay);
    const absl::Duration slept = environment.monotonic() - before;
    for (absl::Duration& each : remaining) each -= slept;
  }
  return results;
}

}  // namespace pitser::net
