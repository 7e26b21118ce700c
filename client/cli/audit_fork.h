#pragma once

#include <optional>

#include "client/cli/audit_run.h"
#include "client/fork_proof.h"

namespace pitser::cli {

// Looks for a second for which two audited servers tell different leaves: the first one, with the
// chains of both. Each chain is held against the root that the audit recomputed, so that no server
// can lead the search astray. Nothing when they agree on all seconds that both have.
// Preconditions: both reports have a recomputed root, which is what the server tells.
// Errors: exit codes 1, 3, 4, 5 and 6.
absl::StatusOr<std::optional<client::ForkProof>> FindFork(const Reader& a,
                                                          const AuditReport& a_report,
                                                          const Reader& b,
                                                          const AuditReport& b_report,
                                                          std::uint64_t now);

// Asks both nodes for a signature, so that the ledger's own key vouches for what each tells. A node
// that does not sign leaves its side as it is.
void HaveItSigned(const Reader& a, const Reader& b, client::ForkProof& proof);

}  // namespace pitser::cli
