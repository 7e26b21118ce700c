#pragma once

#include <cstddef>
#include <cstdint>

// SHA-256 of sixteen messages side by side, one in each lane of an AVX-512 register. Its source
// alone is compiled for that and includes nothing whose code others could come to share. Call it
// only where HasWideSha256().
namespace pitser::ledger::internal {

inline constexpr std::size_t kWideLanes = 16;

// Hashes kWideLanes messages of `count` whole blocks of 64 bytes each, padding included, from the
// initial value on. Message i begins at messages + i * count * 64; its digest goes to
// digests + i * digest_stride.
void Sha256BlocksOfSixteen(const std::uint8_t* messages, std::size_t count, std::uint8_t* digests,
                           std::size_t digest_stride);

}  // namespace pitser::ledger::internal
