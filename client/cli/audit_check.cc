#include "client/cli/audit_check.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/audit_report.h"
#include "client/cli/evidence.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "client/fork_proof.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using client::ForkProof;
using client::Vouching;

struct Verdict {
  ForkProof proof;
  absl::Status holds;                // CheckFork().
  std::array<Vouching, 2> vouching;  // Of each side's record.
};

absl::StatusOr<Verdict> Check(const AuditOptions& options, const Surroundings& around) {
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector content,
                          ReadInput(options.check_proof, client::kMaxForkProofSize));
  auto proof = client::ParseForkProof(ledger::AsText(content));
  if (!proof.ok()) {
    return WithExitCode(InContext(proof.status(), options.check_proof), ExitCode::kMalformed);
  }
  PITSER_ASSIGN_OR_RETURN(const Evidence trust, LoadEvidence(options.trust, around));
  const absl::Status holds = client::CheckFork(*proof);
  if (absl::IsUnimplemented(holds)) return WithExitCode(holds, ExitCode::kInconclusive);
  const std::array<Vouching, 2> vouching = {
      client::CheckRecord(proof->sides[0].record, trust.Publications()),
      client::CheckRecord(proof->sides[1].record, trust.Publications())};
  return Verdict{.proof = *std::move(proof), .holds = holds, .vouching = vouching};
}

bool Any(const Verdict& verdict, Vouching vouching) {
  return std::ranges::find(verdict.vouching, vouching) != verdict.vouching.end();
}

// Only what the ledger's own keys stand behind is proven to others: everybody could have written
// the rest.
ExitCode CodeOf(const Verdict& verdict) {
  if (!verdict.holds.ok() || Any(verdict, Vouching::kWrong)) return ExitCode::kFailed;
  const bool by_key =
      std::ranges::all_of(verdict.vouching, [](Vouching v) { return v == Vouching::kByKey; });
  return by_key ? ExitCode::kOk : ExitCode::kInconclusive;
}

std::string VouchingText(Vouching vouching) {
  switch (vouching) {
    case Vouching::kByKey:
      return "a key that the publications file lists signed its root";
    case Vouching::kWrong:
      return "its root's signature is not that of the key it names";
    case Vouching::kUnknownKey:
      return "the publications file does not list the key that signed its root";
    case Vouching::kNoRecord:
      break;
  }
  return "nothing at hand says that it told this root";
}

std::string VerdictText(const std::string& path, const Verdict& verdict, const Console& console) {
  const ExitCode code = CodeOf(verdict);
  std::string text = code == ExitCode::kOk       ? console.Good("proven")
                     : code == ExitCode::kFailed ? console.Bad("FAILED")
                                                 : console.Doubtful("cannot tell");
  text += absl::StrFormat(": %s: two different leaves of %s\n", Printable(path),
                          SecondText(verdict.proof.time));
  if (!verdict.holds.ok()) {
    text += Line("wrong", Printable(ledger::ToStd(verdict.holds.message())));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const client::ForkSide& side = verdict.proof.sides[i];
    text += Line("leaf", side.chain.input_hash.ToText() + ", says " + Printable(side.server));
    text += Line("", VouchingText(verdict.vouching[i]));
  }
  text.pop_back();
  return text;
}

std::string_view VouchingName(Vouching vouching) {
  switch (vouching) {
    case Vouching::kByKey:
      return "key";
    case Vouching::kWrong:
      return "wrong";
    case Vouching::kUnknownKey:
      return "unknown-key";
    case Vouching::kNoRecord:
      break;
  }
  return "none";
}

std::string VerdictJson(const std::string& path, const Verdict& verdict) {
  Json json = JsonHead(kAuditSchema, CodeOf(verdict));
  json["proof"] = path;
  json["time"] = verdict.proof.time;
  json["made_at"] = verdict.proof.made_at;
  json["sides"] = Json::array();
  for (std::size_t i = 0; i < 2; ++i) {
    const client::ForkSide& side = verdict.proof.sides[i];
    Json entry;
    entry["server"] = side.server;
    entry["leaf"] = side.chain.input_hash.ToText();
    entry["publication_time"] = side.chain.publication_time;
    entry["vouched_by"] = VouchingName(verdict.vouching[i]);
    json["sides"].push_back(std::move(entry));
  }
  json["messages"] = Json::array();
  if (!verdict.holds.ok()) json["messages"].push_back(std::string(verdict.holds.message()));
  return ToLine(json);
}

}  // namespace

ExitCode RunCheckProof(const AuditOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const auto verdict = Check(options, around);
  if (!verdict.ok()) {
    if (console.json()) {
      console.Result(
          ToLine(JsonError(kAuditSchema, "proof", options.check_proof, verdict.status())));
    }
    return console.Fail(verdict.status());
  }
  console.Result(console.json() ? VerdictJson(options.check_proof, *verdict)
                                : VerdictText(options.check_proof, *verdict, console));
  return CodeOf(*verdict);
}

}  // namespace pitser::cli
