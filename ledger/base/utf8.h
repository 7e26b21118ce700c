#pragma once

#include "ledger/base/bytes.h"

namespace pitser::ledger {

// Whether `bytes` are well-formed UTF-8 (RFC 3629): no over-long form, no surrogate, nothing above
// U+10FFFF. A zero byte is a character like any other here.
bool IsUtf8(Bytes bytes);

}  // namespace pitser::ledger
