#pragma once

#include <array>
#include <cstdint>

#include "ledger/crypto/imprint.h"

namespace pitser::bench {

// The hashes that are signed: made from a seed and a number when they are sent, and made again when
// their signatures are verified, so that none need be kept. They are the hashes of nothing; making
// one must cost the generator next to nothing.
class NumberedHashes {
 public:
  static constexpr std::size_t kSize = 32;
  static constexpr ledger::HashAlgorithm kAlgorithm = ledger::HashAlgorithm::kSha256;

  explicit NumberedHashes(std::uint64_t seed) : seed_(Mix(seed)) {}

  // Writes the digest, without the algorithm's byte.
  void Digest(std::uint64_t number, std::uint8_t* out) const {
    for (std::uint64_t word = 0; word < 4; ++word) {
      const std::uint64_t value = Mix(seed_ ^ Mix(4 * number + word));
      for (int i = 0; i < 8; ++i) *out++ = static_cast<std::uint8_t>(value >> (8 * i));
    }
  }

  ledger::Imprint Imprint(std::uint64_t number) const {
    return ledger::Imprint::Make(kAlgorithm,
                                 [&](std::span<std::uint8_t> out) { Digest(number, out.data()); });
  }

 private:
  // Steele, Lea and Flood's splitmix64: one-to-one, and every bit depends on every bit.
  static std::uint64_t Mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  }

  const std::uint64_t seed_;
};

}  // namespace pitser::bench
