#include "ledger/verify/verifier.h"

#include <optional>
#include <span>

#include "absl/container/inlined_vector.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
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
    case Policy::kCalendarBased:
      return "calendar-based";
    case Policy::kGeneral:
      return "general";
  }
  return "";
}

namespace {

using internal::RuleList;

bool HasUserPublication(const internal::Evidence& evidence) {
  return evidence.context().user_publication.has_value();
}
bool HasNoUserPublication(const internal::Evidence& evidence) {
  return !HasUserPublication(evidence);
}

// What a policy asks for beyond the internal rules: what it tries, one after the other.
absl::InlinedVector<RuleList, 3> Tries(Policy policy) {
  const auto list = [](Policy of, std::span<const internal::Rule> rules,
                       bool (*applies)(const internal::Evidence&) = nullptr) {
    return RuleList{PolicyName(of), applies, rules};
  };
  switch (policy) {
    case Policy::kInternal:
      return {list(policy, {})};
    case Policy::kKeyBased:
      return {list(policy, internal::KeyRules())};
    case Policy::kPublicationsFileBased:
      return {list(policy, internal::PublicationsFileRules())};
    case Policy::kUserPublicationBased:
      return {list(policy, internal::UserPublicationRules())};
    case Policy::kCalendarBased:
      return {list(policy, internal::CalendarRules())};
    case Policy::kGeneral:
      return {
          list(Policy::kUserPublicationBased, internal::UserPublicationRules(), HasUserPublication),
          list(Policy::kPublicationsFileBased, internal::PublicationsFileRules(),
               HasNoUserPublication),
          list(Policy::kKeyBased, internal::KeyRules(), HasNoUserPublication)};
  }
  PITSER_CHECK(false);
}

std::optional<PublicationData> Suggestion(const VerificationContext& context) {
  if (context.publications_file == nullptr) return std::nullopt;
  const auto& carried = context.signature.publication_record();
  if (carried.has_value() && context.publications_file->FindPublication(carried->data) != nullptr) {
    return std::nullopt;
  }
  const PublicationRecord* nearest =
      context.publications_file->NearestPublication(context.signature.signing_time());
  if (nearest == nullptr) return std::nullopt;
  return nearest->data;
}

}  // namespace

std::optional<PublicationData> NearestPublication(const VerificationContext& context) {
  const std::uint64_t time = context.signature.signing_time();
  const PastPublication* past = context.past == nullptr ? nullptr : context.past->Nearest(time);
  const PublicationRecord* listed = context.publications_file == nullptr
                                        ? nullptr
                                        : context.publications_file->NearestPublication(time);
  if (past != nullptr && (listed == nullptr || past->data.time <= listed->data.time)) {
    return past->data;
  }
  if (listed == nullptr) return std::nullopt;
  return listed->data;
}

absl::StatusOr<VerificationResult> Verify(Policy policy, const VerificationContext& context) {
  internal::Evidence evidence(context);
  PITSER_ASSIGN_OR_RETURN(VerificationResult result,
                          internal::RunRules(internal::InternalRules(), Tries(policy), evidence));
  if (result.outcome != Outcome::kFailed) result.suggestion = Suggestion(context);
  return result;
}

}  // namespace pitser::ledger
