#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// A line of a list of hashes: what `sha256sum` and its sisters write, and a little more.
struct HashLine {
  ledger::Imprint hash;
  std::string name;
};

// HASH, HASH  NAME or HASH *NAME, where HASH is one of
//   HEX              a digest of `algorithm`
//   HEX              an imprint: the algorithm's byte before the digest, so it says itself what it
//   is ALGORITHM:HEX    as everywhere else on the command line
// Without a name it is the digest in hex. A backslash before the hash says that \n, \r and \\ in
// the name stand for a new line, a carriage return and a backslash, as `sha256sum` does; only when
// `escapes` is set.
// Errors: exit code 4; the message does not say where the line is.
absl::StatusOr<HashLine> ParseHashLine(std::string_view line, ledger::HashAlgorithm algorithm,
                                       bool escapes);

}  // namespace pitser::cli
