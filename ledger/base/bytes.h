#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/string_view.h"

namespace pitser::ledger {

// How bytes travel: a view that owns nothing. Whoever hands one on says how long it lives.
using Bytes = std::span<const std::uint8_t>;

// Bytes that are owned.
using ByteVector = std::vector<std::uint8_t>;

inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline ByteVector ToVector(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

inline std::string ToString(Bytes bytes) { return std::string(AsText(bytes)); }

inline bool Equal(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

inline void Append(ByteVector& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Big-endian 64-bit integer, the `be64` of the spec (0.2).
inline void AppendBe64(ByteVector& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

// Reads the first eight bytes of `bytes`. Precondition: there are eight.
inline std::uint64_t ReadBe64(Bytes bytes) {
  std::uint64_t value = 0;
  for (std::uint8_t byte : bytes.first(8)) value = value << 8 | byte;
  return value;
}

// abseil's string_view is a class of its own in Debian: these are the door to it, both ways.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace pitser::ledger
