#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/cli/audit_run.h"

namespace pitser::cli {

// What the options bring along: the publications file, codes, signatures. The publications file is
// the fetched one where there is one, else that of the trust folder.
struct BroughtEvidence {
  std::optional<ledger::PublicationsFile> fetched;
  AuditEvidence evidence;
};

// Collects and checks it; `reader` is null when there is no server to fetch the newest publications
// file from. The result points into `trust`.
// Errors: exit codes 2, 4, 5, 6 and 7.
absl::Status BringEvidence(const AuditOptions& options, const Evidence& trust, const Reader* reader,
                           BroughtEvidence& brought);

}  // namespace pitser::cli
