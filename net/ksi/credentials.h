#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"

namespace pitser::net {

// What a client of the KSI service protocol shows.   Source: spec/ksi-protocol.md 7.
struct KsiCredentials {
  std::string login;
  ledger::ByteVector key;
  ledger::HashAlgorithm hmac = ledger::HashAlgorithm::kSha256;
};

// From the text of a file: a line `login NAME`, a line `key SECRET` and, if another hash than
// SHA-256 is wanted, a line `hmac NAME`. Blank lines and lines that begin with # count for nothing.
// Errors: kInvalidArgument, naming the line but nothing of what stands there.
absl::StatusOr<KsiCredentials> ParseKsiCredentials(std::string_view text);

// Such a file, which others must not be able to read.
// Errors: kFailedPrecondition when they can; the system's; those of ParseKsiCredentials().
absl::StatusOr<KsiCredentials> ReadKsiCredentials(const std::string& path);

}  // namespace pitser::net
