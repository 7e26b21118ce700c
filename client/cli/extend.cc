#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/extending.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/named_files.h"
#include "client/cli/ordered_pool.h"
#include "client/cli/rate_progress.h"
#include "client/cli/reader.h"
#include "client/cli/service.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "client/file_batch.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kSchema = "pitser.extend/1";

// Signatures that are extended, written and told of together.
constexpr std::size_t kGroup = 10'000;
// A request waits for the service and not for a core.
constexpr std::size_t kThreads = 16;
constexpr std::size_t kWindow = 256;
constexpr std::chrono::milliseconds kPatience(200);
// Fewer than that are synced one by one: a sync of the whole file system waits for others' files.
constexpr long kFewFiles = 16;
// More codes than these are looked up.
constexpr std::size_t kCodesTold = 5;

absl::StatusOr<ExtendGoal> ParseGoal(const std::string& text) {
  ExtendGoal goal;
  if (text.empty()) return goal;
  auto code = ledger::ParsePublicationCode(text);
  if (code.ok()) {
    goal.code = *std::move(code);
    return goal;
  }
  const auto time = ParseTime(text);
  if (!time.ok()) {
    return Error(ExitCode::kUsage,
                 absl::StrFormat("--to %s is neither a publication code (%s) nor a time", text,
                                 ledger::ToStd(code.status().message())));
  }
  goal.time = *time;
  return goal;
}

// Keeps the fetched file in the trust folder, where a later `verify` looks, if the folder is ours.
absl::Status KeepPublications(const Evidence& evidence, const ledger::PublicationsFile& fresh) {
  if (!evidence.FolderIsOurs()) return absl::OkStatus();
  const absl::Status status = client::StorePublicationsFile(evidence.folder, fresh.bytes());
  return status.ok() ? status : WithExitCode(status, ExitCode::kLocalFile);
}

// What all signatures of a call are extended with.
struct Means {
  Service service;
  ExtendGoal goal;
  std::optional<ledger::PublicationsFile> fetched;
  const ledger::PublicationsFile* publications = nullptr;  // Null only with a code.
};

