#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/signature.h"
#include "ledger/verify/verifier.h"
#include "tests/support/testpack.h"

namespace pitser::testing {

// Stands in for the public extender where the pack has no answer of it: serves calendar hash chains
// that the pack's own signatures carry. Source: spec/ksi-signature.md 10.7.
class OfflineExtender {
 public:
  // Takes the calendar hash chain of the context's signature, if there is one, for what the real
  // calendar is: only when a key or a publication of the context vouches for it.
  void Learn(const ledger::VerificationContext& context);

  // Remembers a chain of the right shape for that second, whatever it leads to.
  void LearnShape(const ledger::Signature& signature);

  // From `time` to `publication_time`; nothing: to the latest that is known.
  // Errors: kNotFound when the pack does not have it.
  absl::StatusOr<ledger::CalendarHashChain> Real(
      std::uint64_t time, std::optional<std::uint64_t> publication_time) const;

  // A chain of that second in which another core has another leaf: the signature's own, or one of a
  // signature of the same second, that begins elsewhere.   Errors: kNotFound.
  absl::StatusOr<ledger::CalendarHashChain> Foreign(const ledger::Signature& signature) const;

 private:
  // By aggregation time and publication time.
  std::map<std::pair<std::uint64_t, std::uint64_t>, ledger::CalendarHashChain> real_;
  std::map<std::uint64_t, ledger::CalendarHashChain> shapes_;  // By aggregation time.
};

// The calendar hash chain in a row's extending response.   Source: spec 10.5.
// Errors: kUnavailable when the response has an error status or no chain; kInvalidArgument.
absl::StatusOr<ledger::CalendarHashChain> ReadExtenderResponse(const std::filesystem::path& path);

}  // namespace pitser::testing
