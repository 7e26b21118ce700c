#pragma once

#include <span>
#include <string>

#include "client/cli/json.h"
#include "ledger/verify/result.h"

// `pitser verify --explain`: every rule with its verdict, in order, by the policy that it belongs
// to.
namespace pitser::cli {

// "GEN-01"; null for none.
Json JsonReasonCode(ledger::ErrorCode code);

std::string RulesText(std::span<const ledger::RuleVerdict> verdicts);

// [{"policy", "verdicts": [{"rule", "outcome", "reason_code"}]}]
Json RulesJson(std::span<const ledger::RuleVerdict> verdicts);

}  // namespace pitser::cli
