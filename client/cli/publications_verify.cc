#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/publications_text.h"
#include "client/cli/text.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::PublicationsFile;

struct Verdict {
  ExitCode code = ExitCode::kOk;
  std::string problem;  // Empty when it is verified.
};

Verdict Judge(const Evidence& evidence) {
  const absl::Status status = client::CheckPublicationsFile(*evidence.trust->publications,
                                                            *evidence.trust, evidence.at_time)
                                  .status();
  if (status.ok()) return {};
  return {.code = ExitCodeOf(NotBelieved(status, "")), .problem = std::string(status.message())};
}

std::string Constraints(const client::Trust& trust) {
  std::string text;
  for (const ledger::SubjectConstraint& constraint : trust.constraints) {
    text += (text.empty() ? "" : " and ") +
            absl::StrFormat("%s = %s", constraint.oid, Printable(constraint.value));
  }
  return text;
}

std::string VerdictText(const std::string& path, const Evidence& evidence, const Verdict& verdict,
                        const Console& console) {
  const PublicationsFile& file = *evidence.trust->publications;
  std::string text = verdict.code == ExitCode::kOk       ? console.Good("verified")
                     : verdict.code == ExitCode::kFailed ? console.Bad("FAILED")
                                                         : console.Doubtful("cannot tell");
  text += ": " + Printable(path) + "\n";
  if (!verdict.problem.empty()) text += Line("reason", Printable(verdict.problem));
  text += Line("holds", PublicationsSummary(file));
  text += Line("made", FormatTime(file.content().creation_time));
  if (verdict.code == ExitCode::kOk) {
    text += Line("signed by", "one whose certificate says " + Constraints(*evidence.trust));
    text += Line("rests on", evidence.RootText());
    if (const std::string standing = evidence.StandingText(); !standing.empty()) {
      text += Line("believed", standing);
    }
  }
  text += Line("judged at", FormatTime(evidence.at_time));
  if (const std::string warning = evidence.FirstUseWarning(); !warning.empty()) {
    text += Line("warning", Printable(warning));
  }
  text.pop_back();
  return text;
}

std::string VerdictJson(const std::string& path, const Evidence& evidence, const Verdict& verdict) {
  Json json = JsonHead(kPublicationsSchema, verdict.code);
  json["file"] = path;
  AddPublicationsFile(json, *evidence.trust->publications);
  json["at"] = evidence.at_time;
  json["constraints"] = Json::array();
  for (const ledger::SubjectConstraint& constraint : evidence.trust->constraints) {
    json["constraints"].push_back(constraint.oid + "=" + constraint.value);
  }
  json["roots"] = Json::array();
  for (const ledger::Certificate& anchor : evidence.trust->anchors) {
    json["roots"].push_back(client::FingerprintText(anchor));
  }
  json["messages"] = Json::array();
  if (!verdict.problem.empty()) json["messages"].push_back(verdict.problem);
  if (const std::string warning = evidence.FirstUseWarning(); !warning.empty()) {
    json["messages"].push_back(warning);
  }
  return ToLine(json);
}

absl::StatusOr<Evidence> Load(const PublicationsVerifyOptions& options,
                              const Surroundings& around) {
  TrustOptions trust = options.trust;
  if (!options.file.empty()) trust.publications_file = options.file;
  PITSER_ASSIGN_OR_RETURN(Evidence evidence, LoadEvidence(trust, around));
  if (evidence.trust && evidence.trust->publications) return evidence;
  return Error(ExitCode::kInconclusive, "there is no publications file to verify",
               "name one, or a trust folder that has one by --trust DIR");
}

}  // namespace

ExitCode RunPublicationsVerify(const PublicationsVerifyOptions& options,
                               const Surroundings& around) {
  Console& console = around.console;
  const auto evidence = Load(options, around);
  if (!evidence.ok()) {
    if (console.json()) {
      console.Result(
          ToLine(JsonError(kPublicationsSchema, "file", options.file, evidence.status())));
    }
    return console.Fail(evidence.status());
  }
  const std::string& path = evidence->trust->publications_path;
  const Verdict verdict = Judge(*evidence);
  console.Result(console.json() ? VerdictJson(path, *evidence, verdict)
                                : VerdictText(path, *evidence, verdict, console));
  return verdict.code;
}

}  // namespace pitser::cli
