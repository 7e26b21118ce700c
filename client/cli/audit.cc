#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/audit_check.h"
#include "client/cli/audit_evidence.h"
#include "client/cli/audit_fork.h"
#include "client/cli/audit_report.h"
#include "client/cli/commands.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using client::AuditState;

// Where audits keep what they found out; empty where the user has no folder.
std::string StateFolder(const Environment& environment) {
  const std::string folder = UserFolder(environment, "XDG_STATE_HOME", ".local/state");
  return folder.empty() ? "" : folder + "/pitser";
}

// "audit-127.0.0.1_7380.state".
std::string StateName(const std::string& server) {
  std::string name = "audit-";
  for (char c : server) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-';
    name += plain ? c : '_';
  }
  return name + ".state";
}

// Where the state of one audit is kept; empty: nowhere.
std::string StatePath(const AuditOptions& options, const std::string& server,
                      const Surroundings& around) {
  if (options.no_state) return "";
  if (!options.state.empty()) return options.state;
  if (!options.leaves.empty()) return "";
  const std::string folder = StateFolder(around.environment);
  if (!folder.empty()) return folder + "/" + StateName(server);
  around.console.Note("HOME is not set: the place is kept nowhere; --state FILE names one");
  return "";
}

absl::StatusOr<std::optional<AuditState>> LoadState(const std::string& path) {
  if (path.empty() || !client::FileExists(path)) return std::nullopt;
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector content,
                          ReadInput(path, client::kMaxAuditStateSize));
  auto state = client::ParseAuditState(ledger::AsText(content));
  if (state.ok()) return std::optional<AuditState>(*std::move(state));
  return WithExitCode(InContext(state.status(), path), ExitCode::kMalformed);
}

// Writes a small file, making the folder that it goes to.
absl::Status Store(const std::string& path, std::string_view text, bool replace) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) {
    return Error(ExitCode::kLocalFile,
                 absl::StrFormat("cannot make '%s': %s", folder.string(), error.message()));
  }
  const absl::Status status = client::WriteFile(path, ledger::AsBytes(text), {.replace = replace});
  return status.ok() ? status : WithExitCode(status, ExitCode::kLocalFile);
}

absl::Status CheckOptions(const AuditOptions& options) {
  const bool from_file = !options.leaves.empty();
  if (options.servers.size() > 2) return Error(ExitCode::kUsage, "more than two servers");
  if (from_file && !options.servers.empty()) {
    return Error(ExitCode::kUsage, "--leaves and --server contradict each other");
  }
  if (from_file && (!options.since.empty() || !options.to.empty())) {
    return Error(ExitCode::kUsage, "--since and --to are for servers: a file is replayed whole");
  }
  if (!options.state.empty() && (options.no_state || options.servers.size() == 2)) {
    return Error(ExitCode::kUsage, options.no_state
                                       ? "--state and --no-state contradict each other"
                                       : "--state is the place of one server, and two are named");
  }
  if (!options.proof.empty() && options.servers.size() != 2) {
    return Error(ExitCode::kUsage, "--proof is for what two servers tell differently",
                 "name both by --server HOST:PORT --server HOST:PORT");
  }
  return absl::OkStatus();
}

absl::StatusOr<AuditRange> ParseRange(const AuditOptions& options) {
  AuditRange range;
  if (!options.since.empty()) {
    PITSER_ASSIGN_OR_RETURN(range.since, ParseSecond("--since", options.since));
  }
  if (!options.to.empty()) {
    PITSER_ASSIGN_OR_RETURN(range.to, ParseSecond("--to", options.to));
  }
  if (range.since && range.to && *range.to < *range.since) {
    return Error(ExitCode::kUsage, "--to is before --since");
  }
  return range;
}

// The servers that the options name; the one of the settings when they name none.
absl::StatusOr<std::vector<Reader>> ConnectAll(const AuditOptions& options,
                                               const Surroundings& around) {
  std::vector<Reader> readers;
  if (!options.leaves.empty()) return readers;
  std::vector<std::string> names = options.servers;
  if (names.empty()) names.push_back(around.settings.server);
  for (const std::string& name : names) {
    Settings settings = around.settings;
    settings.server = name;
    PITSER_ASSIGN_OR_RETURN(Reader reader, ConnectReader(settings));
    readers.push_back(std::move(reader));
  }
  return readers;
}

