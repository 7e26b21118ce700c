#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"

namespace pitser::ledger::service {

// The signature, a complete 0x800 element, that an aggregator's answer to a request of `level`
// makes of its `parts` (AggregationResponses::Response::parts): the level, which the service leaves
// out, is put into the lowest chain, that of the longest index. Nothing else is looked at.
// Errors: kInvalidArgument.   Source: spec/ksi-protocol.md 3.4, spec/ksi-signature.md 8.3.
absl::StatusOr<ByteVector> AnsweredSignature(std::span<const ByteVector> parts, Level level);

}  // namespace pitser::ledger::service
