#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "ledger/crypto/imprint.h"

// Documents that are themselves what a node of a hash tree is the hash of: see
// ledger/format/node_encoding.h for why a verdict about one says so.
namespace pitser::cli {

struct HashedDocument {
  ledger::Imprint hash;
  bool is_node;
};

// Looks whether the document that was hashed is one; not at standard input, which is read already.
absl::StatusOr<HashedDocument> LookedAt(const std::string& path,
                                        absl::StatusOr<ledger::Imprint> hash);

// The same as HashDocument() and LookedAt() for what can be read only once.
absl::StatusOr<HashedDocument> HashStandardInput(ledger::HashAlgorithm algorithm, Console& console);

// What a verdict then says besides.
inline constexpr std::string_view kNodeMessage =
    "this document is itself a node of a hash tree, two hashes or a hash and a name: whoever has a "
    "signature from below or beside it can make this one without asking the ledger, so nobody need "
    "have submitted it (docs/trust.md)";

}  // namespace pitser::cli
