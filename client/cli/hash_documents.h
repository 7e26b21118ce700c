#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/file.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// What is done with a document: its hash, or why there is none. `progress` is for the reading of
// it. Thread: any number at once, each with another index.
using DocumentWork = std::function<absl::StatusOr<ledger::Imprint>(
    std::size_t index, const client::HashProgress& progress)>;

// Does it with each of `paths`, several at a time on as many threads as there are cores, and gives
// the results in their order. Progress on the terminal: "hashing: 3 of 10 files", or what
// `progress` says of so many, and how far a large file is.
std::vector<absl::StatusOr<ledger::Imprint>> WorkOnDocuments(
    const std::vector<std::string>& paths, const DocumentWork& work, Console& console,
    const std::function<std::string(std::size_t done)>& progress = {});

}  // namespace pitser::cli
