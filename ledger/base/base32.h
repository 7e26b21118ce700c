#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"

namespace pitser::ledger {

// RFC 4648 base32, alphabet A-Z 2-7, padded with `=` to a multiple of eight characters.
std::string EncodeBase32(Bytes bytes);

// The bytes of a base32 text. Letter case is ignored, padding may be missing, and up to seven bits
// that fill no byte are dropped.
// Errors: kInvalidArgument, naming the character, for anything outside the alphabet and for
// anything but `=` after the first `=`.
absl::StatusOr<ByteVector> DecodeBase32(std::string_view text);

}  // namespace pitser::ledger
