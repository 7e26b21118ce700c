#pragma once

#include "client/cli/commands.h"

namespace pitser::cli {

// `pitser audit --check-proof FILE`: whether a fork's proof is one. Offline.
ExitCode RunCheckProof(const AuditOptions& options, const Surroundings& around);

}  // namespace pitser::cli
