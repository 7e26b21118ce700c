#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/named_files.h"
#include "client/cli/rate_progress.h"
#include "client/cli/service.h"
#include "client/cli/sign_batch.h"
#include "client/cli/sign_jobs.h"
#include "client/cli/signature_beside.h"
#include "client/cli/signing.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kSchema = "pitser.sign/1";

// Documents that are hashed, signed and told of together: memory does not depend on how many there
// are.
constexpr std::size_t kGroup = 10'000;

absl::Status Usage(std::string_view message) {
  return Error(ExitCode::kUsage, message, "pitser sign --help");
}

absl::Status CheckInputs(const SignOptions& options) {
  const int kinds = (options.files.empty() ? 0 : 1) + (options.files_from.empty() ? 0 : 1) +
                    (options.hash.empty() ? 0 : 1);
  if (kinds == 0) return Usage("a document, --files-from or --hash is missing");
  if (kinds > 1) return Usage("documents, --files-from and --hash do not go together");
  if (options.null_separated && options.files_from.empty()) {
    return Usage("-0 goes with --files-from, or with --batch and --hashes");
  }
  if (options.recursive && !options.hash.empty()) return Usage("-r goes with files");
  if (!options.output.empty() &&
      (options.files.size() > 1 || !options.files_from.empty() || options.recursive)) {
    return Usage("-o goes with a single document");
  }
  const std::set<std::string> unique(options.files.begin(), options.files.end());
  if (unique.size() != options.files.size()) return Usage("a document is named twice");
  return absl::OkStatus();
}

// Signs what the command line, a list or folders name, group after group.
class SignRun {
 public:
  SignRun(const SignOptions& options, const Surroundings& around, const Service& service,
          ledger::HashAlgorithm algorithm, NamedFiles& names)
      : options_(options),
        console_(around.console),
        algorithm_(algorithm),
        names_(names),
        signing_(service, options, names.many(), around),
        progress_("signing", names.Total(), console_, around.clock) {}

  ExitCode Run() {
    absl::Status status;
    while (status.ok()) {
      auto group = names_.Next(kGroup);
      status = group.status();
      if (!group.ok() || group->empty()) break;
      SignGroup(*std::move(group));
    }
    ExitCode code = status.ok() ? ExitCode::kOk : console_.Fail(status);
    signing_.End();
    TellSignaturesPassedOver(passed_over_, console_);
    if (passed_over_ > 0 && documents_ == 0 && status.ok()) code = console_.Fail(OnlySignatures());
    return Worse(code, signing_.worst());
  }

 private:
  void SignGroup(std::vector<NamedFile> files) {
    if (!options_.sign_signatures) {
      passed_over_ += std::erase_if(files, [this](const NamedFile& file) {
        const bool is_signature = IsSignatureName(file.path);
        if (is_signature && console_.json()) TellPassedOver(file.path);
        return is_signature;
      });
    }
    std::vector<SignJob> jobs;
    jobs.reserve(files.size());
    for (const NamedFile& file : files) {
      jobs.push_back(MakeSignJob(file, options_, console_));
      absl::Status& status = jobs.back().status;
      // A list is no command line, and the names before this one are signed already.
      if (ExitCodeOf(status) == ExitCode::kUsage)
        status = WithExitCode(status, ExitCode::kLocalFile);
    }
    progress_.SetTotal(names_.Total());
    if (!signing_.stopped()) {
      HashSignJobs(jobs, options_, algorithm_, console_,
                   [this](std::size_t done) { return progress_.Text(documents_ + done); });
    }
    signing_.Sign(jobs);
    documents_ += jobs.size();
  }

  void TellPassedOver(const std::string& name) {
    Json json = JsonHead(kSchema, ExitCode::kOk);
    json["file"] = name;
    json["passed_over"] = "is a signature";
    console_.Result(ToLine(json));
  }

  const SignOptions& options_;
  Console& console_;
  const ledger::HashAlgorithm algorithm_;
  NamedFiles& names_;
  Signing signing_;
  RateProgress progress_;
  std::size_t documents_ = 0;
  std::size_t passed_over_ = 0;  // Signatures.
};

// A mistake in the command line is told before anything is done.
absl::Status CheckDestinations(const SignOptions& options, const Console& console) {
  for (const std::string& file : options.files) {
    const SignJob job = MakeSignJob({.path = file}, options, console);
    if (ExitCodeOf(job.status) == ExitCode::kUsage) return job.status;
  }
  return absl::OkStatus();
}

// An error that keeps everything from being signed: what the command line names has its object
// each, people are told once.
ExitCode FailAll(const SignOptions& options, const absl::Status& status, Console& console) {
  if (console.json()) {
    std::vector<std::string> inputs = options.files;
    if (!options.hash.empty()) inputs.push_back(options.hash);
    for (const std::string& input : inputs) {
      console.Result(ToLine(JsonError(kSchema, "file", input, status)));
    }
  }
  return console.Fail(status);
}

ExitCode SignHash(const SignOptions& options, const Surroundings& around) {
  Console& console = around.console;
  auto job = MakeHashJob(options, console);
  if (!job.ok()) return console.Fail(job.status());
  if (ExitCodeOf(job->status) == ExitCode::kUsage) return console.Fail(job->status);
  const auto service = Connect(around.settings);
  if (!service.ok()) return FailAll(options, service.status(), console);
  std::vector<SignJob> jobs;
  jobs.push_back(*std::move(job));
  Signing signing(*service, options, /*many=*/false, around);
  signing.Sign(jobs);
  signing.End();
  return signing.worst();
}

}  // namespace

ExitCode RunSign(const SignOptions& options, const Surroundings& around) {
  if (options.batch) return RunSignBatch(options, around);
  Console& console = around.console;
  const absl::Status inputs = CheckInputs(options);
  if (!inputs.ok()) return console.Fail(inputs);
  if (!options.hash.empty()) return SignHash(options, around);
  const absl::Status destinations = CheckDestinations(options, console);
  if (!destinations.ok()) return console.Fail(destinations);
  const auto algorithm = ResolveAlgorithm(around.settings);
  if (!algorithm.ok()) return console.Fail(algorithm.status());
  const auto names = NamedFiles::Open({.files = options.files,
                                       .list = options.files_from,
                                       .null_separated = options.null_separated,
                                       .recursive = options.recursive});
  if (!names.ok()) return console.Fail(names.status());
  const auto service = Connect(around.settings);
  if (!service.ok()) return FailAll(options, service.status(), console);
  return SignRun(options, around, *service, *algorithm, **names).Run();
}

}  // namespace pitser::cli
