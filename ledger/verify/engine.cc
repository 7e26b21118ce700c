#include "ledger/verify/engine.h"

#include <cstddef>

#include "ledger/base/status.h"

namespace pitser::ledger::internal {
namespace {

// As many as a policy leaves of a signature that was not converted from RFC 3161: the verdicts are
// allocated once. That is a thousand bytes, and allocators have those at hand, of twice as many
// not.
constexpr std::size_t kUsualVerdicts = 25;

// Adds a cause that is not there yet: two lists may lack the same thing.
void Join(std::string& causes, std::string_view cause) {
  if (causes.find(cause) != std::string::npos) return;
  if (!causes.empty()) causes += "; ";
  causes += cause;
}

// Runs the rules of a policy up to the first that does not pass and leaves the outcome in `result`.
absl::Status RunList(std::string_view policy, std::span<const Rule> rules, Evidence& evidence,
                     VerificationResult& result) {
  result.outcome = Outcome::kOk;
  result.code = ErrorCode::kNone;
  result.rule = {};
  for (const Rule& rule : rules) {
    if (rule.applies != nullptr && !rule.applies(evidence)) continue;
    absl::StatusOr<Finding> finding = rule.check(evidence);
    if (!finding.ok()) return Annotate(finding.status(), rule.name);
    if (finding->passes) {
      result.verdicts.push_back({rule.name, Outcome::kOk, ErrorCode::kNone, policy});
      continue;
    }
    result.outcome = OutcomeOf(rule.code);
    result.code = rule.code;
    result.rule = rule.name;
    if (finding->cause != nullptr) result.cause = std::move(*finding->cause);
    result.verdicts.push_back({rule.name, result.outcome, rule.code, policy});
    break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VerificationResult> RunRules(std::span<const Rule> first,
                                            std::span<const RuleList> tries, Evidence& evidence) {
  VerificationResult result{.outcome = Outcome::kOk};
  result.verdicts.reserve(kUsualVerdicts);
  PITSER_RETURN_IF_ERROR(RunList(PolicyName(Policy::kInternal), first, evidence, result));
  const bool first_passed = result.outcome == Outcome::kOk;
  std::string earlier_causes;
  for (const RuleList& list : tries) {
    if (list.applies != nullptr && !list.applies(evidence)) continue;
    result.policy = list.name;
    if (!first_passed) break;
    result.cause.clear();
    PITSER_RETURN_IF_ERROR(RunList(list.name, list.rules, evidence, result));
    if (result.outcome != Outcome::kInconclusive) break;
    Join(earlier_causes, result.cause);
    result.cause = earlier_causes;
  }
  return result;
}

}  // namespace pitser::ledger::internal
