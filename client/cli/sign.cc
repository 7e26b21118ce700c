#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/service.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kSchema = "pitser.sign/1";

// One thing to sign. A job whose status is not OK is told and left out.
struct Job {
  std::string input;  // A file, "-", or a hash as it was given.
  Destination destination;
  std::optional<ledger::Imprint> hash;
  absl::Status status;
};

absl::Status Usage(std::string_view message) {
  return Error(ExitCode::kUsage, message, "pitser sign --help");
}

absl::Status CheckInputs(const SignOptions& options) {
  if (options.files.empty() == options.hash.empty()) {
    return Usage(options.files.empty() ? "a document or --hash is missing"
                                       : "--hash and documents do not go together");
  }
  if (!options.output.empty() && options.files.size() > 1) {
    return Usage("-o goes with a single document");
  }
  const std::set<std::string> unique(options.files.begin(), options.files.end());
  if (unique.size() != options.files.size()) return Usage("a document is named twice");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Job>> MakeJobs(const SignOptions& options, const Console& console) {
  PITSER_RETURN_IF_ERROR(CheckInputs(options));
  std::vector<Job> jobs;
  if (!options.hash.empty()) {
    Job& job = jobs.emplace_back();
    job.input = options.hash;
    PITSER_ASSIGN_OR_RETURN(job.hash, ParseHash(options.hash));
    PITSER_RETURN_IF_ERROR(CheckMaySign(job.hash->algorithm()));
  }
  for (const std::string& file : options.files) jobs.emplace_back().input = file;
  for (Job& job : jobs) {
    const bool has_name = options.hash.empty() && job.input != client::kStandardStream;
    job.destination.path = !options.output.empty() ? options.output
                           : has_name              ? job.input + std::string(kSignatureSuffix)
                                                   : std::string(client::kStandardStream);
    job.destination.replace = options.force;
    job.status = CheckDestination(job.destination, has_name ? job.input : "",
                                  !options.output.empty(), console);
    // A mistake in the command line is told before anything is done.
    if (ExitCodeOf(job.status) == ExitCode::kUsage) return job.status;
  }
  return jobs;
}

void HashAll(std::vector<Job>& jobs, ledger::HashAlgorithm algorithm, Console& console) {
  for (Job& job : jobs) {
    if (!job.status.ok() || job.hash) continue;
    auto hash = HashDocument(job.input, algorithm, console);
    if (hash.ok()) {
      job.hash = *hash;
    } else {
      job.status = hash.status();
    }
  }
}

void Tell(const Job& job, const ledger::Signature& signature, Console& console) {
  if (console.json()) {
    Json json = JsonHead(kSchema, ExitCode::kOk);
    json["file"] = job.input;
    json["signature"] = job.destination.path;
    json["input_hash"] = job.hash->ToText();
    json["signing_time"] = signature.signing_time();
    json["identities"] = JsonIdentities(signature.Identities());
    console.Result(ToLine(json));
    return;
  }
  const std::string text =
      absl::StrFormat("signed %s at %s, through %s", Printable(job.input),
                      FormatTime(signature.signing_time()), IdentityPath(signature.Identities()));
  if (job.destination.path == client::kStandardStream) {
    console.Note(text);
  } else {
    console.Result(absl::StrFormat("%s: %s", text, Printable(job.destination.path)));
  }
}

ExitCode FailJob(const Job& job, const absl::Status& status, Console& console) {
  if (console.json()) {
    console.Result(ToLine(JsonError(kSchema, "file", job.input, status)));
  }
  return console.Fail(status);
}

// An error that keeps all jobs from being signed: each has its object, people are told once.
ExitCode FailAll(const std::vector<Job>& jobs, const absl::Status& status, Console& console) {
  if (!console.json()) return console.Fail(status);
  for (const Job& job : jobs) FailJob(job, status, console);
  return ExitCodeOf(status);
}

// Signs the jobs that are in order and delivers. Returns the worst exit code of all.
ExitCode SignAll(std::vector<Job>& jobs, const Service& service, Console& console) {
  std::vector<client::SignInput> inputs;
  for (const Job& job : jobs) {
    if (job.status.ok()) inputs.push_back({.hash = *job.hash});
  }
  const auto signatures = service.client->SignMany(inputs);
  ExitCode worst = ExitCode::kOk;
  auto next = signatures.begin();
  for (Job& job : jobs) {
    if (!job.status.ok()) {
      worst = Worse(worst, FailJob(job, job.status, console));
      continue;
    }
    const absl::StatusOr<ledger::Signature>& signature = *next++;
    const absl::Status status = signature.ok()
                                    ? Deliver(job.destination, signature->bytes(), console)
                                    : service.Explain(signature.status());
    if (!status.ok()) {
      worst = Worse(worst, FailJob(job, status, console));
    } else {
      Tell(job, *signature, console);
    }
  }
  return worst;
}

}  // namespace

ExitCode RunSign(const SignOptions& options, const Surroundings& around) {
  Console& console = around.console;
  auto jobs = MakeJobs(options, console);
  if (!jobs.ok()) return console.Fail(jobs.status());
  const auto algorithm = ResolveAlgorithm(around.settings);
  if (!algorithm.ok()) return console.Fail(algorithm.status());
  const auto service = Connect(around.settings);
  if (!service.ok()) return FailAll(*jobs, service.status(), console);
  HashAll(*jobs, *algorithm, console);
  return SignAll(*jobs, *service, console);
}

}  // namespace pitser::cli
