#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ledger/crypto/certificate.h"
#include "server/core/clock_guard.h"
#include "server/core/parent.h"
#include "server/keys/key_set.h"
#include "storage/calendar.h"

namespace pitser::server {

// Agrees with whoever else may write the calendar that second `t` has this leaf. One process: the
// answer is always kDone. A cluster asks its agreement engine.
// Source: design.md 2, "the core's commit has three steps".
class Agreement {
 public:
  virtual ~Agreement() = default;
  enum class Answer { kDone, kLost, kUnknown };
  virtual Answer Commit(const storage::CalendarPreview& preview) = 0;
};
std::unique_ptr<Agreement> SingleProcessAgreement();

// Closes seconds: makes the leaf, has it committed, signs the calendar root. The only writer of the
// calendar, which itself keeps record of the newest second that may have been signed.
// Thread: any; writes are serialised in here.
class Core : public Parent {
 public:
  // Closes second `t` with the aggregation root as its leaf; its level is of no matter. When it
  // returns OK the leaf is on disk, and only then may the seal leave the process.
  // Errors: kUnavailable when signing is stopped (clock rules, expired certificate, disk full, `t`
  // not over yet), saying why; kFailedPrecondition if t <= head; kAborted when another core closed
  // the second; kDataLoss.
  absl::StatusOr<Seal> Close(std::uint64_t t, const ledger::LeveledImprint& root) override = 0;

  // Makes every second up to and including `t` final; OK at once if they are. On disk when it
  // returns OK. Nothing is signed, so no certificate is needed. Waits for the rounds of those
  // seconds that are being closed (HoldFrom()) and for a write that goes on, for each
  // CoreOptions::max_wait at most.
  // Errors: kOutOfRange if `t` is not over yet by the clock; kUnavailable while the clock rules
  // stop signing, after a lost agreement, and when the wait was too long (try again);
  // kResourceExhausted when the disk is full; kDataLoss.
  virtual absl::Status AdvanceHead(std::uint64_t t) = 0;

  // Until the next call, which takes this one's place, AdvanceHead() waits before it makes a second
  // from `t` on final. The aggregator moves it on after each round, and lets go while signing is
  // stopped; the greatest value lets go of everything. A later second is returned when `t` is final
  // already or about to be.
  std::uint64_t HoldFrom(std::uint64_t t) override = 0;

  // kUnavailable: clock, certificate, lost agreement. kResourceExhausted: the disk was full.
  absl::Status Health() const override = 0;

  // Whether the machine's clock is believed now; kUnavailable as ClockGuard::Check().
  virtual absl::Status CheckClock() const = 0;

  // Signs with this one from the next second on; its certificate stands in the publications file.
  // Errors: kFailedPrecondition when its key does not match.
  virtual absl::Status UseIdentity(Identity identity) = 0;

  void TryAgain(std::uint64_t held) override { AdvanceHead(held - 1).IgnoreError(); }
};

struct CoreOptions {
  ClockRules clock_rules;
  // Of time that really passes. A round is closed within a second after its end; longer are only
  // stuck disks.
  absl::Duration max_wait = absl::Seconds(5);
};

// What a core works with. The pointers are not owned and outlive it.
struct CoreParts {
  storage::Calendar* calendar;
  base::Clock* clock;
  Identity identity;  // RSA; its certificate stands in the publications file. Later: UseIdentity().
  std::unique_ptr<Agreement> agreement;
  // Whether what is written lies where the next start looks for it: asked with each second, and
  // after an error nothing is signed until a restart. Null: it does.   Thread: any.
  std::function<absl::Status()> in_place = nullptr;
};

// Errors: kFailedPrecondition when the clock must not be believed (ClockGuard::CheckStart) or the
// certificate is not valid now, saying what to do.
absl::StatusOr<std::unique_ptr<Core>> StartCore(const CoreOptions& options, CoreParts parts);

}  // namespace pitser::server
