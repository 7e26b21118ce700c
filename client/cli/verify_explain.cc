#include "client/cli/verify_explain.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"

namespace pitser::cli {
namespace {

// Calls `take` with each run of verdicts that belong to one policy, in order.
template <typename Take>
void ForEachPolicy(std::span<const ledger::RuleVerdict> verdicts, const Take& take) {
  for (std::size_t begin = 0; begin < verdicts.size();) {
    std::size_t end = begin;
    while (end < verdicts.size() && verdicts[end].policy == verdicts[begin].policy) ++end;
    take(verdicts[begin].policy, verdicts.subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace

Json JsonReasonCode(ledger::ErrorCode code) {
  if (code == ledger::ErrorCode::kNone) return nullptr;
  return ledger::ErrorCodeName(code);
}

std::string RulesText(std::span<const ledger::RuleVerdict> verdicts) {
  std::string text;
  ForEachPolicy(
      verdicts, [&](std::string_view policy, std::span<const ledger::RuleVerdict> of_policy) {
        absl::StrAppendFormat(&text, "  rules: %s\n", policy);
        for (const ledger::RuleVerdict& verdict : of_policy) {
          const std::string_view code = ledger::ErrorCodeName(verdict.code);
          absl::StrAppendFormat(&text, "    %-12s %s%s%s\n", ledger::OutcomeName(verdict.outcome),
                                verdict.rule, code.empty() ? "" : "  ", code);
        }
      });
  return text;
}

Json RulesJson(std::span<const ledger::RuleVerdict> verdicts) {
  Json groups = Json::array();
  ForEachPolicy(verdicts,
                [&](std::string_view policy, std::span<const ledger::RuleVerdict> of_policy) {
                  Json group;
                  group["policy"] = policy;
                  group["verdicts"] = Json::array();
                  for (const ledger::RuleVerdict& verdict : of_policy) {
                    Json entry;
                    entry["rule"] = verdict.rule;
                    entry["outcome"] = ledger::OutcomeName(verdict.outcome);
                    entry["reason_code"] = JsonReasonCode(verdict.code);
                    group["verdicts"].push_back(std::move(entry));
                  }
                  groups.push_back(std::move(group));
                });
  return groups;
}

}  // namespace pitser::cli
