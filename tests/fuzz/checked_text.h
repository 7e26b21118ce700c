#pragma once

#include <string>
#include <string_view>

#include "ledger/base/check.h"
#include "ledger/crypto/hasher.h"

namespace pitser::fuzz {

// The text with the checksum that files of client/checked_text.h end with, so that mutations get
// behind it.
inline std::string WithChecksum(std::string_view text) {
  const auto hash = ledger::Hash(ledger::HashAlgorithm::kSha256, {ledger::AsBytes(text)});
  PITSER_CHECK(hash.ok());
  return std::string(text) + "checksum = " + hash->ToText() + "\n";
}

}  // namespace pitser::fuzz
