#pragma once

#include <string>
#include <vector>

#include "client/cli/exit_code.h"

namespace CLI {
class App;
}  // namespace CLI

namespace pitser::cli {

// The parts of a help text that CLI11 knows nothing about.
struct HelpParts {
  std::string usage;
  std::string paragraph;
  std::vector<ExitCode> exit_codes;
  std::vector<std::string> examples;  // Run by tests/e2e, so they must work.
};

// Gives a program or a command its help, in the order of style.md 6: usage, one paragraph, options,
// exit codes, examples.
void Describe(CLI::App& app, HelpParts parts);

}  // namespace pitser::cli
