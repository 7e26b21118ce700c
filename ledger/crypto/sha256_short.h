#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
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

// The hash of the joined parts, 32 bytes to `digest`.
// Shape: the parts have at most kMaxShortMessage bytes together, `digest` may not be part of them.
void Sha256Short(std::initializer_list<Bytes> parts, std::uint8_t* digest);

// Two of these at once, which takes a third longer than one. Shape: the same; `digests` are apart.
// Both messages are read before anything is written, so that a part may be an old digest.
void Sha256ShortTwo(std::span<const Bytes> one, std::span<const Bytes> other,
                    std::uint8_t* digest_of_one, std::uint8_t* digest_of_other);

// `count` messages of `size` bytes, one after the other; their digests likewise. Two are computed
// at a time, because one alone leaves the processor waiting for itself. Shape: `size` is at most
// kMaxShortMessage; no overlap.
void Sha256ShortMany(const std::uint8_t* messages, std::size_t count, std::size_t size,
                     std::uint8_t* digests);

}  // namespace pitser::ledger::internal
