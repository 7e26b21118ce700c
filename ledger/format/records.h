#pragma once

#include "absl/status/status.h"
#include "ledger/format/tlv.h"

// The records of a signature that have no header of their own. Not for use outside this folder.
namespace pitser::ledger::internal {

// Whether a 0x804 element is well-formed; nobody uses what it says (spec/ksi-signature.md 3.11).
absl::Status CheckAggregationAuthenticationRecord(const Element& element);

}  // namespace pitser::ledger::internal
