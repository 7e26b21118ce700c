#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/format/calendar_chain.h"

namespace pitser::server {

// Gives calendar hash chains: of the calendar in this process (calendar_extender.h), or of the
// parent's.
// Thread: any number at once.
class Extender {
 public:
  virtual ~Extender() = default;

  // The calendar's first second: what is before it is not extended. Unix seconds, as head().
  virtual std::uint64_t first_second() const = 0;
  // The newest closed second that is known of.
  virtual std::optional<std::uint64_t> head() const = 0;

  // Sees to it that second `t` is closed; may wait for the round of that second, with the
  // limits of Core::AdvanceHead(), and write.
  // Errors: kOutOfRange when it is not over yet (try later); what closing adds.
  virtual absl::Status Reach(std::uint64_t t) const = 0;

  // From `aggregation_time` to `publication_time`, or to the head when none is given.
  // Errors: kInvalidArgument if the publication time is before the aggregation time; kNotFound if
  // the aggregation time is before the first second; kOutOfRange when either is beyond the head and
  // cannot be reached (try later); a parent's, with its fault (server/core/parent.h).
  virtual absl::StatusOr<ledger::CalendarHashChain> Chain(
      std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const = 0;
};

}  // namespace pitser::server
