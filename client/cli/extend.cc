#include <optional>
#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/reader.h"
#include "client/cli/service.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::PublicationRecord;

constexpr std::string_view kSchema = "pitser.extend/1";

// Where to: a publication that the user holds, the file's publication of a time, or the nearest.
struct Goal {
  std::optional<ledger::PublicationData> code;
  std::optional<std::uint64_t> time;
};

absl::StatusOr<Goal> ParseGoal(const std::string& text) {
  Goal goal;
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
  Goal goal;
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

absl::StatusOr<PublicationRecord> ChoosePublication(const Means& means,
                                                    const ledger::Signature& signature) {
  const std::uint64_t signing_time = signature.signing_time();
  if (means.goal.code) {
    if (means.goal.code->time < signing_time) {
      return Error(ExitCode::kInconclusive,
                   absl::StrFormat("it was signed at %s, after the publication of %s",
                                   FormatTime(signing_time), FormatTime(means.goal.code->time)));
    }
    return PublicationRecord{.data = *means.goal.code, .references = {}, .repository_uris = {}};
  }
  const PublicationRecord* record =
      means.publications->NearestPublication(means.goal.time.value_or(signing_time));
  if (means.goal.time && (record == nullptr || record->data.time != *means.goal.time)) {
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("there is no publication of %s", FormatTime(*means.goal.time)));
  }
  if (record == nullptr) {
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("there is no publication yet at or after %s, when it was signed",
                                 FormatTime(signing_time)),
                 "try again after the next one; `pitserd publish` makes one at once");
  }
  if (record->data.time < signing_time) {
    return Error(
        ExitCode::kInconclusive,
        absl::StrFormat("it was signed at %s, after that publication", FormatTime(signing_time)));
  }
  return *record;
}

void Tell(const std::string& input, const std::string& output, const PublicationRecord& record,
          bool changed, const ledger::Signature& signature, Console& console) {
  if (console.json()) {
    Json json = JsonHead(kSchema, ExitCode::kOk);
    json["signature"] = input;
    json["output"] = output;
    json["changed"] = changed;
    json["signing_time"] = signature.signing_time();
    json["publication"] = JsonPublication(record);
    console.Result(ToLine(json));
    return;
  }
  const std::string text =
      changed ? absl::StrFormat("extended %s to the publication of %s: %s", Printable(input),
                                FormatTime(record.data.time), Printable(output))
              : absl::StrFormat("%s rests on the publication of %s already", Printable(input),
                                FormatTime(record.data.time));
  if (output == client::kStandardStream) {
    console.Note(text);
  } else {
    console.Result(text);
  }
}

absl::StatusOr<PublicationRecord> ExtendOne(const std::string& input, const ExtendOptions& options,
                                            const Means& means, Console& console) {
  const bool in_place = options.output.empty();
  const Destination destination{.path = in_place ? input : options.output,
                                .replace = in_place || options.force};
  PITSER_RETURN_IF_ERROR(CheckDestination(destination, in_place ? "" : input, !in_place, console));
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature signature, ReadSignature(input));
  const auto record = ChoosePublication(means, signature);
  if (!record.ok()) return InContext(record.status(), input);
  const auto& present = signature.publication_record();
  if (present && present->data == record->data) {
    if (!in_place) PITSER_RETURN_IF_ERROR(Deliver(destination, signature.bytes(), console));
    Tell(input, destination.path, *record, /*changed=*/false, signature, console);
    return *record;
  }
  const auto extended =
      means.service.ledger->Extend(signature, {.publication = *record, .time = {}});
  if (client::IsWrongAnswer(extended.status())) {
    return Error(
        ExitCode::kInconclusive,
        absl::StrFormat("%s: %s contradicts the signature or the publication: %s", input,
                        means.service.name, Printable(ledger::ToStd(extended.status().message()))),
        "try another extender; `pitser verify` says whether the signature is good");
  }
  if (!extended.ok()) return InContext(means.service.Explain(extended.status()), input);
  PITSER_RETURN_IF_ERROR(Deliver(destination, extended->bytes(), console));
  Tell(input, destination.path, *record, /*changed=*/true, *extended, console);
  return *record;
}

// Every certificate ends one day; what was written down doesn't.
void AdviseToKeep(const std::set<std::string>& codes, Console& console) {
  for (const std::string& code : codes) {
    console.Hint("keep this publication code, on paper for instance: " + code);
  }
  if (codes.empty()) return;
  console.Hint(
      "with `pitser verify --publication CODE` it proves these signatures when the certificate of "
      "the publications file's signer has ended, and no key has to be believed");
}

ExitCode FailOne(const std::string& input, const absl::Status& status, Console& console) {
  if (console.json()) {
    console.Result(ToLine(JsonError(kSchema, "signature", input, status)));
  }
  return console.Fail(status);
}

}  // namespace

ExitCode RunExtend(const ExtendOptions& options, const Surroundings& around) {
  Console& console = around.console;
  if (!options.output.empty() && options.signatures.size() > 1) {
    return console.Fail(
        Error(ExitCode::kUsage, "-o goes with a single signature", "pitser extend --help"));
  }
  const auto means = Prepare(options, around);
  ExitCode worst = ExitCode::kOk;
  std::set<std::string> codes;
  for (const std::string& input : options.signatures) {
    const auto record = means.ok() ? ExtendOne(input, options, **means, console)
                                   : absl::StatusOr<PublicationRecord>(means.status());
    if (record.ok()) {
      // Who gave the code has it.
      if (!(*means)->goal.code) codes.insert(ledger::EncodePublicationCode(record->data));
      continue;
    }
    worst = Worse(worst, FailOne(input, record.status(), console));
    if (!means.ok() && !console.json()) break;  // The same error need not be told again.
  }
  AdviseToKeep(codes, console);
  return worst;
}

}  // namespace pitser::cli
