#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/document_names.h"
#include "client/cli/hash_documents.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/service.h"
#include "client/cli/sign_batch.h"
#include "client/cli/signing_times.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::Signature;

constexpr std::string_view kSchema = "pitser.sign/1";
constexpr absl::Duration kProgressEvery = absl::Milliseconds(100);

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
  const int kinds = (options.files.empty() ? 0 : 1) + (options.files_from.empty() ? 0 : 1) +
                    (options.hash.empty() ? 0 : 1);
  if (kinds == 0) return Usage("a document, --files-from or --hash is missing");
  if (kinds > 1) return Usage("documents, --files-from and --hash do not go together");
  if (options.null_separated && options.files_from.empty()) {
    return Usage("-0 goes with --files-from, or with --batch and --hashes");
  }
  if (!options.output.empty() && (options.files.size() > 1 || !options.files_from.empty())) {
    return Usage("-o goes with a single document");
  }
  const std::set<std::string> unique(options.files.begin(), options.files.end());
  if (unique.size() != options.files.size()) return Usage("a document is named twice");
  return absl::OkStatus();
}

// The job of a document, which `name` names; checks where its signature goes.
Job MakeJob(const std::string& name, const SignOptions& options, const Console& console) {
  Job job;
  job.input = name;
  const bool has_name = options.hash.empty() && name != client::kStandardStream;
  job.destination.path = !options.output.empty() ? options.output
                         : has_name              ? name + std::string(kSignatureSuffix)
                                                 : std::string(client::kStandardStream);
  job.destination.replace = options.force;
  job.status =
      CheckDestination(job.destination, has_name ? name : "", !options.output.empty(), console);
  return job;
}

// What the command line names. A mistake in it is told before anything is done.
absl::StatusOr<std::vector<Job>> MakeJobs(const SignOptions& options, const Console& console) {
  std::vector<Job> jobs;
  if (!options.hash.empty()) {
    Job job = MakeJob(options.hash, options, console);
    PITSER_ASSIGN_OR_RETURN(job.hash, ParseHash(options.hash));
    PITSER_RETURN_IF_ERROR(CheckMaySign(job.hash->algorithm()));
    jobs.push_back(std::move(job));
  }
  for (const std::string& file : options.files) jobs.push_back(MakeJob(file, options, console));
  for (const Job& job : jobs) {
    if (ExitCodeOf(job.status) == ExitCode::kUsage) return job.status;
  }
  return jobs;
}

