#pragma once

#include <string_view>

#include "ledger/base/bytes.h"

namespace pitser::ledger {

// Whether `bytes` are well-formed UTF-8 (RFC 3629): no over-long form, no surrogate, nothing above
// U+10FFFF. A zero byte is a character like any other here.
bool IsUtf8(Bytes bytes);

// Text without the mark (U+FEFF) that some editors put in front of it.
inline std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

// Whether text begins as UTF-16 does, which no file of ours is.
inline bool LooksLikeUtf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

}  // namespace pitser::ledger
