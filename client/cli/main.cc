#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "client/cli/app.h"
#include "client/file.h"

namespace {

// Nothing half-written stays behind; everything called here is allowed in a signal handler.
void OnInterrupt(int /*signal*/) {
  pitser::client::RemoveUnfinishedFile();
  _exit(static_cast<int>(pitser::cli::ExitCode::kInterrupted));
}

}  // namespace

int main(int argc, char** argv) {
  using pitser::cli::Console;
  std::signal(SIGINT, OnInterrupt);
  Console console = Console::System();
  try {
    return static_cast<int>(pitser::cli::RunApp(std::vector<std::string>(argv + 1, argv + argc),
                                                pitser::cli::SystemEnvironment(),
                                                pitser::base::Clock::System(), console));
  } catch (const std::exception& error) {
    return static_cast<int>(console.Fail(absl::InternalError(error.what())));
  }
}