absl::Status FindPublications(const ExtendOptions& options, const Surroundings& around,
                              const Evidence& evidence, Means& means) {
  if (!options.trust.publications_file.empty()) {
    means.publications = evidence.Publications();
    if (means.publications != nullptr) return absl::OkStatus();
    return Error(ExitCode::kInconclusive, evidence.publications_problem,
                 evidence.out_of_date ? kDatesHint : "");
  }
  PITSER_ASSIGN_OR_RETURN(means.fetched, FetchPublicationsFile(means.service, evidence));
  PITSER_RETURN_IF_ERROR(KeepPublications(evidence, *means.fetched));
  means.publications = &*means.fetched;
  if (const std::string warning = evidence.FirstUseWarning(); !warning.empty()) {
    around.console.Note(warning);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Means>> Prepare(const ExtendOptions& options,
                                               const Surroundings& around) {
  auto means = std::make_unique<Means>();
  PITSER_ASSIGN_OR_RETURN(means->goal, ParseGoal(options.to));
  PITSER_ASSIGN_OR_RETURN(means->service, ConnectToExtend(around.settings));
  if (means->goal.code) return means;  // What the user holds needs nobody's word.
  PITSER_ASSIGN_OR_RETURN(const Evidence evidence, LoadEvidence(options.trust, around));
  PITSER_RETURN_IF_ERROR(FindPublications(options, around, evidence, *means));
  return means;
}

// Extends what is named, several at a time, writes and tells of each in its order.
class ExtendRun {
 public:
  ExtendRun(const ExtendOptions& options, const Means& means, NamedFiles& names,
            const Surroundings& around)
      : options_(options),
        names_(names),
        console_(around.console),
        given_code_(means.goal.code.has_value()),
        extending_(means.service, means.goal, means.publications),
        progress_("extending", names.Total(), console_, around.clock),
        pool_("extend", names.Total() == 1 ? 1 : kThreads, kWindow) {}

  ExitCode Run() {
    absl::Status status;
    while (true) {
      auto files = names_.Next(kGroup);
      status = files.status();
      if (!files.ok() || files->empty()) break;
      ExtendGroup(*files);
    }
    if (!status.ok()) worst_ = Worse(worst_, console_.Fail(status));
    End();
    return worst_;
  }

 private:
  void ExtendGroup(const std::vector<NamedFile>& files);
  void Write(std::vector<ExtendResult>& results);
  Destination DestinationOf(const ExtendResult& result) const {
    const bool in_place = options_.output.empty();
    return {.path = in_place ? result.input : options_.output,
            .replace = in_place || options_.force};
  }
  bool ToBeWritten(const ExtendResult& result) const {
    return result.status.ok() && (result.changed || !options_.output.empty());
  }
  void Tell(const ExtendResult& result);
  void TellExtended(const ExtendResult& result);
  void End();

  const ExtendOptions& options_;
  NamedFiles& names_;
  Console& console_;
  const bool given_code_;  // Who gave it has it.
  Extending extending_;
  RateProgress progress_;
  std::size_t done_ = 0, extended_ = 0, unchanged_ = 0, waiting_ = 0, failed_ = 0, left_ = 0;
  std::uint64_t last_ = 0;       // Publication.
  std::set<std::string> codes_;  // Of the publications that were not given by their code.
  ExitCode worst_ = ExitCode::kOk;
  OrderedPool<ExtendResult> pool_;
};

void ExtendRun::ExtendGroup(const std::vector<NamedFile>& files) {
  std::vector<ExtendResult> results;
  progress_.SetTotal(names_.Total());
  const auto take = [&] {
    auto result = pool_.Take(kPatience);
    if (result) {
      results.push_back(*std::move(result));
      ++done_;
    }
    progress_.At(done_);
  };
  for (const NamedFile& file : files) {
    while (pool_.full()) take();
    pool_.Put([this, &file] { return extending_.Extend(file); });
  }
  while (!pool_.empty()) take();
  Write(results);
  for (const ExtendResult& result : results) Tell(result);
}

void ExtendRun::Write(std::vector<ExtendResult>& results) {
  const auto count = std::ranges::count_if(
      results, [this](const ExtendResult& result) { return ToBeWritten(result); });
  if (count <= kFewFiles) {
    for (ExtendResult& result : results) {
      if (!ToBeWritten(result)) continue;
      result.status = Deliver(DestinationOf(result), result.bytes, console_);
    }
    return;
  }
  const auto set = [&results](std::size_t i, const absl::Status& status) {
    if (!status.ok()) results[i].status = WithExitCode(status, ExitCode::kLocalFile);
  };
  client::FileBatch files({.replace = true, .max_open = client::FilesTogether()}, set);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!ToBeWritten(results[i])) continue;
    set(i, files.Add(i, DestinationOf(results[i]).path, results[i].bytes));
  }
  const absl::Status finished = files.Finish();
  if (finished.ok()) return;
  worst_ = Worse(worst_, console_.Fail(WithExitCode(finished, ExitCode::kLocalFile)));
}

void ExtendRun::Tell(const ExtendResult& result) {
  if (result.status.ok()) return TellExtended(result);
  if (console_.json()) {
    console_.Result(ToLine(JsonError(kSchema, "signature", result.input, result.status)));
  }
  worst_ = Worse(worst_, ExitCodeOf(result.status));
  // The same error need not be told of each; nor what is no error where many are named.
  const bool is_told_by_the_sum = result.left || (result.waits && names_.many());
  ++(result.left ? left_ : result.waits ? waiting_ : failed_);
  if (!is_told_by_the_sum) console_.Fail(result.status);
}

void ExtendRun::TellExtended(const ExtendResult& result) {
  ++(result.changed ? extended_ : unchanged_);
  last_ = std::max(last_, result.record->data.time);
  if (!given_code_) codes_.insert(ledger::EncodePublicationCode(result.record->data));
  const std::string output = DestinationOf(result).path;
  if (console_.json()) {
    Json json = JsonHead(kSchema, ExitCode::kOk);
    json["signature"] = result.input;
    json["output"] = output;
    json["changed"] = result.changed;
    json["signing_time"] = result.signing_time;
    json["publication"] = JsonPublication(*result.record);
    console_.Result(ToLine(json));
    return;
  }
  if (names_.many()) return;
  const std::string time = FormatTime(result.record->data.time);
  const std::string text = result.changed
                               ? absl::StrFormat("extended %s to the publication of %s: %s",
                                                 Printable(result.input), time, Printable(output))
                               : absl::StrFormat("%s rests on the publication of %s already",
                                                 Printable(result.input), time);
  if (output == client::kStandardStream) {
    console_.Note(text);
  } else {
    console_.Done(text);
  }
}

