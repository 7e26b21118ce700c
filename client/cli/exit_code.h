#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/exit_code.h"

namespace pitser::cli {

// The table in docs/cli.md is ExitCodeTable() (a test compares them).
using base::ExitCode;

struct ExitCodeInfo {
  ExitCode code;
  std::string_view name;     // The `reason_code` of JSON where no verification rule decided.
  std::string_view result;   // The `result` of JSON.
  std::string_view meaning;  // For people.
};

// All of them, ascending.
std::span<const ExitCodeInfo> AllExitCodes();
const ExitCodeInfo& InfoOf(ExitCode code);

// The table of the documentation, in Markdown.
std::string ExitCodeTable();

// Of two inputs' codes the one that counts: the earlier of 130, 2, 1, 70, 4, 7, 6, 5, 3, 0.
ExitCode Worse(ExitCode a, ExitCode b);

// An error of the command line: a status that knows its exit code and may carry advice.
absl::Status Error(ExitCode code, std::string_view message, std::string_view hint = {});

// `status` with `context` and ": " in front; exit code and hint stay.
absl::Status InContext(const absl::Status& status, std::string_view context);
// `status` meaning `code`, whatever its own code would mean.
absl::Status WithExitCode(const absl::Status& status, ExitCode code);

// The exit code of a status: the one it carries, else by its code as in style.md 3.
ExitCode ExitCodeOf(const absl::Status& status);
// Its advice; empty when it has none.
std::string HintOf(const absl::Status& status);

}  // namespace pitser::cli
