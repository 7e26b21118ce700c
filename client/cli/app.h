#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "client/cli/console.h"
#include "client/cli/exit_code.h"
#include "client/cli/settings.h"

namespace pitser::cli {

// The whole program, with its surroundings as arguments: parses, loads the settings, runs the
// command.
ExitCode RunApp(const std::vector<std::string>& arguments, const Environment& environment,
                const base::Clock& clock, Console& console);

}  // namespace pitser::cli
