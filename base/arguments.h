#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}  // namespace CLI

namespace pitser::base {

// How the programs read their arguments: CLI11, and what holds for all of them. `pitser help sign`,
// `version` and -V mean the flags; a slip of a name is told with what was probably meant.

// Makes an empty value of any flag and of any argument of the program, and of all its commands, an
// error: a variable of the shell that is not set must not mean "not given". Excepted are the flags
// of which `may_be_empty` is true ("--parent"). After all flags were added.
void RefuseEmptyValues(CLI::App& app,
                       const std::function<bool(std::string_view flag)>& may_be_empty);

// The arguments after the program's name, with flags in the place of `help` and `version`.
std::vector<std::string> PlainArguments(std::vector<std::string> arguments);

// Parses plain arguments into what the flags of `app` are bound to. Returns the help text if it was
// asked for.
// Errors: kInvalidArgument, in one line.
absl::StatusOr<std::optional<std::string>> ParseArguments(
    CLI::App& app, const std::vector<std::string>& arguments);

// "pitser trust fetch", as far as the parsed arguments were understood.
std::string CommandOf(const CLI::App& app);

}  // namespace pitser::base
