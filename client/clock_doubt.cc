#include "client/clock_doubt.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace pitser::client {
namespace {

// The last second of the year 9999: later ones are told as numbers.
constexpr std::uint64_t kLastDate = 253'402'300'799;

std::string Text(std::uint64_t second) {
  if (second > kLastDate) return absl::StrFormat("second %d", second);
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(second)),
                          absl::UTCTimeZone());
}

std::string Distance(std::uint64_t seconds) {
  const std::uint64_t days = seconds / 86400;
  if (days >= 730) return absl::StrFormat("%d years", days / 365);
  return absl::StrFormat("%d day%s", days, days == 1 ? "" : "s");
}

absl::Status Check(std::string_view what, std::uint64_t second, std::uint64_t now) {
  const std::uint64_t difference = std::max(second, now) - std::min(second, now);
  const auto allowed = static_cast<std::uint64_t>(absl::ToInt64Seconds(kMaxClockDifference));
  if (difference <= allowed) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s %s is %s %s this machine's time, %s: the clock of the ledger or of this machine is wrong",
      what, Text(second), Distance(difference), second > now ? "after" : "before", Text(now)));
}

}  // namespace

absl::Status CheckSigningTime(std::uint64_t signing_time, std::uint64_t now) {
  return Check("the signature's time", signing_time, now);
}

absl::Status CheckCalendarHead(std::uint64_t head, std::uint64_t now) {
  return head <= now ? absl::OkStatus() : Check("the calendar's newest second", head, now);
}

}  // namespace pitser::client
