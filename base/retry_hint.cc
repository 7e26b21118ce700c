#include "base/retry_hint.h"

#include <cstdint>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/bytes.h"

namespace pitser::base {
namespace {

using ledger::ToAbsl;

constexpr std::string_view kLimitUrl = "pitser.limit";
constexpr std::string_view kRetryAfterUrl = "pitser.retry-after-ms";

}  // namespace

absl::Status LimitReached(std::string_view limit, std::string_view what,
                          absl::Duration retry_after) {
  const std::string message = absl::StrCat(ToAbsl(what), " (limit ", ToAbsl(limit), ")");
  return WithRetryAfter(WithLimit(absl::ResourceExhaustedError(message), limit), retry_after);
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration retry_after) {
  const std::int64_t ms = absl::ToInt64Milliseconds(absl::Ceil(retry_after, absl::Milliseconds(1)));
  status.SetPayload(ToAbsl(kRetryAfterUrl), absl::Cord(absl::StrCat(ms < 0 ? 0 : ms)));
  return status;
}

absl::Status WithLimit(absl::Status status, std::string_view limit) {
  status.SetPayload(ToAbsl(kLimitUrl), absl::Cord(ToAbsl(limit)));
  return status;
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const auto payload = status.GetPayload(ToAbsl(kRetryAfterUrl));
  std::int64_t ms = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &ms)) return std::nullopt;
  return absl::Milliseconds(ms);
}

std::string LimitOf(const absl::Status& status) {
  const auto payload = status.GetPayload(ToAbsl(kLimitUrl));
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace pitser::base
