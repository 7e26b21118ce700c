#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/extender.h"
#include "client/cli/inputs.h"
#include "client/cli/node_document.h"
#include "client/cli/ordered_pool.h"
#include "client/cli/verify_report.h"
#include "client/cli/verify_targets.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::Policy;

absl::Status Usage(std::string_view message) {
  return Error(ExitCode::kUsage, message, "pitser verify --help");
}

Policy ChosenPolicy(const std::string& name) {
  if (name == "internal") return Policy::kInternal;
  if (name == "key") return Policy::kKeyBased;
  if (name == "publications-file") return Policy::kPublicationsFileBased;
  if (name == "publication") return Policy::kUserPublicationBased;
  if (name == "calendar") return Policy::kCalendarBased;
  return Policy::kGeneral;
}

// What holds for all targets.
struct Judgement {
  Policy policy = Policy::kGeneral;
  std::optional<ledger::PublicationData> publication;
  ledger::Level input_level = 0;
  // Whether somebody chose the policy, and with it what its reason codes say.
  bool policy_is_chosen = false;
  bool explain = false;
  Evidence evidence;
  std::unique_ptr<Extender> extender;  // Null: none is asked.
  ledger::ExtendFunction extend;

  std::optional<std::uint64_t> publication_time() const {
    return publication ? std::optional(publication->time) : std::nullopt;
  }
};

absl::StatusOr<Judgement> Prepare(const VerifyOptions& options, const Surroundings& around) {
  Judgement judgement;
  judgement.policy = ChosenPolicy(options.policy);
  judgement.policy_is_chosen = !options.policy.empty();
  judgement.input_level = static_cast<ledger::Level>(options.input_level);
  judgement.explain = options.explain;
  if (!options.publication.empty()) {
    auto publication = ledger::ParsePublicationCode(options.publication);
    if (!publication.ok()) {
      return WithExitCode(InContext(publication.status(), "--publication"), ExitCode::kUsage);
    }
    judgement.publication = *std::move(publication);
  }
  if (judgement.policy == Policy::kUserPublicationBased && !judgement.publication) {
    return Usage("--policy publication needs --publication CODE");
  }
  // Whoever names an extender wants it to be asked.
  if (options.extend || !options.extender.empty() || judgement.policy == Policy::kCalendarBased) {
    PITSER_ASSIGN_OR_RETURN(judgement.extender,
                            Extender::Create(options.extender, around.settings));
    judgement.extend = [extender = judgement.extender.get()](
                           std::uint64_t aggregation_time,
                           std::optional<std::uint64_t> publication_time) {
      return extender->Ask(aggregation_time, publication_time);
    };
  }
  PITSER_ASSIGN_OR_RETURN(judgement.evidence, LoadEvidence(options.trust, around));
  return judgement;
}

// Hashes a document, with or without telling of it meanwhile.
using HashFunction =
    std::function<absl::StatusOr<HashedDocument>(const std::string& path, ledger::HashAlgorithm)>;

// An extender is asked for help and need not be believed: one that contradicts a signature proves
// nothing against it. Who is wrong cannot be told.
void DoubtTheExtender(const std::string& name, client::Verdict& verdict) {
  ledger::VerificationResult& result = verdict.result;
  verdict.extender_problem =
      absl::StrFormat("%s contradicts the signature (%s %s): one of the two is wrong", name,
                      ledger::ErrorCodeName(result.code), ledger::ErrorCodeText(result.code));
  result.outcome = ledger::Outcome::kInconclusive;
  result.code = ledger::ErrorCode::kGen02;
  result.cause = verdict.extender_problem;
}

