#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"

namespace pitser::ledger {

// Lower-case hex, two characters a byte.
std::string ToHex(Bytes bytes);

// The bytes of a hex text, upper or lower case.
// Errors: kInvalidArgument for an odd length or a character that is no hex digit.
absl::StatusOr<ByteVector> FromHex(std::string_view text);

}  // namespace pitser::ledger
