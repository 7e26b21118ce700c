#include "client/cli/audit_report.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/cli/json.h"
#include "client/cli/text.h"

namespace pitser::cli {
namespace {

using client::ClaimKind;
using client::Finding;
using client::Judgement;

std::size_t CountHeld(const AuditReport& report, ClaimKind kind) {
  return static_cast<std::size_t>(
      std::ranges::count_if(report.judgements, [&](const Judgement& judgement) {
        return judgement.claim.kind == kind && judgement.finding == Finding::kHolds;
      }));
}

ExitCode ReportCode(const AuditReport& report) {
  if (!report.failures.empty() || !report.forgeries.empty()) return ExitCode::kFailed;
  return report.doubts.empty() && report.anchored ? ExitCode::kOk : ExitCode::kInconclusive;
}

// "3 publications", "1 publication".
std::string Counted(std::size_t count, std::string_view what) {
  return absl::StrFormat("%d %s%s", count, what, count == 1 ? "" : "s");
}

std::string Headline(const AuditReport& report, const Console& console) {
  const std::string name = Printable(report.name);
  if (!report.failures.empty()) {
    std::string text = console.Bad("FAILED") + ": " + name + " is not what it published";
    if (report.broken) text += ": its leaves differ " + RangeText(*report.broken);
    return text;
  }
  if (!report.forgeries.empty()) {
    return console.Bad("FAILED") + ": what " + name + " was to be held to is itself wrong";
  }
  if (ReportCode(report) == ExitCode::kInconclusive) {
    return console.Doubtful("cannot tell") + ": whether " + name + " is what it published";
  }
  return console.Good("ok") + ": " + name + " is what it published";
}

std::string ReportText(const AuditReport& report, const Console& console) {
  std::string text = Headline(report, console) + "\n";
  for (const std::string& failure : report.failures) text += Line("wrong", Printable(failure));
  for (const std::string& forgery : report.forgeries) text += Line("wrong", Printable(forgery));
  for (const std::string& doubt : report.doubts) text += Line("open", Printable(doubt));
  if (!report.anchored && report.failures.empty()) {
    text += Line("open",
                 "it agrees with itself, but nobody else's word was there to hold it to: "
                 "give --trust, --publication or --signature");
  }
  if (!report.root) return text;
  if (report.first <= report.last) {
    text += Line("replayed", absl::StrFormat("%s to %s, %d with a leaf", SecondText(report.first),
                                             SecondText(report.last), report.leaves));
  } else {
    text += Line("replayed", "nothing new since " + SecondText(report.last));
  }
  if (report.since > 0) {
    text += Line("before", absl::StrFormat("%s counts as one value", SecondText(report.since)));
  }
  text += Line("root", report.root->ToText());
  const std::size_t publications =
      CountHeld(report, ClaimKind::kPublication) + report.publications_before;
  text += Line("holds", Counted(publications, "publication") + ", " +
                            Counted(CountHeld(report, ClaimKind::kRecord),
                                    "calendar authentication record"));
  if (report.saved_at) text += Line("goes on", "from the audit of " + FormatTime(*report.saved_at));
  return text;
}

std::string ForkText(const AuditOutcome& outcome, const Console& console) {
  const client::ForkProof& fork = *outcome.fork;
  std::string text = absl::StrFormat("%s: %s and %s tell different leaves for %s\n",
                                     console.Bad("FAILED"), Printable(fork.sides[0].server),
                                     Printable(fork.sides[1].server), SecondText(fork.time));
  for (const client::ForkSide& side : fork.sides) {
    text += Line("leaf", side.chain.input_hash.ToText() + ", says " + Printable(side.server));
    text += Line("", side.record.empty() ? "only its own word stands behind that"
                                         : "a signed root stands behind that");
  }
  return text + Line("proof", Printable(outcome.proof_path));
}

Json JudgementJson(const Judgement& judgement) {
  Json json;
  json["kind"] = client::ClaimKindName(judgement.claim.kind);
  json["time"] = judgement.claim.time;
  json["source"] = judgement.claim.source;
  json["expected"] = judgement.claim.value.ToText();
  json["found"] = judgement.found ? Json(judgement.found->ToText()) : Json(nullptr);
  return json;
}

Json ReportJson(const AuditReport& report) {
  Json json;
  json["name"] = report.name;
  json["result"] = InfoOf(ReportCode(report)).result;
  json["first_time"] = report.first;
  json["last_time"] = report.last;
  json["since"] = report.since;
  json["leaves"] = report.leaves;
  json["root"] = report.root ? Json(report.root->ToText()) : Json(nullptr);
  json["publications_held"] =
      CountHeld(report, ClaimKind::kPublication) + report.publications_before;
  json["records_held"] = CountHeld(report, ClaimKind::kRecord);
  json["goes_on_from"] = report.saved_at ? Json(*report.saved_at) : Json(nullptr);
  json["differs"] = nullptr;
  if (report.broken) {
    json["differs"] = Json::object();
    json["differs"]["after"] = report.broken->after ? Json(*report.broken->after) : Json(nullptr);
    json["differs"]["last"] = report.broken->last;
  }
  json["broken"] = Json::array();
  json["open"] = Json::array();
  for (const Judgement& judgement : report.judgements) {
    const bool before = judgement.finding == Finding::kOpen && judgement.claim.time <= report.last;
    if (judgement.finding == Finding::kHolds || (before && report.doubts.empty())) continue;
    json[judgement.finding == Finding::kBroken ? "broken" : "open"].push_back(
        JudgementJson(judgement));
  }
  json["messages"] = Json::array();
  for (const auto* list : {&report.failures, &report.forgeries, &report.doubts}) {
    for (const std::string& message : *list) json["messages"].push_back(message);
  }
  return json;
}

Json ForkJson(const AuditOutcome& outcome) {
  Json json;
  json["time"] = outcome.fork->time;
  json["proof"] = outcome.proof_path;
  json["sides"] = Json::array();
  for (const client::ForkSide& side : outcome.fork->sides) {
    Json entry;
    entry["server"] = side.server;
    entry["leaf"] = side.chain.input_hash.ToText();
    entry["signed"] = !side.record.empty();
    json["sides"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

ExitCode AuditExitCode(const AuditOutcome& outcome) {
  ExitCode code = outcome.fork ? ExitCode::kFailed : ExitCode::kOk;
  for (const AuditReport& report : outcome.reports) code = Worse(code, ReportCode(report));
  return code;
}

std::string AuditText(const AuditOutcome& outcome, const Console& console) {
  std::string text;
  if (outcome.fork) text += ForkText(outcome, console);
  for (const AuditReport& report : outcome.reports) text += ReportText(report, console);
  if (outcome.reports.size() == 2 && !outcome.fork) {
    const std::uint64_t both = std::min(outcome.reports[0].last, outcome.reports[1].last);
    if (AuditExitCode(outcome) != ExitCode::kFailed) {
      text += "both tell the same leaves up to " + SecondText(both) + "\n";
    }
  }
  text.pop_back();
  return text;
}

std::string AuditJson(const AuditOutcome& outcome) {
  Json json = JsonHead(kAuditSchema, AuditExitCode(outcome));
  json["audits"] = Json::array();
  for (const AuditReport& report : outcome.reports) json["audits"].push_back(ReportJson(report));
  json["fork"] = outcome.fork ? ForkJson(outcome) : Json(nullptr);
  json["states"] = outcome.states;
  return ToLine(json);
}

}  // namespace pitser::cli
