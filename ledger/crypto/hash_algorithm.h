#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace pitser::ledger {

// A registered hash algorithm. The values are bytes of the format, stored and sent; they are never
// renumbered, and 0x03 and 0x06 are never given out.
// Source: spec/ksi-signature.md 1.1.
enum class HashAlgorithm : std::uint8_t {
  kSha1 = 0x00,
  kSha256 = 0x01,
  kRipemd160 = 0x02,
  kSha384 = 0x04,
  kSha512 = 0x05,
  kSha3_224 = 0x07,
  kSha3_256 = 0x08,
  kSha3_384 = 0x09,
  kSha3_512 = 0x0A,
  kSm3 = 0x0B,
};

inline constexpr std::size_t kMaxDigestSize = 64;
inline constexpr std::size_t kMaxImprintSize = 1 + kMaxDigestSize;

// All registered algorithms, by ascending id.
std::span<const HashAlgorithm> AllHashAlgorithms();

// The algorithm with this id, or nothing for ids that are reserved or unregistered.
std::optional<HashAlgorithm> HashAlgorithmFromId(std::uint64_t id);

// The algorithm of a name or alias; letter case is ignored and `_` counts as `-`.
// Errors: kInvalidArgument for an unknown name.   Source: spec 1.2.
absl::StatusOr<HashAlgorithm> HashAlgorithmFromName(std::string_view name);

// Canonical name, e.g. "SHA-256".
std::string_view HashAlgorithmName(HashAlgorithm algorithm);

namespace internal {
// Bytes of a digest by the id of its algorithm; 0 where none is registered. In the header, because
// every imprint that is read or made asks.
inline constexpr std::array<std::uint8_t, 16> kDigestSizes = {20, 32, 20, 0,  48, 64, 0, 28,
                                                              32, 48, 64, 32, 0,  0,  0, 0};
}  // namespace internal

// Bytes of a digest: even, at most kMaxDigestSize.
inline std::size_t DigestSize(HashAlgorithm algorithm) {
  return internal::kDigestSizes[static_cast<std::size_t>(algorithm)];
}

// Bytes of the block that HMAC pads a key to.
std::size_t BlockSize(HashAlgorithm algorithm);

// When algorithms stop being trusted. The dates are data, not code, so that tests can put in their
// own; everything that judges takes one of these by reference.
// Units: Unix seconds. The comparison is inclusive: a hash made at the very second of the date is
// already deprecated.   Thread: immutable once built, safe to share.   Source: spec 1.4.
class AlgorithmPolicy {
 public:
  struct Dates {
    std::optional<std::uint64_t> deprecated_since;
    std::optional<std::uint64_t> obsolete_since;
  };

  // The dates of the registry (spec 1.1): SHA-1 is deprecated since 2016-07-01.
  static const AlgorithmPolicy& Default();

  explicit AlgorithmPolicy(const std::map<HashAlgorithm, Dates>& dates) {
    for (const auto& [algorithm, its] : dates) dates_[static_cast<std::size_t>(algorithm)] = its;
  }

  // Deprecated or obsolete at `time`.
  bool DeprecatedAt(HashAlgorithm algorithm, std::uint64_t time) const {
    return Passed(DatesOf(algorithm).deprecated_since, time) || ObsoleteAt(algorithm, time);
  }
  bool ObsoleteAt(HashAlgorithm algorithm, std::uint64_t time) const {
    return Passed(DatesOf(algorithm).obsolete_since, time);
  }

  // Neither date is set, whatever the clock says: what new signatures may be made with.
  bool Trusted(HashAlgorithm algorithm) const {
    const Dates& dates = DatesOf(algorithm);
    return !dates.deprecated_since && !dates.obsolete_since;
  }

 private:
  static bool Passed(const std::optional<std::uint64_t>& date, std::uint64_t time) {
    return date.has_value() && time >= *date;
  }
  const Dates& DatesOf(HashAlgorithm algorithm) const {
    return dates_[static_cast<std::size_t>(algorithm)];
  }

  std::array<Dates, 16> dates_;  // By id; every link of a chain asks.
};

}  // namespace pitser::ledger
