#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/crypto/hash_algorithm.h"

namespace pitser::ledger {

// Height of a node in a hash tree: 0 for a document hash. Not a number of bytes.
using Level = std::uint8_t;

// Copies a whole imprint, or anything else that often has the size of one of SHA-256: a copy of
// known size is a few instructions, any other a call.
inline void CopyImprint(std::uint8_t* to, Bytes bytes) {
  constexpr std::size_t kSha256Imprint = 1 + 32;
  if (bytes.size() == kSha256Imprint) {
    std::memcpy(to, bytes.data(), kSha256Imprint);
  } else if (!bytes.empty()) {
    std::memcpy(to, bytes.data(), bytes.size());
  }
}

// A digest of the right length, with the algorithm that made it: `id byte || digest`, 21 to 65
// bytes and always an odd number of them. Immutable, held inline, so cheap to copy and safe to
// share.   Source: spec/ksi-signature.md 1.3.
class Imprint {
 public:
  // Errors: kInvalidArgument unless `digest` has DigestSize(algorithm) bytes.
  static absl::StatusOr<Imprint> Create(HashAlgorithm algorithm, Bytes digest);

  // From its encoding, id byte first.
  // Errors: kInvalidArgument when empty, too short, too long or of an unregistered algorithm.
  static absl::StatusOr<Imprint> Parse(Bytes bytes);
  // Whether Parse() would take it.   Errors: the same.
  static absl::Status Check(Bytes bytes) {
    return IsImprint(bytes) ? absl::OkStatus() : WhatIsWrong(bytes);
  }
  static bool IsImprint(Bytes bytes) {
    if (bytes.empty() || bytes[0] >= internal::kDigestSizes.size()) return false;
    const std::size_t digest_size = internal::kDigestSizes[bytes[0]];
    return digest_size != 0 && bytes.size() == 1 + digest_size;
  }
  // Precondition: IsImprint(bytes).
  static Imprint Of(Bytes bytes) {
    PITSER_CHECK(IsImprint(bytes));
    Imprint imprint;
    CopyImprint(imprint.bytes_.data(), bytes);
    imprint.size_ = static_cast<std::uint8_t>(bytes.size());
    return imprint;
  }

  // From the form of a command line, `NAME:hex-of-digest`.
  // Errors: kInvalidArgument.
  static absl::StatusOr<Imprint> FromText(std::string_view text);

  // `id || 0...0`: the imprint of nothing, no preimage of which is known (spec 5.5: Z_0).
  static Imprint Zero(HashAlgorithm algorithm);

  // For hashing code: `fill` gets the DigestSize(algorithm) bytes to write.
  template <typename Fill>
  static Imprint Make(HashAlgorithm algorithm, Fill&& fill) {
    Imprint imprint = Zero(algorithm);
    fill(std::span<std::uint8_t>(imprint.bytes_).subspan(1, DigestSize(algorithm)));
    return imprint;
  }

  // The same, for another digest of its algorithm in the place of its own: no copy waits for what
  // was just written.
  template <typename Fill>
  void Remake(Fill&& fill) {
    fill(std::span<std::uint8_t>(bytes_).subspan(1, size_ - 1u));
  }

  HashAlgorithm algorithm() const { return static_cast<HashAlgorithm>(bytes_[0]); }
  Bytes bytes() const { return Bytes(bytes_).first(size_); }
  Bytes digest() const { return bytes().subspan(1); }

  // `NAME:hex-of-digest`, e.g. "SHA-256:2cf2...".
  std::string ToText() const;

  // All bytes, the id included.
  friend bool operator==(const Imprint& a, const Imprint& b) {
    return a.size_ == b.size_ && std::memcmp(a.bytes_.data(), b.bytes_.data(), a.size_) == 0;
  }

 private:
  Imprint() = default;

  static absl::Status WhatIsWrong(Bytes bytes);

  std::array<std::uint8_t, kMaxImprintSize> bytes_{};
  std::uint8_t size_ = 0;
};

// A node of a hash tree: its value and its height.
struct LeveledImprint {
  Imprint imprint;
  Level level;

  friend bool operator==(const LeveledImprint&, const LeveledImprint&) = default;
};

}  // namespace pitser::ledger
