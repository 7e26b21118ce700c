#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "ledger/verify/evidence.h"
#include "ledger/verify/result.h"

// The machine behind Verify(): what a rule and a policy are. For ledger/verify and its tests only.
namespace pitser::ledger::internal {

// What a rule found. Small, because each of a signature's twenty-odd rules returns one.
struct Finding {
  bool passes;
  // For an inconclusive rule that does not pass: what was missing, in words. Null: nothing to say.
  std::unique_ptr<std::string> cause;

  static Finding If(bool passes) { return {passes, nullptr}; }
  static Finding Pass() { return If(true); }
  static Finding Missing(std::string cause) {
    return {false, std::make_unique<std::string>(std::move(cause))};
  }
  // Passes, or misses what `cause` says.
  static Finding Needs(bool passes, std::string_view cause) {
    return passes ? Pass() : Missing(std::string(cause));
  }
};

// A small named thing that is looked at in a signature. Its code also says whether not passing
// proves something wrong or only leaves it open (OutcomeOf()).
struct Rule {
  std::string_view name;  // Stable, kebab-case.
  ErrorCode code;
  // Null: always. A rule that does not apply is passed over and leaves no verdict.
  bool (*applies)(const Evidence&);
  // An error Status is outside the three outcomes and ends the whole verification.
  absl::StatusOr<Finding> (*check)(Evidence&);
};

// A policy's own rules, run in order after the internal ones.
struct RuleList {
  std::string_view name;
  // Null: always. Lets a policy choose by what is at hand.
  bool (*applies)(const Evidence&);
  std::span<const Rule> rules;
};

// Runs `first` and then each of `tries` that applies. The first rule that does not pass decides
// the list it stands in. A failure ends everything, and so does an inconclusive `first`; a list of
// `tries` that is merely inconclusive hands on to the next one, and if all are, the last decides,
// with the causes of all.
// The result's policy is the name of the list that decided, or that of the first that applies when
// `first` did.   Errors: those of the rules.
absl::StatusOr<VerificationResult> RunRules(std::span<const Rule> first,
                                            std::span<const RuleList> tries, Evidence& evidence);

}  // namespace pitser::ledger::internal
