#pragma once

#include "client/cli/commands.h"

namespace pitser::cli {

// `pitser sign --batch`: RunSign() of many documents by a tree of their own.
ExitCode RunSignBatch(const SignOptions& options, const Surroundings& around);

}  // namespace pitser::cli
