#include <unistd.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "base/standard_streams.h"
#include "bench/load/command_line.h"
#include "bench/load/run.h"
#include "client/cli/console.h"
#include "client/cli/exit_code.h"
#include "net/grpc_process.h"

namespace pitser::bench {
namespace {

using cli::ExitCode;

// The first Ctrl-C ends the sending, the second the waiting, the third everything: what is known
// until then is shown.
std::atomic<int> g_interrupts = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void OnInterrupt(int /*signal*/) {
  if (++g_interrupts > 2) _exit(static_cast<int>(ExitCode::kInterrupted));
}

ExitCode Run(const SignOptions& options, const Surroundings& around) {
  return RunSign(options, around);
}
ExitCode Run(const EmptyOptions& options, const Surroundings& around) {
  return RunEmpty(options, around);
}
ExitCode Run(const EmptyServerOptions& options, const Surroundings& around) {
  return RunEmptyServer(options, around);
}
ExitCode Run(const CompareOptions& options, const Surroundings& around) {
  return RunCompare(options, around);
}
ExitCode Run(const OverloadOptions& options, const Surroundings& around) {
  return RunOverload(options, around);
}

const OutputOptions& OutputOf(const SignOptions& options) { return options.output; }
const OutputOptions& OutputOf(const EmptyOptions& options) { return options.output; }
const OutputOptions& OutputOf(const CompareOptions& options) { return options.sign.output; }
const OutputOptions& OutputOf(const OverloadOptions& options) { return options.run.output; }
OutputOptions OutputOf(const EmptyServerOptions&) { return {}; }

ExitCode RunCommandLine(const std::vector<std::string>& arguments, cli::Console& console) {
  const auto parsed = ParseCommandLine(arguments);
  if (!parsed.ok()) return console.Fail(parsed.status());
  if (const auto* information = std::get_if<Information>(&*parsed)) {
    console.Result(information->text);
    return ExitCode::kOk;
  }
  return std::visit(
      [&](const auto& options) {
        console.SetJson(OutputOf(options).json);
        console.SetQuiet(OutputOf(options).quiet);
        std::signal(SIGINT, OnInterrupt);
        return Run(options, Surroundings{console, [] { return g_interrupts.load(); }});
      },
      std::get<CommandOptions>(*parsed));
}

}  // namespace
}  // namespace pitser::bench

int main(int argc, char** argv) {
  namespace cli = pitser::cli;
  if (!pitser::base::StandardStreamsHeld()) return static_cast<int>(cli::ExitCode::kLocalFile);
  pitser::net::PrepareGrpcProcess();
  cli::Console console = cli::Console::System("pitser-bench");
  try {
    cli::ExitCode code =
        pitser::bench::RunCommandLine(std::vector<std::string>(argv + 1, argv + argc), console);
    if (!std::cout.flush()) {
      code = cli::Worse(code, console.Fail(cli::Error(cli::ExitCode::kLocalFile,
                                                      "cannot write standard output")));
    }
    return static_cast<int>(code);
  } catch (const std::exception& error) {
    return static_cast<int>(console.Fail(absl::InternalError(error.what())));
  }
}
