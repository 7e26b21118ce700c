#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/verify/evidence.h"
#include "ledger/verify/rules.h"
#include "ledger/verify/verifier.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {

// A verification to be: a recipe for the signature and everything that is given besides it.
struct Attempt {
  testing::SignatureRecipe recipe = testing::AuthenticatedRecipe();
  std::optional<Imprint> document_hash;
  Level input_level = 0;
  AlgorithmPolicy algorithms = AlgorithmPolicy::Default();
  std::optional<PublicationData> user_publication;
  std::optional<PublicationsFile> publications_file;
  ExtendFunction extend;
  bool extending_allowed = false;

  // Calls `use` with the context; what it refers to lives as long as the call.
  template <typename Use>
  auto With(Use&& use) const {
    const Signature signature = testing::MakeSignature(recipe);
    VerificationContext context{
        .signature = signature,
        .document_hash = document_hash,
        .input_level = input_level,
        .user_publication = user_publication,
        .publications_file = publications_file.has_value() ? &*publications_file : nullptr,
        .extend = extend,
        .extending_allowed = extending_allowed,
        .algorithms = algorithms};
    return use(context);
  }

  absl::StatusOr<VerificationResult> Verify(Policy policy) const {
    return With(
        [&](const VerificationContext& context) { return ledger::Verify(policy, context); });
  }

  // The names of all internal rules that do not pass, when none stops the others.
  std::vector<std::string> BrokenInternalRules() const {
    return With([](const VerificationContext& context) {
      internal::Evidence evidence(context);
      std::vector<std::string> broken;
      for (const internal::Rule& rule : internal::InternalRules()) {
        if (rule.applies != nullptr && !rule.applies(evidence)) continue;
        if (!testing::ValueOf(rule.check(evidence)).passes) broken.emplace_back(rule.name);
      }
      return broken;
    });
  }
};

// A way to break one rule, and the nearest thing to it that passes.
struct RuleCase {
  std::string name;  // Of the case, in CamelCase.
  ErrorCode code;
  std::string rule;
  std::function<void(Attempt&)> breaks;
  std::function<void(Attempt&)> passes;
  std::string also = "";  // A rule that cannot but break with it.
};

inline void PrintTo(const RuleCase& rule_case, std::ostream* out) { *out << rule_case.name; }

// The dates of the registry, with `algorithm` deprecated or obsolete from a second on.
inline AlgorithmPolicy DeprecatedSince(HashAlgorithm algorithm, std::uint64_t time) {
  return AlgorithmPolicy({{algorithm, {.deprecated_since = time, .obsolete_since = std::nullopt}}});
}
inline AlgorithmPolicy ObsoleteSince(HashAlgorithm algorithm, std::uint64_t time) {
  return AlgorithmPolicy({{algorithm, {.deprecated_since = std::nullopt, .obsolete_since = time}}});
}

}  // namespace pitser::ledger