// Thread: any number at once, if `hash` allows it.
absl::StatusOr<VerifyReport> Judge(const VerifyTarget& target, const Judgement& judgement,
                                   const HashFunction& hash) {
  PITSER_RETURN_IF_ERROR(target.status);
  PITSER_ASSIGN_OR_RETURN(ledger::Signature signature, ReadSignature(target.signature));
  std::optional<ledger::Imprint> document_hash = target.hash;
  bool is_node = false;
  if (!target.document.empty()) {
    PITSER_ASSIGN_OR_RETURN(const HashedDocument document,
                            hash(target.document, signature.input_hash().algorithm()));
    document_hash = document.hash;
    is_node = document.is_node;
  }
  auto verdict = client::VerifySignature({.signature = signature,
                                          .document_hash = document_hash,
                                          .input_level = judgement.input_level,
                                          .policy = judgement.policy,
                                          .user_publication = judgement.publication,
                                          .publications = judgement.evidence.Publications(),
                                          .past = judgement.evidence.Past(),
                                          .extend = judgement.extend,
                                          .extending_allowed = judgement.extender != nullptr});
  if (!verdict.ok()) {
    const absl::Status status = InContext(verdict.status(), target.signature);
    const bool cannot_hash = status.code() == absl::StatusCode::kUnimplemented;
    return cannot_hash ? WithExitCode(status, ExitCode::kInconclusive) : status;
  }
  if (verdict->extender_contradicts && !judgement.policy_is_chosen) {
    DoubtTheExtender(judgement.extender->name(), *verdict);
  }
  return VerifyReport{.document = target.document,
                      .signature_path = target.signature,
                      .signature = std::move(signature),
                      .document_hash = document_hash,
                      .input_level = judgement.input_level,
                      .document_is_node = is_node,
                      .verdict = *std::move(verdict),
                      .evidence = &judgement.evidence,
                      .extender = judgement.extender ? judgement.extender->name() : "",
                      .explain = judgement.explain,
                      .missing = target.missing,
                      .other_form = target.other_form,
                      .publication_time = judgement.publication_time()};
}

ExitCode FailOne(const VerifyTarget& target, const absl::Status& status, Console& console) {
  if (console.json()) console.Result(VerifyErrorJson(target, status));
  return console.Fail(status);
}

ExitCode VerifyOne(const VerifyTarget& target, const Judgement& judgement, Console& console) {
  const auto report = Judge(target, judgement, [&](const std::string& path, auto algorithm) {
    return path == client::kStandardStream ? HashStandardInput(algorithm, console)
                                           : LookedAt(path, HashDocument(path, algorithm, console));
  });
  if (!report.ok()) return FailOne(target, report.status(), console);
  const bool untold = report->exit_code() == ExitCode::kOk && console.quiet() && !console.json();
  if (untold) return ExitCode::kOk;
  console.Result(console.json() ? ReportJson(*report) : ReportText(*report, console));
  return report->exit_code();
}

// --- Many ---

constexpr std::size_t kMaxThreads = 16;
// Results that may wait for one before them, some 2 KiB each.
constexpr std::size_t kWindow = 1024;
constexpr std::chrono::milliseconds kLookEvery(200);
constexpr std::chrono::milliseconds kNoPatience(0);
// What is over sooner needs no progress.
constexpr absl::Duration kLongRun = absl::Seconds(1);
constexpr absl::Duration kProgressEvery = absl::Milliseconds(200);

absl::StatusOr<HashedDocument> HashQuietly(const std::string& path,
                                           ledger::HashAlgorithm algorithm) {
  return LookedAt(path, HashWithExitCode(path, algorithm, {}));
}

// What a thread found out about a target.
struct Judged {
  VerifyTarget target;
  absl::StatusOr<VerifyReport> report;
};

