#pragma once

#include <optional>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/ticker.h"
#include "net/ksi/client.h"
#include "server/extender/extender.h"

namespace pitser::server {

struct ParentExtenderOptions {
  net::KsiClientOptions extender;
  absl::Duration timeout = absl::Seconds(10);
};

// Another ledger's extender, by the KSI service protocol. What it answers is checked to be a chain
// between the seconds that were asked for.
// Thread: any number at once; each call waits for the parent.
class ParentExtender final : public Extender {
 public:
  // Asks the parent for its calendar's bounds, and regularly again. `clock` outlives this.
  ParentExtender(const ParentExtenderOptions& options, base::Clock* clock);

  std::uint64_t first_second() const override PITSER_EXCLUDES(mu_);
  std::optional<std::uint64_t> head() const override PITSER_EXCLUDES(mu_);
  // The parent's calendar is known to reach second `t`.
  void NoteHead(std::uint64_t t) const PITSER_EXCLUDES(mu_);
  // The parent is asked when the chain is.
  absl::Status Reach(std::uint64_t) const override { return absl::OkStatus(); }
  absl::StatusOr<ledger::CalendarHashChain> Chain(
      std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time) const override;

 private:
  void Refresh();
  absl::Status ErrorOf(const absl::Status& status) const;

  const ParentExtenderOptions options_;
  mutable net::KsiClient client_;
  mutable base::Mutex mu_;  // Leaf lock.
  std::uint64_t first_second_ PITSER_GUARDED_BY(mu_) = 0;
  mutable std::optional<std::uint64_t> head_ PITSER_GUARDED_BY(mu_);
  std::optional<base::Ticker> ticker_;
};

}  // namespace pitser::server
