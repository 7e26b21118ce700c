#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/exit_code.h"

// What commands for operators print, and end with. For those commands only.
namespace pitser::server {

// To standard error, with the program's name.
base::ExitCode Refuse(base::ExitCode code, absl::string_view why);
// The same for what the server, or the way to it, ended with.
base::ExitCode Refuse(const absl::Status& status);

// To standard output.
base::ExitCode Say(const std::string& text);

}  // namespace pitser::server
