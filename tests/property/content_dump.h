#pragma once

#include <string>

#include "ledger/format/signature.h"

namespace pitser::testing {

// What a signature says, as text, without the texts for people that decide nothing. With
// `key_signature`, also what the ledger's key signed: only the policies that look at it vouch for
// it.
std::string DumpOf(const ledger::Signature& signature, bool key_signature = true);
std::string DumpOf(const ledger::PublicationData& data);

}  // namespace pitser::testing
