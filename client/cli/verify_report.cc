#include "client/cli/verify_report.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/json.h"
#include "client/cli/node_document.h"
#include "client/cli/text.h"
#include "client/cli/verify_explain.h"

namespace pitser::cli {
namespace {

using client::TrustBasis;
using ledger::Outcome;

constexpr std::string_view kSchema = "pitser.verify/1";

// Said where the signature itself does not lead to the publication that it rests on.
std::string ExtendedLine(const VerifyReport& report) {
  if (!report.verdict.extended) return "";
  return Line("extended by",
              absl::StrFormat("%s, just now and for this verdict only; what it gave was checked",
                              Printable(report.extender)));
}

// What a yes rests on, by line: the word, then what that word is believed by.
std::string BasisLines(const VerifyReport& report) {
  const client::Verdict& verdict = report.verdict;
  const Evidence& evidence = *report.evidence;
  switch (verdict.basis) {
    case TrustBasis::kNone:
      return Line("rests on",
                  "nothing: the signature is consistent in itself, and whoever made it could have "
                  "invented it");
    case TrustBasis::kCalendar:
      return Line("rests on",
                  absl::StrFormat("what %s says today: its calendar holds this signature. Whoever "
                                  "runs it has to be believed",
                                  Printable(report.extender)));
    case TrustBasis::kUserPublication:
      return Line("rests on",
                  absl::StrFormat("the publication of %s that you gave: no key, no server "
                                  "and no file has to be believed",
                                  FormatTime(verdict.publication->data.time))) +
             ExtendedLine(report);
    case TrustBasis::kKey:
    case TrustBasis::kPublicationsFile:
      break;
  }
  std::string signers;
  for (const ledger::SubjectConstraint& constraint : evidence.trust->constraints) {
    if (!signers.empty()) signers += ", ";
    signers += Printable(constraint.value);
  }
  const std::string rests =
      Line("rests on", verdict.basis == TrustBasis::kKey
                           ? "the ledger's own key"
                           : absl::StrFormat("the publication of %s",
                                             FormatTime(verdict.publication->data.time))) +
      ExtendedLine(report);
  if (verdict.from_past) {
    return rests +
           Line("believed", WitnessText(verdict.from_past->witness, verdict.from_past->time)) +
           Line("signer", signers) + Line("under", evidence.RootText());
  }
  const std::string standing = evidence.StandingText();
  return rests +
         Line("listed in", absl::StrFormat("the publications file %s, signed by %s",
                                           Printable(evidence.trust->publications_path), signers)) +
         (standing.empty() ? "" : Line("believed", standing)) + Line("under", evidence.RootText());
}

// The newer publication that the signature could rest on, and how.
std::string SuggestionText(const VerifyReport& report) {
  return absl::StrFormat(
      "the publication of %s covers it: `pitser extend %s` makes this signature independent of any "
      "key",
      FormatTime(report.verdict.result.suggestion->time), ShellQuoted(report.signature_path));
}

// What would make the trust rest on more; empty when nothing would.
std::string MoreText(const VerifyReport& report) {
  const client::Verdict& verdict = report.verdict;
  const std::string signature = ShellQuoted(report.signature_path);
  switch (verdict.basis) {
    case TrustBasis::kUserPublication:
      if (!verdict.extended) return "";
      return absl::StrFormat(
          "keep the way to it in the signature, so that no extender is needed: pitser extend %s "
          "--to %s",
          signature, ledger::EncodePublicationCode(verdict.publication->data));
    case TrustBasis::kPublicationsFile:
      if (verdict.extended) return SuggestionText(report);
      return absl::StrFormat("compare its code with one that was printed or kept elsewhere: %s",
                             ledger::EncodePublicationCode(verdict.publication->data));
    case TrustBasis::kKey:
    case TrustBasis::kCalendar:
      if (verdict.result.suggestion) return SuggestionText(report);
      return "extend it to the next publication, when there is one: pitser extend " + signature;
    case TrustBasis::kNone:
      break;
  }
  return "name whom to believe: --trust DIR (see `pitser trust --help`), or --publication CODE";
}

// What has to be said whatever the verdict is.
std::vector<std::string> Messages(const VerifyReport& report) {
  std::vector<std::string> messages;
  if (!report.missing.empty()) {
    messages.push_back(absl::StrFormat("the document %s %s", report.missing, MissingText(report)));
  } else if (!report.document_hash) {
    messages.push_back(
        "no document was given: whether yours is the one that was signed was not checked; it is if "
        "its hash is " +
        report.signature.input_hash().ToText());
  }
  if (report.document_is_node) messages.emplace_back(kNodeMessage);
  // Where the rules were not satisfied, the cause says so.
  if (!report.verdict.extender_problem.empty() && report.verdict.result.outcome == Outcome::kOk) {
    messages.push_back("the extender was of no help: " + report.verdict.extender_problem);
  }
  if (!report.evidence->publications_problem.empty()) {
    messages.push_back(report.evidence->publications_problem);
  }
  if (std::string warning = report.evidence->FirstUseWarning(); !warning.empty()) {
    messages.push_back(std::move(warning));
  }
  return messages;
}

std::string HeadlineText(const VerifyReport& report, const Console& console) {
  const std::string subject = Printable(report.document.empty() && !report.document_hash
                                            ? report.signature_path + " (the signature alone)"
                                        : report.document.empty() ? report.document_hash->ToText()
                                                                  : report.document);
  switch (report.verdict.result.outcome) {
    case Outcome::kOk:
      return console.Good(report.verdict.basis == TrustBasis::kNone ? "consistent" : "verified") +
             ": " + subject + "\n";
    case Outcome::kInconclusive:
      return console.Doubtful("inconclusive") + ": " + subject + "\n";
    case Outcome::kFailed:
      break;
  }
  return console.Bad("FAILED") + ": " + subject + "\n";
}

std::string SigningTimeText(const VerifyReport& report) {
  const std::string time = FormatTime(report.signature.signing_time());
  switch (report.verdict.result.outcome) {
    case Outcome::kOk:
      return report.verdict.basis == TrustBasis::kNone ? time + ", as it says" : time;
    case Outcome::kInconclusive:
      return time + ", as it says: not proven";
    case Outcome::kFailed:
      break;
  }
  return time + ", as it says: do not rely on it";
}

// The publication that the signature could be extended to, as the publications file has it.
Json JsonSuggestion(const VerifyReport& report) {
  const auto& suggestion = report.verdict.result.suggestion;
  if (!suggestion) return nullptr;
  const ledger::PublicationsFile* file = report.evidence->Publications();
  const ledger::PublicationRecord* record =
      file == nullptr ? nullptr : file->FindPublication(*suggestion);
  return record == nullptr ? Json(nullptr) : JsonPublication(*record);
}

// What helps when nothing but dates speaks against the publications file.
std::string AdviceOutOfDate(const VerifyReport& report) {
  std::string text =
      "if this machine's clock is right, the time of the file's signer is over: fetch a newer file "
      "(pitser trust fetch)";
  if (report.signature.publication_record()) {
    text += ", or give the publication's code as you kept it (--publication CODE)";
  }
  return text +
         ", or a time at which you know that this file was there (--at TIME); docs/trust.md says "
         "what each rests on";
}

// What `inconclusive` lacks, and what to do about it.
std::string AdviceForInconclusive(const VerifyReport& report) {
  const client::Verdict& verdict = report.verdict;
  const std::string signature = ShellQuoted(report.signature_path);
  if (!verdict.extender_problem.empty()) {
    return "try again later, or name another extender by --extender grpc://HOST:PORT";
  }
  if (verdict.result.policy == ledger::PolicyName(ledger::Policy::kUserPublicationBased)) {
    if (report.publication_time && *report.publication_time < report.signature.signing_time()) {
      return absl::StrFormat("give the code of a publication of %s or later; that of %s was before",
                             FormatTime(report.signature.signing_time()),
                             FormatTime(*report.publication_time));
    }
    return absl::StrFormat(
        "a signature rests on a publication once it is extended to it: pitser extend %s --to CODE, "
        "or --extend for this once",
        signature);
  }
  if (!report.evidence->trust) {
    const std::string fetch =
        "no trust material is at hand: name it by --trust DIR, or fetch it with `pitser trust "
        "fetch`";
    if (!report.signature.publication_record()) return fetch;
    return fetch + "; or give the publication's code as you hold it, by --publication CODE";
  }
  if (report.evidence->out_of_date) return AdviceOutOfDate(report);
  if (verdict.result.suggestion) return SuggestionText(report);
  return "a newer publications file may help: pitser trust fetch";
}

}  // namespace

ExitCode VerifyReport::exit_code() const {
  switch (verdict.result.outcome) {
    case Outcome::kOk:
      return missing.empty() ? ExitCode::kOk : ExitCode::kInconclusive;
    case Outcome::kInconclusive:
      return ExitCode::kInconclusive;
    case Outcome::kFailed:
      break;
  }
  return ExitCode::kFailed;
}

std::string MissingText(const VerifyReport& report) {
  if (report.other_form.empty()) return "is not there";
  return absl::StrFormat(
      "is not there; what looks the same, %s, is written in another Unicode form: pitser verify %s "
      "-s %s",
      report.other_form, ShellQuoted(report.other_form), ShellQuoted(report.signature_path));
}

std::string ReportText(const VerifyReport& report, const Console& console) {
  const ledger::VerificationResult& result = report.verdict.result;
  std::string text = HeadlineText(report, console);
  if (result.outcome != Outcome::kOk) {
    text += Line("reason", absl::StrFormat("%s %s: %s", ledger::ErrorCodeName(result.code),
                                           ledger::ErrorCodeText(result.code),
                                           ledger::ErrorCodeExplanation(result.code)));
    if (!result.cause.empty()) text += Line("because", Printable(result.cause));
  }
  text += Line("signed", SigningTimeText(report));
  const std::string identities = IdentityPath(report.signature.Identities());
  if (!identities.empty()) text += Line("through", identities);
  if (result.outcome == Outcome::kOk) text += BasisLines(report);
  for (const std::string& message : Messages(report)) text += Line("note", Printable(message));
  if (result.outcome == Outcome::kOk) {
    if (const std::string more = MoreText(report); !more.empty()) text += Line("for more", more);
  } else if (result.outcome == Outcome::kInconclusive) {
    text += Line("to decide", AdviceForInconclusive(report));
  }
  if (report.explain) text += RulesText(result.verdicts);
  text.pop_back();  // Result() ends the last line.
  return text;
}

std::string ReportJson(const VerifyReport& report) {
  const ledger::VerificationResult& result = report.verdict.result;
  Json json = JsonHead(kSchema, report.exit_code());
  // Of a missing document no rule speaks: the exit code's word stays.
  if (result.outcome != Outcome::kOk || report.missing.empty()) {
    json["reason_code"] = JsonReasonCode(result.code);
  }
  json["reason"] = ledger::ErrorCodeText(result.code);
  json["explanation"] = ledger::ErrorCodeExplanation(result.code);
  json["cause"] = result.cause;
  json["file"] = report.document.empty() ? Json(nullptr) : Json(report.document);
  json["missing_document"] = report.missing.empty() ? Json(nullptr) : Json(report.missing);
  json["signature"] = report.signature_path;
  json["document_hash"] = report.document_hash ? Json(report.document_hash->ToText()) : nullptr;
  json["input_hash"] = report.signature.input_hash().ToText();
  json["input_level"] = report.input_level;
  json["signing_time"] = report.signature.signing_time();
  json["identities"] = JsonIdentities(report.signature.Identities());
  json["policy"] = result.policy;
  json["rule"] = result.rule;

  const Evidence& evidence = *report.evidence;
  Json trust;
  trust["basis"] = client::TrustBasisName(report.verdict.basis);
  const client::Verdict& verdict = report.verdict;
  trust["publication"] = verdict.publication ? JsonPublication(*verdict.publication) : nullptr;
  trust["extended"] = verdict.extended;
  const bool by_extender =
      verdict.extended || verdict.basis == TrustBasis::kCalendar || verdict.extender_contradicts;
  trust["extender"] = by_extender ? Json(report.extender) : nullptr;
  trust["publications_file"] =
      evidence.Publications() != nullptr ? Json(evidence.trust->publications_path) : nullptr;
  trust["roots"] = Json::array();
  if (evidence.trust) {
    // The system's are all too many, and none of them is this ledger's more than another.
    const bool own = evidence.trust->acceptance != client::Acceptance::kBySystem;
    for (const ledger::Certificate& anchor : evidence.trust->anchors) {
      if (own) trust["roots"].push_back(client::FingerprintText(anchor));
    }
    trust["accepted"] = client::AcceptanceName(evidence.trust->acceptance);
    trust["accepted_at"] = JsonTime(evidence.trust->accepted_at);
  }
  trust["at"] = evidence.at_time;
  // When what the verdict rests on was verified, and how that is known, if not now.
  const bool standing =
      evidence.Publications() != nullptr && evidence.standing.witness &&
      (verdict.basis == TrustBasis::kKey || verdict.basis == TrustBasis::kPublicationsFile);
  const auto& past = verdict.from_past;
  trust["verified_at"] = past       ? Json(past->time)
                         : standing ? Json(evidence.standing.time)
                                    : Json(nullptr);
  trust["witness"] = past       ? Json(ledger::WitnessName(past->witness))
                     : standing ? Json(ledger::WitnessName(*evidence.standing.witness))
                                : Json(nullptr);
  json["trust"] = std::move(trust);
  json["suggestion"] = JsonSuggestion(report);
  if (report.explain) json["rules"] = RulesJson(result.verdicts);
  json["messages"] = Messages(report);
  return ToLine(json);
}

std::string VerifyErrorJson(const VerifyTarget& target, const absl::Status& status) {
  Json json = JsonError(kSchema, "signature", target.signature, status);
  if (target.signature.empty()) json["signature"] = nullptr;
  json["file"] = target.document.empty() ? Json(nullptr) : Json(target.document);
  return ToLine(json);
}

}  // namespace pitser::cli