// What a list names, as far as it is read at once.
std::vector<Job> MakeListedJobs(const std::vector<std::string>& names, const SignOptions& options,
                                const Console& console) {
  std::vector<Job> jobs;
  for (const std::string& name : names) {
    // In a list everything is a file.
    const bool is_dash = name == client::kStandardStream;
    Job job = MakeJob(is_dash ? "./" + name : name, options, console);
    // The list is no command line, and the names before this one are signed already.
    if (ExitCodeOf(job.status) == ExitCode::kUsage) {
      job.status = WithExitCode(job.status, ExitCode::kLocalFile);
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

void HashAll(std::vector<Job>& jobs, ledger::HashAlgorithm algorithm, Console& console) {
  std::vector<std::string> paths;
  for (const Job& job : jobs) {
    if (job.status.ok() && !job.hash) paths.push_back(job.input);
  }
  if (paths.empty()) return;
  const auto hashes = HashDocuments(paths, algorithm, console);
  auto next = hashes.begin();
  for (Job& job : jobs) {
    if (!job.status.ok() || job.hash) continue;
    const absl::StatusOr<ledger::Imprint>& hash = *next++;
    if (hash.ok()) {
      job.hash = *hash;
    } else {
      job.status = hash.status();
    }
  }
}

// `doubt` is what there is to be said against the signature's time.
void Tell(const Job& job, const ledger::Signature& signature, const absl::Status& doubt,
          Console& console) {
  if (console.json()) {
    Json json = JsonHead(kSchema, ExitCodeOf(doubt));
    json["file"] = job.input;
    json["signature"] = job.destination.path;
    json["input_hash"] = job.hash->ToText();
    json["signing_time"] = signature.signing_time();
    json["identities"] = JsonIdentities(signature.Identities());
    if (!doubt.ok()) json["messages"] = {std::string(doubt.message())};
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

// An error that keeps all jobs from being signed: each has its object, people are told once.
ExitCode FailAll(const std::vector<Job>& jobs, const absl::Status& status, Console& console) {
  if (console.json()) {
    for (const Job& job : jobs) {
      console.Result(ToLine(JsonError(kSchema, "file", job.input, status)));
    }
  }
  return console.Fail(status);
}

// Signs jobs group after group and delivers; tells of each in its order.
class Signing {
 public:
  Signing(const Service& service, Console& console, const base::Clock& clock)
      : service_(service),
        console_(console),
        clock_(clock),
        begin_(clock.Monotonic()),
        times_(clock, service.name, console) {}

  ExitCode worst() const { return worst_; }

  // Whether the service has failed, so that the rest need not be hashed.
  bool stopped() const { return !stop_.ok(); }

  // Signs the jobs that are in order.
  void Sign(std::vector<Job>& jobs) {
    std::vector<Job*> ready;
    std::vector<ledger::Imprint> hashes;
    for (Job& job : jobs) {
      if (!job.status.ok() || !job.hash) continue;
      ready.push_back(&job);
      hashes.push_back(*job.hash);
    }
    next_ = jobs.begin();
    end_ = jobs.end();
    if (!stopped() && !hashes.empty()) SignHashes(hashes, ready);
    Finish(nullptr);
  }

  // Says how many were left, once all is told.
  void End() {
    console_.EndProgress();
    if (stopped() && left_ > 1) {
      console_.Note(absl::StrFormat("%d documents were not signed", left_));
    }
  }

 private:
  using Jobs = std::vector<Job>::iterator;

  void SignHashes(const std::vector<ledger::Imprint>& hashes, const std::vector<Job*>& ready) {
    if (hashes.size() > 1) {
      console_.Progress(absl::StrFormat("signing %d files", hashes.size()));
    }
    if (hashes.size() > 1 && batches_) {
      const absl::Status status = service_.ledger->SignBatch(
          hashes, [&](std::size_t i, const Signature& signature) { Take(*ready[i], signature); });
      if (status.code() != absl::StatusCode::kUnimplemented) {
        if (!status.ok()) stop_ = service_.Explain(status);
        return;
      }
      batches_ = false;  // An older server, or one that does not serve them: one call for each.
    }
    std::vector<client::SignInput> inputs;
    for (const ledger::Imprint& hash : hashes) inputs.push_back({.hash = hash});
    const auto signatures = service_.ledger->SignMany(inputs);
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if (signatures[i].ok()) {
        Take(*ready[i], *signatures[i]);
      } else {
        Finish(ready[i]);
        Fail(*ready[i], service_.Explain(signatures[i].status()));
        ++next_;
      }
    }
  }

  void Take(const Job& job, const Signature& signature) {
    Finish(&job);
    const absl::Status status = Deliver(job.destination, signature.bytes(), console_);
    if (status.ok()) {
      const absl::Status doubt = times_.Judge(signature.signing_time());
      Tell(job, signature, doubt, console_);
      worst_ = Worse(worst_, ExitCodeOf(doubt));
      ShowProgress();
    } else {
      Fail(job, status);
    }
    ++next_;
  }

  // Tells of the jobs before `job` (null: of all that are left), none of which was signed.
  void Finish(const Job* job) {
    for (; next_ != end_ && &*next_ != job; ++next_) {
      if (!next_->status.ok()) {
        Fail(*next_, next_->status);
      } else {
        Leave(*next_);
      }
    }
  }

  // A job that was in order when the service failed: each has its object, people are told once.
  void Leave(const Job& job) {
    if (console_.json()) {
      console_.Result(ToLine(JsonError(kSchema, "file", job.input, stop_)));
    }
    if (left_++ == 0) worst_ = Worse(worst_, console_.Fail(stop_));
  }

  void Fail(const Job& job, const absl::Status& status) {
    if (console_.json()) {
      console_.Result(ToLine(JsonError(kSchema, "file", job.input, status)));
    }
    worst_ = Worse(worst_, console_.Fail(status));
  }

  void ShowProgress() {
    ++signed_;
    const absl::Duration now = clock_.Monotonic();
    if (!console_.err_is_terminal() || now - shown_ < kProgressEvery) return;
    shown_ = now;
    console_.Progress(
        absl::StrFormat("signed %d files, %.0f/s", signed_,
                        static_cast<double>(signed_) / absl::ToDoubleSeconds(now - begin_)));
  }

  const Service& service_;
  Console& console_;
  const base::Clock& clock_;
  const absl::Duration begin_;
  absl::Duration shown_ = begin_;
  SigningTimes times_;

  bool batches_ = true;
  absl::Status stop_;     // Why nothing more is signed.
  std::size_t left_ = 0;  // Jobs that were not signed because of it.
  std::size_t signed_ = 0;
  ExitCode worst_ = ExitCode::kOk;
  Jobs next_, end_;  // The jobs of the group that nothing was told of.
};

// Documents of a list that are hashed, signed and told of together: memory does not depend on the
// list's length.
constexpr std::size_t kGroup = 10'000;

ExitCode SignListed(const SignOptions& options, ledger::HashAlgorithm algorithm, Signing& signing,
                    Console& console) {
  const char separator = options.null_separated ? '\0' : '\n';
  const auto names = DocumentNames::Open(options.files_from, separator);
  if (!names.ok()) return console.Fail(names.status());
  while (true) {
    const auto group = (*names)->Next(kGroup);
    if (!group.ok()) return Worse(signing.worst(), console.Fail(group.status()));
    if (group->empty()) return signing.worst();
    std::vector<Job> jobs = MakeListedJobs(*group, options, console);
    if (!signing.stopped()) HashAll(jobs, algorithm, console);
    signing.Sign(jobs);
  }
}

}  // namespace

ExitCode RunSign(const SignOptions& options, const Surroundings& around) {
  if (options.batch) return RunSignBatch(options, around);
  Console& console = around.console;
  const absl::Status inputs = CheckInputs(options);
  if (!inputs.ok()) return console.Fail(inputs);
  auto jobs = MakeJobs(options, console);
  if (!jobs.ok()) return console.Fail(jobs.status());
  const auto algorithm = ResolveAlgorithm(around.settings);
  if (!algorithm.ok()) return console.Fail(algorithm.status());
  const auto service = Connect(around.settings);
  if (!service.ok()) return FailAll(*jobs, service.status(), console);
  Signing signing(*service, console, around.clock);
  ExitCode code = ExitCode::kOk;
  if (!options.files_from.empty()) {
    code = SignListed(options, *algorithm, signing, console);
  } else {
    HashAll(*jobs, *algorithm, console);
    signing.Sign(*jobs);
    code = signing.worst();
  }
  signing.End();
  return code;
}

}  // namespace pitser::cli