// Audits one, and keeps the place.
absl::Status AuditOne(const AuditOptions& options, const AuditRange& range, const Evidence& trust,
                      const Reader* reader, const Surroundings& around, AuditOutcome& outcome) {
  BroughtEvidence brought;
  PITSER_RETURN_IF_ERROR(BringEvidence(options, trust, reader, brought));
  const std::string path =
      StatePath(options, reader == nullptr ? options.leaves : reader->name(), around);
  PITSER_ASSIGN_OR_RETURN(const std::optional<AuditState> state, LoadState(path));
  PITSER_ASSIGN_OR_RETURN(AuditReport report,
                          reader == nullptr
                              ? AuditFile(options.leaves, brought.evidence, range, state, around)
                              : AuditServer(*reader, brought.evidence, range, state, around));
  if (report.state && !path.empty()) {
    PITSER_RETURN_IF_ERROR(Store(path, client::WriteAuditState(*report.state), true));
    outcome.states.push_back(path);
  }
  outcome.reports.push_back(std::move(report));
  return absl::OkStatus();
}

// Whether a report's recomputed root is what its server tells, so that chains lead to it.
bool CanBeCompared(const AuditReport& report) { return report.root.has_value() && !report.broken; }

absl::Status Compare(const AuditOptions& options, const std::vector<Reader>& readers,
                     const Surroundings& around, AuditOutcome& outcome) {
  const AuditReport& first = outcome.reports[0];
  const AuditReport& second = outcome.reports[1];
  if (!CanBeCompared(first) || !CanBeCompared(second)) return absl::OkStatus();
  const std::uint64_t now = around.Now();
  PITSER_ASSIGN_OR_RETURN(outcome.fork, FindFork(readers[0], first, readers[1], second, now));
  if (!outcome.fork) return absl::OkStatus();
  HaveItSigned(readers[0], readers[1], *outcome.fork);
  const std::string folder = StateFolder(around.environment);
  outcome.proof_path = !options.proof.empty()
                           ? options.proof
                           : absl::StrFormat("%s/fork-%d-%d.proof", folder.empty() ? "." : folder,
                                             outcome.fork->time, now);
  return Store(outcome.proof_path, client::WriteForkProof(*outcome.fork), options.proof.empty());
}

absl::StatusOr<AuditOutcome> RunAll(const AuditOptions& options, const Surroundings& around) {
  PITSER_RETURN_IF_ERROR(CheckOptions(options));
  PITSER_ASSIGN_OR_RETURN(const AuditRange range, ParseRange(options));
  if (!options.proof.empty()) {
    PITSER_RETURN_IF_ERROR(CheckDestination({.path = options.proof}, "", true, around.console));
  }
  PITSER_ASSIGN_OR_RETURN(const Evidence trust, LoadEvidence(options.trust, around));
  PITSER_ASSIGN_OR_RETURN(const std::vector<Reader> readers, ConnectAll(options, around));
  if (const std::string warning = trust.FirstUseWarning(); !warning.empty()) {
    around.console.Note(warning);
  }
  AuditOutcome outcome;
  if (readers.empty()) {
    PITSER_RETURN_IF_ERROR(AuditOne(options, range, trust, nullptr, around, outcome));
  }
  for (const Reader& reader : readers) {
    PITSER_RETURN_IF_ERROR(AuditOne(options, range, trust, &reader, around, outcome));
  }
  if (readers.size() == 2) PITSER_RETURN_IF_ERROR(Compare(options, readers, around, outcome));
  return outcome;
}

}  // namespace

ExitCode RunAudit(const AuditOptions& options, const Surroundings& around) {
  if (!options.check_proof.empty()) return RunCheckProof(options, around);
  Console& console = around.console;
  const auto outcome = RunAll(options, around);
  if (!outcome.ok()) {
    if (console.json()) {
      const std::string& name = !options.leaves.empty()   ? options.leaves
                                : options.servers.empty() ? around.settings.server
                                                          : options.servers.front();
      console.Result(ToLine(JsonError(kAuditSchema, "name", name, outcome.status())));
    }
    return console.Fail(outcome.status());
  }
  console.Result(console.json() ? AuditJson(*outcome) : AuditText(*outcome, console));
  return AuditExitCode(*outcome);
}

}  // namespace pitser::cli
