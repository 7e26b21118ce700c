#pragma once

#include "ledger/format/signature.h"

namespace pitser::testing {

// Everything that a signature says, written anew by our writers in our order. What no field holds
// (unknown elements, flags) is gone.
ledger::ByteVector RewriteSignature(const ledger::Signature& signature);

// The same for one element of a signature. Empty for an unknown one.
// Precondition: it is well-formed.
ledger::ByteVector RewriteElement(const ledger::Element& element);

}  // namespace pitser::testing
