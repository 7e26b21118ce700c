#include "server/aggregator/refusals.h"

#include "absl/strings/str_cat.h"
#include "base/retry_hint.h"

namespace pitser::server {

absl::Status ClockSetBack(absl::Duration retry_after) {
  return base::WithRetryAfter(
      absl::UnavailableError("the machine's clock was set back: signing waits for it"),
      retry_after);
}

absl::Status LevelTooHigh(ledger::Level level, ledger::Level max) {
  return base::WithLimit(
      absl::InvalidArgumentError(absl::StrCat("level ", level, " is above max_level ", max)),
      "max_level");
}

absl::Status ForCaller(const absl::Status& failure) {
  if (absl::IsFailedPrecondition(failure) || absl::IsAborted(failure)) {
    return base::WithRetryAfter(absl::UnavailableError(failure.message()), kRetryAfter);
  }
  return absl::IsUnavailable(failure) ? base::WithRetryAfter(failure, kRetryAfter) : failure;
}

}  // namespace pitser::server
