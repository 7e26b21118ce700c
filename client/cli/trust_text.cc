#include "client/cli/trust_text.h"

#include "absl/strings/str_format.h"
#include "client/cli/evidence.h"
#include "client/cli/json.h"
#include "client/cli/settings.h"
#include "client/cli/text.h"
#include "ledger/crypto/trust_code.h"

namespace pitser::cli {
namespace {

std::string AcceptanceText(const client::Trust& trust) {
  const std::string when = FormatTime(trust.accepted_at);
  switch (trust.acceptance) {
    case client::Acceptance::kByPath:
      return "by its path: whoever put it there vouches for it";
    case client::Acceptance::kByFingerprint:
      return "by its fingerprint, on " + when;
    case client::Acceptance::kByPerson:
      return "by a person who saw the fingerprint, on " + when;
    case client::Acceptance::kBySystem:
      return "by being in the system's store";
    case client::Acceptance::kOnFirstUse:
      break;
  }
  return "on first use, on " + when + "; its fingerprint was never compared";
}

std::string PublicationsText(const ledger::PublicationsFile& file) {
  const std::size_t count = file.content().publications.size();
  const ledger::PublicationRecord* latest = file.LatestPublication();
  std::string text =
      absl::StrFormat("%d, file of %s", count, FormatTime(file.content().creation_time));
  if (latest != nullptr) {
    absl::StrAppendFormat(&text, "; the newest of %s: %s", FormatTime(latest->data.time),
                          ledger::EncodePublicationCode(latest->data));
  }
  return text;
}

}  // namespace

std::string TrustText(const std::string& folder, const client::Trust& trust,
                      std::string_view problem) {
  std::string text = absl::StrFormat("trust in %s\n", Printable(folder));
  for (const ledger::Certificate& anchor : trust.anchors) {
    text += Line("root", Printable(anchor.Subject()));
    text += Line("", client::FingerprintText(anchor));
    text += Line("code", ledger::TrustCode(anchor, trust.constraints) +
                             ", of root and signer: what people compare");
  }
  text += Line("accepted", AcceptanceText(trust));
  if (!trust.server.empty()) text += Line("from", Printable(trust.server));
  for (const ledger::SubjectConstraint& constraint : trust.constraints) {
    text += Line("signer", absl::StrFormat("%s = %s", constraint.oid, Printable(constraint.value)));
  }
  text +=
      Line("publications", trust.publications ? PublicationsText(*trust.publications) : "no file");
  if (const auto& past = trust.past.file(); past) {
    text += Line("record", absl::StrFormat("%d publications stay believed; the newest file was %s",
                                           trust.past.publications().size(),
                                           WitnessText(past->witness, past->time)));
  }
  if (!problem.empty()) text += Line("problem", Printable(problem));
  text.pop_back();
  return text;
}

std::string TrustJson(const std::string& folder, const client::Trust& trust,
                      std::string_view problem) {
  Json json = JsonHead(kTrustSchema, problem.empty() ? ExitCode::kOk : ExitCode::kInconclusive);
  json["folder"] = folder;
  json["roots"] = Json::array();
  for (const ledger::Certificate& anchor : trust.anchors) {
    Json root;
    root["subject"] = anchor.Subject();
    root["fingerprint"] = client::FingerprintText(anchor);
    root["code"] = ledger::TrustCode(anchor, trust.constraints);
    root["not_before"] = anchor.not_before();
    root["not_after"] = anchor.not_after();
    json["roots"].push_back(std::move(root));
  }
  json["accepted"] = client::AcceptanceName(trust.acceptance);
  json["accepted_at"] = JsonTime(trust.accepted_at);
  json["server"] = trust.server.empty() ? Json(nullptr) : Json(trust.server);
  json["constraints"] = Json::array();
  for (const ledger::SubjectConstraint& constraint : trust.constraints) {
    json["constraints"].push_back(constraint.oid + "=" + constraint.value);
  }
  json["publications"] = nullptr;
  json["latest_publication"] = nullptr;
  if (trust.publications) {
    json["publications"] = trust.publications->content().publications.size();
    if (const auto* latest = trust.publications->LatestPublication(); latest != nullptr) {
      json["latest_publication"] = JsonPublication(*latest);
    }
  }
  json["messages"] = Json::array();
  if (!problem.empty()) json["messages"].push_back(problem);
  return ToLine(json);
}

}  // namespace pitser::cli
