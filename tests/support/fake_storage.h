#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "storage/calendar.h"
#include "tests/support/memory_calendar.h"

namespace pitser::testing {

// A calendar in memory behind storage's interface, whose writes can be made to fail. Unlike the
// real one it is built with the sanitizers.
// Thread: any.
class FakeStorage final : public storage::Calendar {
 public:
  // What writes return from now on, without writing anything; OK: they succeed.
  void FailWrites(const absl::Status& status);
  // Called at the start of every Apply(), under no lock: may block it.
  void OnApply(std::function<void()> hook);

  std::optional<std::uint64_t> head() const override;
  absl::StatusOr<ledger::Imprint> Node(unsigned level, std::uint64_t index) const override;
  absl::StatusOr<storage::CalendarPreview> Preview(std::uint64_t t,
                                                   const ledger::Imprint& leaf) const override;
  absl::Status Apply(const storage::CalendarPreview& preview) override;
  absl::Status AdvanceHead(std::uint64_t t) override;
  absl::StatusOr<std::optional<ledger::Imprint>> Leaf(std::uint64_t t) const override;
  absl::Status VisitLeaves(
      std::uint64_t first, std::uint64_t last,
      const std::function<bool(std::uint64_t, const ledger::Imprint&)>& visit) const override;
  absl::StatusOr<ledger::Imprint> Root(std::uint64_t publication_time) const override;
  absl::StatusOr<ledger::CalendarHashChain> Chain(std::uint64_t t,
                                                  std::uint64_t publication_time) const override;
  absl::Status BulkLoad(
      const std::function<std::optional<std::pair<std::uint64_t, ledger::Imprint>>()>& next,
      std::uint64_t head) override;

 private:
  absl::Status CheckClosed(std::uint64_t t) const PITSER_REQUIRES(mu_);

  mutable base::Mutex mu_;
  MemoryCalendar nodes_ PITSER_GUARDED_BY(mu_);
  std::map<std::uint64_t, ledger::Imprint> leaves_ PITSER_GUARDED_BY(mu_);
  absl::Status write_status_ PITSER_GUARDED_BY(mu_);
  std::function<void()> on_apply_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::testing
