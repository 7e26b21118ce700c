#pragma once

#include "base/clock.h"
#include "server/core/core.h"
#include "server/extender/extender.h"
#include "storage/calendar.h"

namespace pitser::server {

struct CalendarExtenderOptions {
  // Told to clients of the KSI service protocol, who extend nothing before it. The seconds before
  // the first start have no leaf and cost nothing, wherever this is.
  std::uint64_t first_second = 0;
  // Who closes seconds that are over and had no request, when somebody asks for them; null: nobody,
  // and they are out of range until something else closes them.
  Core* core = nullptr;
  const base::Clock* clock = nullptr;  // With `core`.
  std::uint64_t round_seconds = 1;     // Of the rounds that `core` closes seconds for.
};

// The extender of the calendar in this process.
class CalendarExtender final : public Extender {
 public:
  // All outlive it.
  explicit CalendarExtender(const storage::Calendar* calendar,
                            const CalendarExtenderOptions& options = {})
      : calendar_(calendar), options_(options) {}

  std::uint64_t first_second() const override { return options_.first_second; }
  std::optional<std::uint64_t> head() const override { return calendar_->head(); }
  absl::Status Reach(std::uint64_t t) const override;
  absl::StatusOr<ledger::CalendarHashChain> Chain(
      std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const override;

 private:
  const storage::Calendar* const calendar_;
  const CalendarExtenderOptions options_;
};

}  // namespace pitser::server
