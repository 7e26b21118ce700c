#include "server/app/run.h"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "base/last_words.h"
#include "base/line_writer.h"
#include "base/log.h"
#include "base/unicode.h"
#include "base/variables.h"
#include "ledger/base/bytes.h"
#include "server/app/command_line.h"
#include "server/app/descriptors.h"
#include "server/app/operator_commands.h"
#include "server/app/publications_command.h"
#include "server/app/signals.h"
#include "server/gateway/grpc/grpc_log.h"

namespace pitser::server {
namespace {

int Refuse(ExitCode code, absl::string_view why) {
  std::fprintf(stderr, "pitserd: %s\n", base::Printable(ledger::ToStd(why)).c_str());
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

// What a start ends with. Nobody may read there: it must end all the same.
int RefuseToServe(ExitCode code, absl::string_view why) {
  base::SayLastWords("pitserd: " + base::Printable(ledger::ToStd(why)));
  return static_cast<int>(code);
}

// Whoever waits for it reads it; whoever does not must not hold up the node.
void SayReady(const std::string& faces) {
  constexpr std::size_t kRoom = std::size_t{64} << 10;
  static auto* const out =  // Never destroyed: its reader may never come.
      new base::LineWriter(STDOUT_FILENO, kRoom, [](std::uint64_t) { return std::string(); });
  out->Write("pitserd ready " + faces + "\n");
}

// Of all that Node::Stop() waits for, one after the other.
absl::Duration LongestStop(const Settings& settings) {
  constexpr absl::Duration kForTheRest = absl::Seconds(60);
  const absl::Duration parent =
      settings.parent.empty() ? absl::ZeroDuration() : settings.parent_timeout;
  return kForTheRest + absl::Seconds(static_cast<std::int64_t>(settings.round_seconds)) +
         4 * settings.shutdown_timeout + 4 * parent;
}

// Nothing may be written any more where the folder lies, not even in good order: it is another
// process's by now, or nobody's. Who waits for an answer asks again, as after a crash.
void EndAtOnce(const absl::Status& why) {
  base::SayLastWords(std::string(absl::StrCat("pitserd: ", why.message())));
  _exit(static_cast<int>(ExitCode::kLocalFile));
}

int Serve(const Settings& settings, const Environment& environment) {
  Signals signals;
  base::SayLastWordsOnCrash("pitserd");
  const auto level = base::ParseLogLevel(settings.log_level);
  if (!level.ok())
    return RefuseToServe(ExitCode::kUsage, absl::StrCat("log_level: ", level.status().message()));
  base::SetLogLevel(*level);
  SendGrpcLogToOurs();

  if (const absl::Status raised = RaiseDescriptorLimit(DescriptorsNeeded(settings)); !raised.ok()) {
    return RefuseToServe(ExitCodeOf(raised), raised.message());
  }
  Environment watched = environment;
  if (watched.on_folder_lost == nullptr) watched.on_folder_lost = EndAtOnce;
  const auto node = Node::Start(settings, watched);
  if (!node.ok()) return RefuseToServe(ExitCodeOf(node.status()), node.status().message());
  const std::string faces = (*node)->Faces();
  base::LogInfo("started",
                {{"version", base::Version()}, {"data", settings.data}, {"faces", faces}});
  signals.Started();
  SayReady(faces);
  signals.Await(LongestStop(settings));
  (*node)->Stop();
  base::LogInfo("stopped");
  return static_cast<int>(ExitCode::kOk);
}

int Run(int argc, const char* const* argv, const Environment& environment) {
  const CommandLine line = ParseCommandLine(argc, argv, base::Variables::System());
  for (const std::string& hint : line.hints) {
    std::fprintf(stderr, "pitserd: hint: %s\n", base::Printable(hint).c_str());
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
    case CommandLine::Action::kRestorePublications: {
      const auto said = RestorePublications(line.settings, *environment.clock);
      if (!said.ok()) return Refuse(ExitCodeOf(said.status()), said.status().message());
      std::fputs(said->c_str(), stdout);
      return static_cast<int>(ExitCode::kOk);
    }
    case CommandLine::Action::kServe:
      return Serve(line.settings, environment);
  }
  return static_cast<int>(ExitCode::kBug);
}

}  // namespace

int RunPitserd(int argc, const char* const* argv, const Environment& environment) {
  try {  // The libraries' border: they throw, we do not.
    return Run(argc, argv, environment);
  } catch (const std::bad_alloc&) {
    return RefuseToServe(ExitCode::kLocalFile, "there is not enough memory");
  } catch (const std::system_error& error) {  // No more threads, say.
    return RefuseToServe(ExitCode::kLocalFile, error.what());
  } catch (const std::exception& error) {
    return RefuseToServe(ExitCode::kBug, error.what());
  }
}

}  // namespace pitser::server
