#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pitser::net {

// How often and how patiently a call is repeated.
struct RetryPolicy {
  int max_attempts = 6;  // The first one included.
  absl::Duration initial_delay = absl::Milliseconds(100);
  absl::Duration max_delay = absl::Seconds(5);
  double multiplier = 2.0;
  // Each delay is moved by up to this part of it, either way, so that clients that were refused
  // together do not come back together.
  double jitter = 0.2;
};

// Whether repeating can help: the service was unreachable or starting (kUnavailable), full
// (kResourceExhausted), or another writer was faster (kAborted). Everything else would only be
// refused again, or - a passed deadline - has used up the time there was.
bool IsRetryable(const absl::Status& status);

// The outcome of one attempt.
struct Attempt {
  absl::Status status;
  std::optional<absl::Duration> server_delay;  // What the server asked to wait, if it did.
  // What it took of its call's time: all since the attempts were begun, if it does not say. One of
  // many that waited for its turn says less.
  std::optional<absl::Duration> took = std::nullopt;
};

// How long to wait before attempt `attempt` + 1, or nothing when that attempt should not be made.
// Shape:  `attempt` counts from 1; `random` is in [0, 1].
// The server's own delay is honoured when it is longer than ours; a wait that would outlast
// `remaining` is not begun.   Thread: pure function.
std::optional<absl::Duration> DelayBeforeRetry(const RetryPolicy& policy, int attempt,
                                               const Attempt& outcome, absl::Duration remaining,
                                               double random);

// What to tell of a call that was made again: its last outcome, unless time merely ran out while it
// had been refused before. Then the refusal, which says what is the matter.
absl::Status MoreTelling(const absl::Status& last, const absl::Status& before);

// Time and chance, as arguments: tests put in their own.
struct RetryEnvironment {
  std::function<absl::Duration()> monotonic;  // Never goes back.
  std::function<void(absl::Duration)> sleep;
  std::function<double()> random;  // In [0, 1].

  static RetryEnvironment System();
};

// Makes attempts until one is OK, is not retryable, or the policy or `timeout` says stop. `call`
// gets the time that is left of `timeout`, for its own deadline. Returns the last attempt's status,
// or the one before (MoreTelling()).
absl::Status CallWithRetry(const RetryPolicy& policy, absl::Duration timeout,
                           const RetryEnvironment& environment,
                           const std::function<Attempt(absl::Duration remaining)>& call);

// The same for `count` calls that are made together, each with attempts of its own. `call` gets the
// numbers of those that are to be made now, ascending from 0, with the time that each has left of
// `timeout`, and gives an outcome for each of them, in that order. What is repeated is repeated
// together, after the longest of the delays. Returns what CallWithRetry() would of each.
std::vector<absl::Status> CallManyWithRetry(
    const RetryPolicy& policy, std::size_t count, absl::Duration timeout,
    const RetryEnvironment& environment,
    const std::function<std::vector<Attempt>(std::span<const std::size_t> which,
                                             std::span<const absl::Duration> remaining)>& call);

}  // namespace pitser::net
