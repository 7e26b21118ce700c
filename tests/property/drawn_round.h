#pragma once

#include <optional>
#include <random>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"

namespace pitser::testing {

// Signatures of one round as a server may send them: parts, and the tail that they share. Drawn
// from all that the format has, and then, half of them, changed by somebody who means harm.
struct DrawnRound {
  struct Leaf {
    ledger::Imprint hash;
    ledger::Level level;
    ledger::ByteVector part;
  };
  std::vector<Leaf> leaves;  // At least two; all of their parts lead to the same node.
  ledger::ByteVector tail;
  // The document of the RFC 3161 record in the tail, which leads to the first leaf.
  std::optional<ledger::Imprint> converted;
};

DrawnRound DrawRound(std::mt19937& random);

// One of the elements that may stand in a signature, or a stranger to it; well-formed.
ledger::ByteVector DrawElement(std::mt19937& random);

}  // namespace pitser::testing
