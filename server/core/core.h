#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"
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
// calendar.
// Thread: any; writes are serialised in here.
class Core {
 public:
  virtual ~Core() = default;

  // Closes second `t` with the aggregation root as its leaf. When it returns OK the leaf is on
  // disk, and only then may the seal leave the process. Errors: kUnavailable when signing is
  // stopped (clock rules, expired certificate, disk full), saying why; kFailedPrecondition if t <=
  // head.
  virtual absl::StatusOr<Seal> Close(std::uint64_t t, const ledger::Imprint& root) = 0;

  // Makes every second up to and including `t` final. On disk when it returns OK.
  // Errors: kOutOfRange if `t` is not over yet by the clock; kResourceExhausted when the disk is
  // full.
  virtual absl::Status AdvanceHead(std::uint64_t t) = 0;

  // OK while signing may go on, else why not.
  virtual absl::Status Health() const = 0;
};

}  // namespace pitser::server
