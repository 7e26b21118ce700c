#include "server/app/run.h"

#include <csignal>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "base/log.h"
#include "base/variables.h"
#include "ledger/base/bytes.h"
#include "server/app/command_line.h"
#include "server/app/operator_commands.h"
#include "server/gateway/grpc/grpc_log.h"

namespace pitser::server {
namespace {

int Refuse(ExitCode code, absl::string_view why) {
  std::fprintf(stderr, "pitserd: %s\n", std::string(why).c_str());
  return static_cast<int>(code);
}

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal:
      return ExitCode::kBug;
    default:
      return ExitCode::kLocalFile;
  }
}

// The signals that end the server.
sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

int Serve(const Settings& settings, const Environment& environment) {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const auto level = base::ParseLogLevel(settings.log_level);
  if (!level.ok())
    return Refuse(ExitCode::kUsage, absl::StrCat("log_level: ", level.status().message()));
  base::SetLogLevel(*level);
  SendGrpcLogToOurs();

  const auto node = Node::Start(settings, environment);
  if (!node.ok()) return Refuse(ExitCodeOf(node.status()), node.status().message());
  const std::string faces = (*node)->Faces();
  base::LogInfo("started",
                {{"version", base::Version()}, {"data", settings.data}, {"faces", faces}});
  std::printf("pitserd ready %s\n", faces.c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  // A second signal ends the process at once, as if we had never asked for it.
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  base::LogInfo("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  (*node)->Stop();
  base::LogInfo("stopped");
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace

int RunPitserd(int argc, const char* const* argv, const Environment& environment) {
  const CommandLine line = ParseCommandLine(argc, argv, base::Variables::System());
  for (const std::string& hint : line.hints) {
    std::fprintf(stderr, "pitserd: hint: %s\n", hint.c_str());
  }
  switch (line.action) {
    case CommandLine::Action::kPrint:
      std::fputs(line.text.c_str(), stdout);
      return static_cast<int>(line.exit_code);
    case CommandLine::Action::kRefuse:
      return Refuse(line.exit_code, line.text);
    case CommandLine::Action::kPublish:
    case CommandLine::Action::kStatus:
    case CommandLine::Action::kDrain:
    case CommandLine::Action::kAccount:
      return static_cast<int>(RunOperatorCommand(line));
    case CommandLine::Action::kServe:
      return Serve(line.settings, environment);
  }
  return static_cast<int>(ExitCode::kBug);
}

}  // namespace pitser::server
