#pragma once

#include "absl/status/status.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/tlv.h"

// What the parser of signatures has in the parsers of its parts. Not for use outside this folder.
namespace pitser::ledger::internal {

// Whether a 0x804 element is well-formed; nobody uses what it says (spec/ksi-signature.md 3.11).
absl::Status CheckAggregationAuthenticationRecord(const Element& element);

// Parses into `chain`, where it is to stay: it has half a kilobyte. It is empty before; after an
// error it means nothing.   Errors: those of ParseAggregationHashChain().
absl::Status ReadAggregationHashChain(const Element& element, AggregationHashChain& chain);

}  // namespace pitser::ledger::internal
