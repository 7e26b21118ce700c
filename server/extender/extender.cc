#include "server/extender/extender.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pitser::server {

absl::StatusOr<ledger::CalendarHashChain> Extender::Chain(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const {
  const std::optional<std::uint64_t> head = calendar_->head();
  if (!head) return absl::OutOfRangeError("the calendar is empty: no second was closed yet");
  if (publication_time && *publication_time < aggregation_time) {
    return absl::InvalidArgumentError(absl::StrCat("publication time ", *publication_time,
                                                   " is before the aggregation time ",
                                                   aggregation_time));
  }
  const std::uint64_t target = publication_time.value_or(*head);
  const std::uint64_t newest = std::max(aggregation_time, target);
  if (newest > *head) {
    return absl::OutOfRangeError(
        absl::StrCat("second ", newest, " is not closed yet: the newest is ", *head));
  }
  return calendar_->Chain(aggregation_time, target);
}

}  // namespace pitser::server
