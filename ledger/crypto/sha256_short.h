#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ledger/base/bytes.h"

// SHA-256 of short messages by the processor's own instructions, without what OpenSSL's EVP costs
// around each hash: what a ledger hashes is 67 bytes, over and over. For ledger/crypto and its
// tests; everybody else calls hasher.h, which chooses.
namespace pitser::ledger::internal {

inline constexpr std::size_t kSha256Size = 32;
// Four blocks with their padding: what is longer gains nothing here.
inline constexpr std::size_t kMaxShortMessage = 4 * 64 - 9;

// Whether this processor has the instructions (x86-64: SHA, SSSE3, SSE4.1). Without them nothing
// below may be called.   Cost: none after the first call.
bool HasSha256Instructions();

// The hash of the joined parts, 32 bytes to `digest`. They are read before anything is written, so
// that a part may be an old digest.
// Shape: the parts have at most kMaxShortMessage bytes together.
void Sha256Short(std::span<const Bytes> parts, std::uint8_t* digest);

// Two of these at once, which takes a third longer than one. Shape: the same; `digests` are apart.
void Sha256ShortTwo(std::span<const Bytes> one, std::span<const Bytes> other,
                    std::uint8_t* digest_of_one, std::uint8_t* digest_of_other);

// Many messages of one size, each with its padding, one after the other: `blocks` blocks of
// kSha256Block bytes each. Digest i goes to digests + i * digest_stride; no overlap.
struct PaddedMessages {
  const std::uint8_t* bytes;
  std::size_t blocks;
  std::size_t count;
};
inline constexpr std::size_t kSha256Block = 64;
constexpr std::size_t Sha256PaddedBlocks(std::size_t size) {
  return (size + 9 + kSha256Block - 1) / kSha256Block;
}
// Writes what stands behind a message of `size` bytes in its Sha256PaddedBlocks(size) blocks.
void WriteSha256Padding(std::uint8_t* message, std::size_t size);

// By the fastest of the ways below that the processor has.
void Sha256Padded(const PaddedMessages& messages, std::uint8_t* digests, std::size_t digest_stride);
// Two at a time, because one alone leaves the processor waiting for itself.
void Sha256PaddedByTwo(const PaddedMessages& messages, std::uint8_t* digests,
                       std::size_t digest_stride);
// Sixteen at a time (sha256_wide.h); what is left over, or less than half of them, by two. Only
// where HasWideSha256().
void Sha256PaddedBySixteen(const PaddedMessages& messages, std::uint8_t* digests,
                           std::size_t digest_stride);
// Whether this processor has AVX-512 (F, BW) and the system saves its registers.
bool HasWideSha256();

}  // namespace pitser::ledger::internal