// Verifies targets on all cores and tells of each in its order.
class VerifyingMany {
 public:
  // `failures`: nothing is told of what is verified.
  VerifyingMany(VerifyTargets& targets, const Judgement& judgement, bool failures,
                const Surroundings& around)
      : targets_(targets),
        judgement_(judgement),
        failures_(failures || around.console.quiet()),
        console_(around.console),
        clock_(around.clock),
        begin_(clock_.Monotonic()),
        pool_("verify",
              std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxThreads),
              kWindow) {}

  ExitCode Run() {
    while (true) {
      auto target = targets_.Next();
      if (!target.ok()) {
        Finish();
        return Worse(worst_, console_.Fail(target.status()));
      }
      if (!*target) break;
      while (TellDone()) continue;
      if (pool_.full()) TellOldest();
      Put(**std::move(target));
    }
    Finish();
    if (summary_.total() > 0) return worst_;
    return console_.Fail(Error(ExitCode::kInconclusive,
                               "nothing was verified: there is no signature",
                               "a signature is called as its document, with .ksig behind it"));
  }

 private:
  void Put(VerifyTarget target) {
    pool_.Put([this, one = std::move(target)] {
      auto report = Judge(one, judgement_, HashQuietly);
      return Judged{.target = one, .report = std::move(report)};
    });
  }

  void Finish() {
    while (!pool_.empty()) TellOldest();
    console_.EndProgress();
    const bool all_is_well = worst_ == ExitCode::kOk;
    if (console_.json() || (console_.quiet() && all_is_well)) return;
    console_.Result(summary_.Text(judgement_.evidence, targets_.unsigned_count()));
  }

  void TellOldest() {
    while (!TellWithin(kLookEvery)) ShowProgress();
  }

  // False when the oldest, if there is one, is not done yet.
  bool TellDone() { return !pool_.empty() && TellWithin(kNoPatience); }

  bool TellWithin(std::chrono::milliseconds patience) {
    const std::optional<Judged> judged = pool_.Take(patience);
    if (!judged) return false;
    ++done_;
    Tell(*judged);
    ShowProgress();
    return true;
  }

  void Tell(const Judged& judged) {
    if (judged.report.ok()) {
      const VerifyReport& report = *judged.report;
      summary_.Add(report);
      worst_ = Worse(worst_, report.exit_code());
      if (failures_ && report.exit_code() == ExitCode::kOk) return;
      console_.Result(console_.json() ? ReportJson(report) : ReportLine(report, console_));
      return;
    }
    const absl::Status& status = judged.report.status();
    summary_.AddError(ExitCodeOf(status));
    if (judged.target.is_unsigned()) summary_.AddUnsigned();
    worst_ = Worse(worst_, ExitCodeOf(status));
    if (console_.json()) {
      FailOne(judged.target, status, console_);
    } else {
      console_.Result(VerifyErrorLine(judged.target, status, console_));
    }
  }

  void ShowProgress() {
    const absl::Duration now = clock_.Monotonic();
    if (!console_.err_is_terminal() || now - begin_ < kLongRun || now - shown_ < kProgressEvery) {
      return;
    }
    shown_ = now;
    const auto total = targets_.count();
    console_.Progress(absl::StrFormat(
        "verified %d%s inputs, %.0f/s", done_, total ? absl::StrFormat(" of %d", *total) : "",
        static_cast<double>(done_) / absl::ToDoubleSeconds(now - begin_)));
  }

  VerifyTargets& targets_;
  const Judgement& judgement_;
  const bool failures_;
  Console& console_;
  const base::Clock& clock_;
  const absl::Duration begin_;
  absl::Duration shown_;
  std::size_t done_ = 0;
  VerifySummary summary_;
  ExitCode worst_ = ExitCode::kOk;
  OrderedPool<Judged> pool_;  // Last: its threads use what is above.
};

// Nothing can be judged. Each target has its object; people, and whoever wrote a wrong command
// line, are told once.
ExitCode FailAll(VerifyTargets& targets, const absl::Status& status, Console& console) {
  const bool once = !console.json() || ExitCodeOf(status) == ExitCode::kUsage;
  if (once) return console.Fail(status);
  ExitCode worst = ExitCode::kOk;
  while (true) {
    const auto target = targets.Next();
    if (!target.ok()) return Worse(worst, console.Fail(target.status()));
    if (!*target) break;
    worst = Worse(worst, FailOne(**target, status, console));
  }
  return worst;
}

}  // namespace

ExitCode RunVerify(const VerifyOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const auto targets = VerifyTargets::Open(options);
  if (!targets.ok()) return console.Fail(targets.status());
  const auto judgement = Prepare(options, around);
  if (!judgement.ok()) return FailAll(**targets, judgement.status(), console);
  if ((*targets)->several())
    return VerifyingMany(**targets, *judgement, options.failures, around).Run();
  const auto target = (*targets)->Next();
  if (!target.ok()) return console.Fail(target.status());
  return VerifyOne(**target, *judgement, console);
}

}  // namespace pitser::cli
