#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ledger/verify/engine.h"

// The rules, by policy. The order is part of the meaning: the first that does not pass decides.
namespace pitser::ledger::internal {

std::span<const Rule> InternalRules();          // Spec/ksi-signature.md 9.5.
std::span<const Rule> KeyRules();               // 9.6
std::span<const Rule> PublicationsFileRules();  // 9.7
std::span<const Rule> UserPublicationRules();   // 9.8
std::span<const Rule> CalendarRules();          // 9.9

// Conditions and checks that several lists share.
inline bool HasCalendarChain(const Evidence& evidence) {
  return evidence.signature().calendar_chain().has_value();
}
absl::StatusOr<Finding> CheckHasPublicationsFile(Evidence& evidence);
absl::StatusOr<Finding> CheckCalendarAlgorithmsTrusted(Evidence& evidence);

// The extender gives a chain to `publication_time` (nothing: its newest). Whoever comes after this
// rule in a list may count on evidence.Extended(publication_time).
absl::StatusOr<Finding> CheckExtenderAnswers(Evidence& evidence,
                                             std::optional<std::uint64_t> publication_time);
// The chain that the extender gave begins at the aggregation root.
absl::StatusOr<Finding> CheckExtendedInput(Evidence& evidence,
                                           std::optional<std::uint64_t> publication_time);

}  // namespace pitser::ledger::internal
