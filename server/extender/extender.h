#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ledger/format/calendar_chain.h"
#include "server/core/core.h"
#include "storage/calendar.h"

namespace pitser::server {

struct ExtenderOptions {
  // The calendar's first second, Unix seconds: what is before it is not extended. The seconds
  // before the first start have no leaf and cost nothing, wherever this is.
  std::uint64_t first_second = 0;
  // Who closes seconds that are over and had no request, when somebody asks for them; null: nobody,
  // and they are out of range until something else closes them.
  Core* core = nullptr;
  const base::Clock* clock = nullptr;  // With `core`.
  std::uint64_t round_seconds = 1;     // Of the rounds that `core` closes seconds for.
};

// Gives calendar hash chains. Decides nothing else.
// Thread: any number at once.
class Extender {
 public:
  // All outlive it.
  explicit Extender(const storage::Calendar* calendar, const ExtenderOptions& options = {})
      : calendar_(calendar), options_(options) {}

  std::uint64_t first_second() const { return options_.first_second; }
  // The newest closed second.
  std::optional<std::uint64_t> head() const { return calendar_->head(); }

  // Sees to it that second `t` is closed; may wait for the round of that second, and write.
  // Errors: kOutOfRange when it is not over yet (try later); those of Core::AdvanceHead().
  absl::Status Reach(std::uint64_t t) const;

  // From `aggregation_time` to `publication_time`, or to the head when none is given.
  // Errors: kInvalidArgument if the publication time is before the aggregation time; kOutOfRange
  // when either is beyond the head and cannot be reached (try later).
  absl::StatusOr<ledger::CalendarHashChain> Chain(
      std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const;

 private:
  const storage::Calendar* const calendar_;
  const ExtenderOptions options_;
};

}  // namespace pitser::server
