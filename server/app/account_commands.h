#pragma once

#include <string>

#include "base/exit_code.h"
#include "server/app/command_line.h"

namespace pitser::server {

// `pitserd account ...`: asks the running server whose socket is in `run_dir`.
base::ExitCode RunAccountCommand(const std::string& run_dir, const AccountCommand& command,
                                 bool json);

}  // namespace pitser::server
