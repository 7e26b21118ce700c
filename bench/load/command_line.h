#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/options.h"

namespace pitser::bench {

// What was asked for instead of a command: --help or --version.
struct Information {
  std::string text;
};

using CommandLine = std::variant<Information, CommandOptions>;

// Parses the arguments after the program's name.
// Errors: kInvalidArgument, in one line: a usage error. kNotFound and the like when a file that is
// named cannot be read.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace pitser::bench
