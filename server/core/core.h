#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"
#include "server/core/clock_guard.h"
#include "server/keys/key_set.h"
#include "storage/calendar.h"

namespace pitser::server {

// What all signatures of a second share: encoded once.
struct Seal {
  std::uint64_t aggregation_time;
  ledger::ByteVector tail;  // 0x802 and 0x805 elements, complete.
};

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
class Core {
 public:
  virtual ~Core() = default;

  // Closes second `t` with the aggregation root as its leaf. When it returns OK the leaf is on
  // disk, and only then may the seal leave the process.
  // Errors: kUnavailable when signing is stopped (clock rules, expired certificate, disk full, `t`
  // not over yet), saying why; kFailedPrecondition if t <= head; kAborted when another core closed
  // the second; kDataLoss.
  virtual absl::StatusOr<Seal> Close(std::uint64_t t, const ledger::Imprint& root) = 0;

  // Makes every second up to and including `t` final; OK at once if they are. On disk when it
  // returns OK. Waits for the rounds of those seconds that are being closed: see HoldFrom().
  // Errors: kOutOfRange if `t` is not over yet by the clock; kUnavailable while the clock rules
  // stop signing; kResourceExhausted when the disk is full.
  virtual absl::Status AdvanceHead(std::uint64_t t) = 0;

  // Rounds from second `t` on may still be closed: until the next call, which takes this one's
  // place, AdvanceHead() waits before it makes such a second final. The aggregator moves it on
  // after each round; the greatest value lets go of everything.
  // Returns the first second that is held: `t`, or a later one when `t` is final already or about
  // to be.
  virtual std::uint64_t HoldFrom(std::uint64_t t) = 0;

  // OK while signing may go on, else why not and what to do: kUnavailable when requests are to be
  // refused (clock, certificate, lost agreement); kResourceExhausted when the disk was full at the
  // last try and the next second tries again.
  virtual absl::Status Health() const = 0;
};

struct CoreOptions {
  ClockRules clock_rules;
};

// What a core works with. The pointers are not owned and outlive it.
struct CoreParts {
  storage::Calendar* calendar;
  base::Clock* clock;
  Identity identity;  // RSA; its certificate stands in the publications file.
  std::unique_ptr<Agreement> agreement;
};

// Errors: kFailedPrecondition when the clock must not be believed (ClockGuard::CheckStart) or the
// certificate is not valid now, saying what to do.
absl::StatusOr<std::unique_ptr<Core>> StartCore(const CoreOptions& options, CoreParts parts);

}  // namespace pitser::server
