#include "ledger/base/time_text.h"

#include "absl/time/time.h"

namespace pitser::ledger {

std::string TimeText(std::uint64_t unix_seconds) {
  constexpr std::uint64_t kEndOfYear9999 = 253402300799;
  if (unix_seconds > kEndOfYear9999) return std::to_string(unix_seconds);
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(unix_seconds)),
                          absl::UTCTimeZone());
}

}  // namespace pitser::ledger
