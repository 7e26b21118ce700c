#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"

namespace pitser::testing {

// Signatures of one round as SignBatch and SignStream send them: parts and the tail they share.
struct MadeBatch {
  ledger::ByteVector tail;
  std::vector<ledger::ByteVector> parts;  // One for each hash, in their order; of one: empty.
};

// A batch that was signed at `time`. Shape: at least one hash.
MadeBatch MakeBatch(std::span<const ledger::Imprint> hashes, std::uint64_t time);

}  // namespace pitser::testing
