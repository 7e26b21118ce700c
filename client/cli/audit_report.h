#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/audit_run.h"
#include "client/cli/console.h"
#include "client/fork_proof.h"

namespace pitser::cli {

inline constexpr std::string_view kAuditSchema = "pitser.audit/1";

// What an audit of one or two ledgers found.
struct AuditOutcome {
  std::vector<AuditReport> reports;
  std::optional<client::ForkProof> fork;
  std::string proof_path;           // Where the fork's proof is.
  std::vector<std::string> states;  // Where the places to go on from are; empty: not kept.
};

// 1 when anything is proven wrong, 3 when anything that was to be judged could not be, or nothing
// was there to judge by, else 0.
ExitCode AuditExitCode(const AuditOutcome& outcome);

// One line that says it, then what it rests on.
std::string AuditText(const AuditOutcome& outcome, const Console& console);
std::string AuditJson(const AuditOutcome& outcome);

}  // namespace pitser::cli
