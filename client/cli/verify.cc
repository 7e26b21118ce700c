#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/inputs.h"
#include "client/cli/verify_report.h"
#include "client/file.h"
#include "client/offline.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::Policy;

// One thing to verify: a signature, and what it is held against.
struct Target {
  std::string document;                 // Empty: none.
  std::optional<ledger::Imprint> hash;  // Instead of a document.
  std::string signature;
};

absl::Status Usage(std::string_view message) {
  return Error(ExitCode::kUsage, message, "pitser verify --help");
}

absl::StatusOr<std::vector<Target>> HashTarget(const VerifyOptions& options) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint hash, ParseHash(options.hash));
  if (options.files.size() + (options.signature.empty() ? 0 : 1) != 1) {
    return Usage("--hash goes with exactly one signature and no document");
  }
  const std::string& signature =
      options.signature.empty() ? options.files.front() : options.signature;
  return std::vector<Target>{{.document = "", .hash = hash, .signature = signature}};
}

absl::StatusOr<std::vector<Target>> FindTargets(const VerifyOptions& options) {
  if (!options.hash.empty()) return HashTarget(options);
  if (options.files.empty()) {
    if (options.signature.empty()) return Usage("a document or a signature is missing");
    return std::vector<Target>{{.document = "", .hash = {}, .signature = options.signature}};
  }
  if (!options.signature.empty() && options.files.size() > 1) {
    return Usage("-s goes with a single document");
  }
  std::vector<Target> targets;
  for (const std::string& file : options.files) {
    if (!options.signature.empty()) {
      targets.push_back({.document = file, .hash = {}, .signature = options.signature});
    } else if (file == client::kStandardStream) {
      return Usage("a document from standard input needs its signature named by -s");
    } else if (file.ends_with(kSignatureSuffix)) {
      targets.push_back({.document = "", .hash = {}, .signature = file});
    } else {
      targets.push_back(
          {.document = file, .hash = {}, .signature = file + std::string(kSignatureSuffix)});
    }
  }
  if (targets.front().document == client::kStandardStream &&
      options.signature == client::kStandardStream) {
    return Usage("document and signature cannot both come from standard input");
  }
  return targets;
}

std::optional<Policy> ChosenPolicy(const std::string& name) {
  if (name == "internal") return Policy::kInternal;
  if (name == "key") return Policy::kKeyBased;
  if (name == "publications-file") return Policy::kPublicationsFileBased;
  if (name == "publication") return Policy::kUserPublicationBased;
  return std::nullopt;
}

// What holds for all targets.
struct Judgement {
  std::optional<Policy> policy;
  std::optional<ledger::PublicationData> publication;
  ledger::Level input_level = 0;
  Evidence evidence;
};

absl::StatusOr<Judgement> Prepare(const VerifyOptions& options, const Surroundings& around) {
  Judgement judgement;
  judgement.policy = ChosenPolicy(options.policy);
  judgement.input_level = static_cast<ledger::Level>(options.input_level);
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
  PITSER_ASSIGN_OR_RETURN(judgement.evidence,
                          LoadEvidence(options.trust, around.settings, around.Now()));
  return judgement;
}

// Judges one target and says the result.
absl::StatusOr<ExitCode> VerifyOne(const Target& target, const Judgement& judgement,
                                   Console& console) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature signature, ReadSignature(target.signature));
  std::optional<ledger::Imprint> document_hash = target.hash;
  if (!target.document.empty()) {
    PITSER_ASSIGN_OR_RETURN(
        document_hash, HashDocument(target.document, signature.input_hash().algorithm(), console));
  }
  auto verdict = client::VerifyOffline({.signature = signature,
                                        .document_hash = document_hash,
                                        .input_level = judgement.input_level,
                                        .policy = judgement.policy,
                                        .user_publication = judgement.publication,
                                        .publications = judgement.evidence.Publications()});
  if (!verdict.ok()) {
    const absl::Status status = InContext(verdict.status(), target.signature);
    const bool cannot_hash = status.code() == absl::StatusCode::kUnimplemented;
    return cannot_hash ? WithExitCode(status, ExitCode::kInconclusive) : status;
  }
  const VerifyReport report{.document = target.document,
                            .signature_path = target.signature,
                            .signature = &signature,
                            .document_hash = document_hash,
                            .input_level = judgement.input_level,
                            .verdict = *std::move(verdict),
                            .evidence = &judgement.evidence};
  console.Result(console.json() ? ReportJson(report) : ReportText(report, console));
  return report.exit_code();
}

ExitCode FailOne(const Target& target, const absl::Status& status, Console& console) {
  if (console.json()) {
    console.Result(VerifyErrorJson(target.document, target.signature, status));
  }
  return console.Fail(status);
}

}  // namespace

ExitCode RunVerify(const VerifyOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const auto targets = FindTargets(options);
  if (!targets.ok()) return console.Fail(targets.status());
  const auto judgement = Prepare(options, around);
  ExitCode worst = ExitCode::kOk;
  for (const Target& target : *targets) {
    if (!judgement.ok()) {
      worst = Worse(worst, FailOne(target, judgement.status(), console));
      if (!console.json()) break;  // The same error need not be told for every file.
      continue;
    }
    const auto code = VerifyOne(target, *judgement, console);
    worst = Worse(worst, code.ok() ? *code : FailOne(target, code.status(), console));
  }
  return worst;
}

}  // namespace pitser::cli
