#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// The hashes of documents, in their order, several at a time on as many threads as there are
// cores, with progress on the terminal: "hashing: 3 of 10 files", or what `progress` says of so
// many. Errors, of each: as HashDocument().
std::vector<absl::StatusOr<ledger::Imprint>> HashDocuments(
    const std::vector<std::string>& paths, ledger::HashAlgorithm algorithm, Console& console,
    const std::function<std::string(std::size_t done)>& progress = {});

}  // namespace pitser::cli
