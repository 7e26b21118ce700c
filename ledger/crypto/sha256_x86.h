#pragma once

#include <cstddef>
#include <cstdint>

// The compression function of SHA-256 by the x86 SHA extensions. Its source alone is compiled for
// them and includes nothing whose code others could come to share. Call it only where
// HasSha256Instructions().
namespace pitser::ledger::internal {

// Hashes `count` whole blocks of 64 bytes, padding included, from the initial value on.
void Sha256Blocks(const std::uint8_t* blocks, std::size_t count, std::uint8_t* digest);

// The same for two messages of one length at once.
void Sha256BlocksOfTwo(const std::uint8_t* one, const std::uint8_t* other, std::size_t count,
                       std::uint8_t* digest_of_one, std::uint8_t* digest_of_other);

}  // namespace pitser::ledger::internal
