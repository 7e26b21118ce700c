#include "server/extender/extender.h"

#include "absl/strings/str_cat.h"

namespace pitser::server {

absl::StatusOr<ledger::CalendarHashChain> Extender::Chain(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const {
  const std::optional<std::uint64_t> head = calendar_->head();
  if (!head) return absl::OutOfRangeError("the calendar is empty: no second was closed yet");
  const std::uint64_t target = publication_time.value_or(*head);
  if (target < aggregation_time) {
    return absl::InvalidArgumentError(absl::StrCat(
        "publication time ", target, " is before the aggregation time ", aggregation_time));
  }
  for (const std::uint64_t time : {aggregation_time, target}) {
    if (time > *head) {
      return absl::OutOfRangeError(
          absl::StrCat("second ", time, " is not closed yet: the newest is ", *head));
    }
  }
  return calendar_->Chain(aggregation_time, target);
}

}  // namespace pitser::server
