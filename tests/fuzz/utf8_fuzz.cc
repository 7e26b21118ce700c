#include "ledger/base/check.h"
#include "ledger/base/utf8.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

void AppendUtf8(ledger::ByteVector& out, std::uint32_t c) {
  const auto tail = [&](unsigned shift) {
    out.push_back(static_cast<std::uint8_t>(0x80 | (c >> shift & 0x3F)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<std::uint8_t>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<std::uint8_t>(0xC0 | c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<std::uint8_t>(0xE0 | c >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<std::uint8_t>(0xF0 | c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// The slow reference: bytes are UTF-8 when they are what some characters are written as.
bool IsUtf8Slowly(ledger::Bytes bytes) {
  while (!bytes.empty()) {
    const std::uint8_t first = bytes[0];
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size > bytes.size()) return false;
    std::uint32_t c = size == 1 ? first : first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) c = c << 6 | (bytes[i] & 0x3FU);
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return false;
    ledger::ByteVector written;
    AppendUtf8(written, c);
    if (!ledger::Equal(written, bytes.first(size))) return false;
    bytes = bytes.subspan(size);
  }
  return true;
}

}  // namespace

PITSER_FUZZ_TARGET(utf8) { PITSER_CHECK(ledger::IsUtf8(input) == IsUtf8Slowly(input)); }

}  // namespace pitser::fuzz
