#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "ledger/format/calendar_chain.h"
#include "storage/calendar.h"

namespace pitser::server {

// Gives calendar hash chains. Decides nothing else.
// Thread: any number at once.
class Extender {
 public:
  explicit Extender(const storage::Calendar* calendar) : calendar_(calendar) {}

  // From `aggregation_time` to `publication_time`, or to the head when none is given.
  // Errors: kInvalidArgument if the publication time is before the aggregation time; kOutOfRange
  // when either is beyond the head (try later).
  absl::StatusOr<ledger::CalendarHashChain> Chain(
      std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const;

 private:
  const storage::Calendar* const calendar_;
};

}  // namespace pitser::server