// Every certificate ends one day; what was written down doesn't.
void AdviseToKeep(const std::set<std::string>& codes, Console& console) {
  if (codes.empty()) return;
  if (codes.size() > kCodesTold) {
    console.Hint(
        absl::StrFormat("keep the codes of these %d publications, on paper for instance: "
                        "`pitser publications show` lists them",
                        codes.size()));
  } else {
    for (const std::string& code : codes) {
      console.Hint("keep this publication code, on paper for instance: " + code);
    }
  }
  console.Hint(
      "with `pitser verify --publication CODE` it proves these signatures when the certificate of "
      "the publications file's signer has ended, and no key has to be believed");
}

void ExtendRun::End() {
  console_.EndProgress();
  if (unchanged_ > 0 && names_.many()) {
    console_.Note(absl::StrFormat("%d signatures rested on their publication already", unchanged_));
  }
  if (waiting_ > 0 && names_.many()) {
    console_.Note(absl::StrFormat("%d signatures wait for the next publication", waiting_));
  }
  if (left_ + failed_ > 0 && (names_.many() || left_ > 0)) {
    console_.Note(absl::StrFormat("%d signatures were not extended", left_ + failed_));
  }
  if (names_.many() && !console_.json()) {
    if (extended_ == 0) return console_.Note("nothing was extended");
    console_.Done(absl::StrFormat("extended %d signatures, the last publication is that of %s",
                                  extended_, FormatTime(last_)));
  }
  AdviseToKeep(codes_, console_);
}

// What there is to say before anything is done.
absl::Status CheckOptions(const ExtendOptions& options, const Console& console) {
  const auto usage = [](std::string_view message) {
    return Error(ExitCode::kUsage, message, "pitser extend --help");
  };
  const bool list = !options.files_from.empty();
  if (options.signatures.empty() && !list) return usage("a signature is missing");
  if (!options.signatures.empty() && list) {
    return usage("signatures and --files-from do not go together");
  }
  if (!options.output.empty() && (options.signatures.size() > 1 || list || options.recursive)) {
    return usage("-o goes with a single signature");
  }
  for (const std::string& input : options.signatures) {
    const bool in_place = options.output.empty();
    if (in_place && input != client::kStandardStream) continue;
    PITSER_RETURN_IF_ERROR(CheckDestination(
        {.path = in_place ? input : options.output, .replace = in_place || options.force},
        in_place ? "" : input, !in_place, console));
  }
  return absl::OkStatus();
}

// An error that keeps everything from being extended: what the command line names has its object
// each, people are told once.
ExitCode FailAll(const ExtendOptions& options, const absl::Status& status, Console& console) {
  if (console.json()) {
    for (const std::string& input : options.signatures) {
      console.Result(ToLine(JsonError(kSchema, "signature", input, status)));
    }
  }
  return console.Fail(status);
}

}  // namespace

ExitCode RunExtend(const ExtendOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const absl::Status checked = CheckOptions(options, console);
  if (!checked.ok()) {
    return ExitCodeOf(checked) == ExitCode::kUsage ? console.Fail(checked)
                                                   : FailAll(options, checked, console);
  }
  const auto names = NamedFiles::Open({.files = options.signatures,
                                       .list = options.files_from,
                                       .null_separated = options.null_separated,
                                       .recursive = options.recursive,
                                       .kind = NamedFiles::Kind::kSignatures});
  if (!names.ok()) return console.Fail(names.status());
  const auto means = Prepare(options, around);
  if (!means.ok()) return FailAll(options, means.status(), console);
  return ExtendRun(options, **means, **names, around).Run();
}

}  // namespace pitser::cli
