#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "base/standard_streams.h"
#include "client/cli/app.h"
#include "client/file.h"

namespace {

// Nothing half-written stays behind; everything called here is allowed in a signal handler.
void OnInterrupt(int /*signal*/) {
  pitser::client::RemoveUnfinishedFile();
  pitser::cli::Console::WipeProgressOfProcess();
  _exit(static_cast<int>(pitser::cli::ExitCode::kInterrupted));
}

}  // namespace

int main(int argc, char** argv) {
  using pitser::cli::Console;
  using pitser::cli::ExitCode;
  if (!pitser::base::StandardStreamsHeld()) return static_cast<int>(ExitCode::kLocalFile);
  std::signal(SIGINT, OnInterrupt);
  Console console = Console::System();
  try {
    ExitCode code = pitser::cli::RunApp(std::vector<std::string>(argv + 1, argv + argc),
                                        pitser::base::Variables::System(),
                                        pitser::base::Clock::System(), console);
    // A result that nobody got is no result: the disk behind standard output may be full.
    if (!std::cout.flush()) {
      code = pitser::cli::Worse(code, console.Fail(pitser::cli::Error(
                                          ExitCode::kLocalFile, "cannot write standard output")));
    }
    return static_cast<int>(code);
  } catch (const std::exception& error) {
    return static_cast<int>(console.Fail(absl::InternalError(error.what())));
  }
}
