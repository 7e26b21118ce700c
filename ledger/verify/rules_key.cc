#include <string>

#include "ledger/base/hex.h"
#include "ledger/verify/rules.h"

// Key-based verification: a key that the publications file names vouches for the calendar root.
// Source: spec 9.6, 7.2, 7.3.
namespace pitser::ledger::internal {
namespace {

using Result = absl::StatusOr<Finding>;

Result CheckHasCalendarChain(Evidence& evidence) {
  return Finding::Needs(HasCalendarChain(evidence),
                        "the signature has no calendar hash chain, so no key vouches for it");
}

Result CheckHasAuthenticationRecord(Evidence& evidence) {
  return Finding::Needs(evidence.signature().authentication_record().has_value(),
                        "the signature carries no calendar authentication record, so no key "
                        "vouches for it");
}

Result CheckCertificateListed(Evidence& evidence) {
  if (evidence.certificate_record() != nullptr) return Finding::Pass();
  return Finding::Missing("the publications file lists no certificate with the id " +
                          ToHex(evidence.signature().authentication_record()->certificate_id));
}

// A certificate that cannot be decoded is judged by the next rule: its key is unusable.
Result CheckCertificateValid(Evidence& evidence) {
  const std::optional<Certificate>& certificate = evidence.certificate();
  return Finding::If(
      !certificate.has_value() ||
      certificate->ValidAt(evidence.signature().calendar_chain()->AggregationTime()));
}

Result CheckAuthenticationSignature(Evidence& evidence) {
  return Finding::If(evidence.AuthenticationSignatureVerifies());
}

constexpr Rule kKeyRules[] = {
    {"calendar-chain-is-present", ErrorCode::kGen02, nullptr, CheckHasCalendarChain},
    {"calendar-algorithms-are-trusted", ErrorCode::kGen02, nullptr, CheckCalendarAlgorithmsTrusted},
    {"authentication-record-is-present", ErrorCode::kGen02, nullptr, CheckHasAuthenticationRecord},
    {"publications-file-is-at-hand", ErrorCode::kGen02, nullptr, CheckHasPublicationsFile},
    {"certificate-is-listed", ErrorCode::kGen02, nullptr, CheckCertificateListed},
    {"certificate-was-valid", ErrorCode::kKey03, nullptr, CheckCertificateValid},
    {"authentication-signature-verifies", ErrorCode::kKey02, nullptr, CheckAuthenticationSignature},
};

}  // namespace

std::span<const Rule> KeyRules() { return kKeyRules; }

Result CheckHasPublicationsFile(Evidence& evidence) {
  return Finding::Needs(evidence.context().publications_file != nullptr,
                        "no publications file at hand");
}

Result CheckCalendarAlgorithmsTrusted(Evidence& evidence) {
  return Finding::Needs(
      !CalendarDeprecated(*evidence.signature().calendar_chain(), evidence.algorithms()),
      "the calendar hash chain uses a hash algorithm that was deprecated at its publication time");
}

}  // namespace pitser::ledger::internal
