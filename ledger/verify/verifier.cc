#include "ledger/verify/verifier.h"

#include "ledger/base/check.h"
#include "ledger/verify/engine.h"
#include "ledger/verify/rules.h"

namespace pitser::ledger {

std::string_view PolicyName(Policy policy) {
  switch (policy) {
    case Policy::kInternal:
      return "internal";
    case Policy::kKeyBased:
      return "key-based";
    case Policy::kPublicationsFileBased:
      return "publications-file-based";
    case Policy::kUserPublicationBased:
      return "user-publication-based";
  }
  return "";
}

namespace {

// What a policy asks for beyond the internal rules.
std::span<const internal::Rule> OwnRules(Policy policy) {
  switch (policy) {
    case Policy::kInternal:
      return {};
    case Policy::kKeyBased:
      return internal::KeyRules();
    case Policy::kPublicationsFileBased:
      return internal::PublicationsFileRules();
    case Policy::kUserPublicationBased:
      return internal::UserPublicationRules();
  }
  PITSER_CHECK(false);
}

}  // namespace

absl::StatusOr<VerificationResult> Verify(Policy policy, const VerificationContext& context) {
  internal::Evidence evidence(context);
  const internal::RuleList tries[] = {{PolicyName(policy), nullptr, OwnRules(policy)}};
  return internal::RunRules(internal::InternalRules(), tries, evidence);
}

}  // namespace pitser::ledger
