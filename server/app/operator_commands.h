#pragma once

#include "base/exit_code.h"
#include "server/app/command_line.h"

namespace pitser::server {

// `pitserd publish`, `status`, `drain` and `account`: ask the running server of a data folder.
// What came of it goes to standard output, what went wrong to standard error.
// Precondition: the line's action is one of theirs.
// Exit codes: kRefused by the server; kUnreachable when none runs there or not in time; kLocalFile
// for a socket that is somebody else's; kBug when the server says that it is broken.
base::ExitCode RunOperatorCommand(const CommandLine& line);

}  // namespace pitser::server
