#include "ledger/verify/key_memory.h"

#include <utility>

namespace pitser::ledger::internal {

KeyMemory::Known* KeyMemory::Find(Bytes der) {
  for (std::optional<Known>& known : known_) {
    if (known.has_value() && Equal(known->der, der)) return &*known;
  }
  absl::StatusOr<Certificate> certificate = Certificate::FromDer(der);
  if (!certificate.ok()) return nullptr;
  std::optional<Known>& place = known_[oldest_];
  oldest_ = (oldest_ + 1) % kCertificates;
  place.emplace(
      Known{.der = ToVector(der), .certificate = *std::move(certificate), .verified = {}});
  return &*place;
}

std::optional<Certificate> KeyMemory::Decode(Bytes der) {
  const Known* const known = Find(der);
  if (known == nullptr) return std::nullopt;
  return known->certificate;
}

bool KeyMemory::Verifies(Bytes der, const CalendarAuthenticationRecord& record) {
  Known* const known = Find(der);
  if (known == nullptr) return false;
  const Bytes message = record.signed_bytes;
  const Bytes signature = record.signature_value;
  if (signature.empty()) return check_(known->certificate, record.signature_type, message, {});
  known->verified.resize(kRecords);
  VerifiedRecord& place = known->verified[signature.back()];
  if (Equal(place.signature, signature) && Equal(place.message, message) &&
      place.oid == record.signature_type) {
    return true;
  }
  if (!check_(known->certificate, record.signature_type, message, signature)) return false;
  place = {std::string(record.signature_type), ToVector(message), ToVector(signature)};
  return true;
}

}  // namespace pitser::ledger::internal
