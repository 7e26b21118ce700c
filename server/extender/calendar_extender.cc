#include "server/extender/calendar_extender.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

absl::Status NotClosedYet(std::uint64_t t, std::optional<std::uint64_t> head) {
  if (!head) return absl::OutOfRangeError("the calendar is empty: no second was closed yet");
  return absl::OutOfRangeError(
      absl::StrCat("second ", t, " is not closed yet: the newest is ", *head));
}

}  // namespace

absl::Status CalendarExtender::Reach(std::uint64_t t) const {
  const std::optional<std::uint64_t> head = calendar_->head();
  if (head && t <= *head) return absl::OkStatus();
  if (options_.core == nullptr) return NotClosedYet(t, head);
  // Only when the second's round is over for sure: a caller must not wait for an open one.
  const auto now = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, absl::ToUnixSeconds(options_.clock->Now())));
  if (now < options_.round_seconds || t > now - options_.round_seconds) {
    return NotClosedYet(t, head);
  }
  return options_.core->AdvanceHead(t);
}

absl::StatusOr<ledger::CalendarHashChain> CalendarExtender::Chain(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const {
  if (publication_time && *publication_time < aggregation_time) {
    return absl::InvalidArgumentError(absl::StrCat("publication time ", *publication_time,
                                                   " is before the aggregation time ",
                                                   aggregation_time));
  }
  PITSER_RETURN_IF_ERROR(Reach(publication_time.value_or(aggregation_time)));
  const std::optional<std::uint64_t> head = calendar_->head();
  if (!head) return NotClosedYet(aggregation_time, head);
  return calendar_->Chain(aggregation_time, publication_time.value_or(*head));
}

}  // namespace pitser::server
