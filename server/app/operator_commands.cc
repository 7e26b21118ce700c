#include "server/app/operator_commands.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/format/publication.h"
#include "server/app/account_commands.h"
#include "server/app/control_client.h"
#include "server/app/operator_output.h"
#include "server/app/status_text.h"

namespace pitser::server {
namespace {

constexpr absl::Duration kPublishTimeout = absl::Seconds(60);
constexpr absl::Duration kTimeout = absl::Seconds(10);  // Of what waits for nothing.
constexpr absl::Duration kPollInterval = absl::Milliseconds(100);

ExitCode Publish(const std::string& run_dir) {
  const auto data = PublishThroughSocket(run_dir, kPublishTimeout);
  if (!data.ok()) return Refuse(data.status());
  return Say(absl::StrCat(Utc(data->time), " ", ledger::EncodePublicationCode(*data), "\n"));
}

// Waits until a server runs there and takes requests.
absl::StatusOr<control::v1::GetStatusResponse> AwaitServing(const std::string& run_dir,
                                                            absl::Duration timeout) {
  const absl::Time until = absl::Now() + timeout;
  while (true) {
    auto status = StatusThroughSocket(run_dir, kTimeout);
    const bool later = status.ok() ? !status->signing().serving()
                                   : absl::IsUnavailable(status.status()) ||
                                         absl::IsDeadlineExceeded(status.status());
    if (!later) return status;
    if (absl::Now() >= until) {
      return absl::DeadlineExceededError(absl::StrCat(
          "not serving after ", absl::FormatDuration(timeout), ": ",
          status.ok() ? absl::string_view(status->signing().reason()) : status.status().message()));
    }
    absl::SleepFor(kPollInterval);
  }
}

ExitCode Status(const CommandLine& line, const std::string& run_dir) {
  const auto status =
      line.wait ? AwaitServing(run_dir, line.timeout) : StatusThroughSocket(run_dir, kTimeout);
  if (!status.ok()) return Refuse(status.status());
  return Say(line.json ? StatusAsJson(*status) + "\n" : StatusAsText(*status));
}

// Waits until everything that was taken is answered.
ExitCode AwaitDrained(const std::string& run_dir, absl::Duration timeout) {
  const absl::Time until = absl::Now() + timeout;
  while (true) {
    const auto status = StatusThroughSocket(run_dir, kTimeout);
    if (!status.ok()) return Refuse(status.status());
    if (!status->signing().draining()) {
      return Refuse(ExitCode::kRefused, "the server takes requests again: somebody undid it");
    }
    const std::uint64_t pending = status->rounds().pending_requests();
    if (pending == 0) return Say("drained: nothing is pending\n");
    if (absl::Now() >= until) {
      return Refuse(ExitCode::kUnreachable,
                    absl::StrCat(pending, pending == 1 ? " request is" : " requests are",
                                 " still pending after ", absl::FormatDuration(timeout),
                                 "; no new ones are taken until pitserd drain --undo"));
    }
    absl::SleepFor(kPollInterval);
  }
}

ExitCode Drain(const std::string& run_dir, bool undo, absl::Duration timeout) {
  const auto pending = DrainThroughSocket(run_dir, undo, kTimeout);
  if (!pending.ok()) return Refuse(pending.status());
  if (undo) return Say("requests are taken again\n");
  return AwaitDrained(run_dir, timeout);
}

}  // namespace

ExitCode RunOperatorCommand(const CommandLine& line) {
  const std::string run_dir = line.settings.data + "/run";
  switch (line.action) {
    case CommandLine::Action::kPublish:
      return Publish(run_dir);
    case CommandLine::Action::kStatus:
      return Status(line, run_dir);
    case CommandLine::Action::kDrain:
      return Drain(run_dir, line.undo, line.timeout);
    case CommandLine::Action::kAccount:
      return RunAccountCommand(run_dir, line.account, line.json);
    default:
      return ExitCode::kBug;
  }
}

}  // namespace pitser::server
