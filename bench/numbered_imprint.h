#pragma once

#include <cstdint>

#include "ledger/crypto/hasher.h"

namespace pitser::bench {

// Imprints as different as the numbers that they are made of, the same in every run.
inline ledger::Imprint NumberedImprint(std::uint64_t number) {
  ledger::ByteVector bytes;
  ledger::AppendBe64(bytes, number);
  return *ledger::Hash(ledger::HashAlgorithm::kSha256, {bytes});
}

}  // namespace pitser::bench
