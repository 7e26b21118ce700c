#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/options.h"

namespace pitser::cli {

// A result that was asked for instead of a command: --help or --version.
struct Information {
  std::string text;
};

using CommandLine = std::variant<Information, CommandOptions>;

// Parses the arguments after the program's name.
// Errors: exit code 2, in one line, with the help to look at as hint.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace pitser::cli
