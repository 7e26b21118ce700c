#pragma once

#include <string>

#include "base/exit_code.h"
#include "server/app/settings.h"

namespace pitser::server {

using base::ExitCode;

// What a command line asks for.
struct CommandLine {
  enum class Action {
    kServe,
    kPublish,
    kPrint,   // `text` to standard output, and done.
    kRefuse,  // `text` to standard error: the command line or the configuration is wrong.
  };
  Action action = Action::kServe;
  Settings settings;  // Flag before configuration file before default.
  std::string text;
  ExitCode exit_code = ExitCode::kOk;  // Of kPrint and kRefuse.
};

// Reads the command line and the configuration file that it names.
CommandLine ParseCommandLine(int argc, const char* const* argv);

}  // namespace pitser::server
