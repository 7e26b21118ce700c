#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"

namespace pitser::server {

// What all signatures below a root share: encoded once.
struct Seal {
  std::uint64_t aggregation_time = 0;
  // Complete elements: 0x801 of each layer above the root, lowest first; 0x802 and 0x805.
  ledger::ByteVector tail;
  std::vector<std::uint64_t>
      above;  // The index of the lowest 0x801 in `tail`; empty: there is none.
  std::vector<std::string> clients;  // The client ids in `tail`, highest layer first.
};

// Whom an aggregator sends the roots of its rounds to: the core in this process, or another
// ledger's aggregator.   Source: design.md 2.
// Thread: any.
class Parent {
 public:
  virtual ~Parent() = default;

  // Signs the root of round `t`, whose second is over. May take as long as a round of the parent's.
  // Errors: kUnavailable when signing is stopped, saying why; what the parent adds.
  virtual absl::StatusOr<Seal> Close(std::uint64_t t, const ledger::LeveledImprint& root) = 0;

  // The same of several roots of one round: one result for each. Only where max_root_level() is so
  // low that a round may need several trees.
  virtual std::vector<absl::StatusOr<Seal>> CloseMany(
      std::uint64_t t, std::span<const ledger::LeveledImprint> roots);

  // The highest root that Close() takes. May change while it runs.
  virtual ledger::Level max_root_level() const { return kMaxRootLevel; }

  // Whether the aggregation time is the parent's own, whatever `t` is: rounds that are due together
  // then go as one.
  virtual bool names_time() const { return false; }

  // Rounds from second `t` on may still be closed; the greatest value: none. Returns the first
  // second that may: `t`, or a later one.
  virtual std::uint64_t HoldFrom(std::uint64_t t) = 0;

  // OK while signing may go on, else why not and what to do: kUnavailable when requests are to be
  // refused; kResourceExhausted when the last try failed and the next is worth it.
  virtual absl::Status Health() const = 0;

  // While health says kResourceExhausted and no request comes: see whether it is over. Nothing from
  // second `held` on may be touched.
  virtual void TryAgain(std::uint64_t /*held*/) {}

  // Source: spec/ksi-signature.md 8.5.
  static constexpr ledger::Level kMaxRootLevel = 254;
};

// Whose fault an error is, for those whose protocol tells it apart: the parent answered with an
// error, or not in time. It travels with the absl::Status.   Thread: pure functions.
enum class ParentFault : std::uint8_t { kNone, kFailed, kTimedOut };
absl::Status WithParentFault(absl::Status status, ParentFault fault);
ParentFault ParentFaultOf(const absl::Status& status);

}  // namespace pitser::server
