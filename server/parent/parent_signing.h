#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/ticker.h"
#include "net/ksi/client.h"
#include "server/core/parent.h"

namespace pitser::server {

struct ParentSigningOptions {
  net::KsiClientOptions aggregator;
  absl::Duration timeout = absl::Seconds(10);  // For a round, with all repetitions.
  // The highest tree that it takes, where its configuration does not tell less.
  ledger::Level max_level = 17;
  // Told each second that it signed, before a signature of it leaves: its calendar reaches there.
  // Must not block.
  std::function<void(std::uint64_t)> on_signed = nullptr;
};

// Another ledger's aggregator as the parent, by the KSI service protocol. What it answers is
// checked to be a signature of the root that was sent before anything is built upon it.
// Logs: parent_unreachable, parent_reachable, parent_max_level.
// Thread: any.
class ParentSigning final : public Parent {
 public:
  // Asks the parent for its configuration once, and from then on regularly, at once again while it
  // is not reached. `clock` outlives this.
  ParentSigning(const ParentSigningOptions& options, base::Clock* clock);

  // Errors: kUnavailable, with the parent's fault.
  absl::StatusOr<Seal> Close(std::uint64_t t, const ledger::LeveledImprint& root) override;
  std::vector<absl::StatusOr<Seal>> CloseMany(
      std::uint64_t t, std::span<const ledger::LeveledImprint> roots) override;
  ledger::Level max_root_level() const override { return max_level_; }
  bool names_time() const override { return true; }
  std::uint64_t HoldFrom(std::uint64_t t) override { return t; }
  // kUnavailable while the parent is not reached.
  absl::Status Health() const override PITSER_EXCLUDES(mu_);

  // The newest second that it signed for us.
  std::optional<std::uint64_t> last_signed() const PITSER_EXCLUDES(mu_);

 private:
  void Probe();
  void Tick();
  // Takes down whether the parent was reached; gives what callers are told.
  absl::Status Noted(const absl::Status& status) PITSER_EXCLUDES(mu_);
  absl::StatusOr<Seal> Take(const absl::StatusOr<net::KsiSignature>& answer,
                            const ledger::LeveledImprint& root);

  const ParentSigningOptions options_;
  base::Clock* const clock_;
  net::KsiClient client_;
  std::atomic<ledger::Level> max_level_;

  mutable base::Mutex mu_;  // Leaf lock.
  absl::Status health_ PITSER_GUARDED_BY(mu_);
  std::optional<std::uint64_t> last_signed_ PITSER_GUARDED_BY(mu_);
  absl::Duration probed_;  // Monotonic. The ticker's.

  std::optional<base::Ticker> ticker_;
};

}  // namespace pitser::server
