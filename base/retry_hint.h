#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pitser::base {

// What a refusal says beside its code, for whoever asks again. It travels with the absl::Status (as
// payloads), over gRPC as the trailing metadata `pitser-limit` and `pitser-retry-after-ms`
// (proto/pitser/v1/pitser.proto).   Thread: pure functions.

// kResourceExhausted: `limit` is the limit's name as in Limits of the contract, e.g. "max_pending".
// Shape: the message is "<what> (limit <limit>)".
absl::Status LimitReached(std::string_view limit, std::string_view what,
                          absl::Duration retry_after);

// `status` with the shortest time to wait before asking again, rounded up to milliseconds.
// OK stays as it is.
absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after);
// `status` with the name of the limit that was reached. OK stays as it is.
absl::Status WithLimit(absl::Status status, std::string_view limit);

// What they put there; nothing (an empty name) when there is none.
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);
std::string LimitOf(const absl::Status& status);

}  // namespace pitser::base
