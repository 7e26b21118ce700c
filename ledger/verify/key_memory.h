#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/crypto/certificate.h"
#include "ledger/format/signature.h"

namespace pitser::ledger::internal {

// The certificates that were decoded last, and the calendar authentication records whose signature
// verified with each: signatures of one round carry one record, and one certificate vouches for
// months. Decoding costs 0.45 ms, checking a record 20 us, all the rest of a verification 2 us.
//
// Both are pure functions of the bytes they get, and what is remembered is found again by all of
// these bytes only: the certificate's, the algorithm's OID, the signed bytes and the signature. So
// the answer is that of the function itself, whatever was asked before and under which policy.
// Only a yes is remembered: a no may have been for want of memory.
// Shape:  4 certificates with 256 records each; some 0.5 MB when all are full.
// Thread: one at a time.
class KeyMemory {
 public:
  // VerifyRsaSignature(), or what a test counts the calls of.
  using Check = bool (*)(const Certificate&, std::string_view oid, Bytes message, Bytes signature);

  explicit KeyMemory(Check check = VerifyRsaSignature) : check_(check) {}

  // What Certificate::FromDer() gives; nothing where that has an error.
  std::optional<Certificate> Decode(Bytes der);

  // What VerifyRsaSignature() says of the record's signature with the certificate of these bytes;
  // false when they are none.
  bool Verifies(Bytes der, const CalendarAuthenticationRecord& record);

 private:
  static constexpr std::size_t kCertificates = 4;
  static constexpr std::size_t kRecords = 256;

  struct VerifiedRecord {
    std::string oid;
    ByteVector message, signature;
  };
  // A record verified with this very certificate: they come and go together.
  struct Known {
    ByteVector der;
    Certificate certificate;
    // Each in the place that the last byte of its signature says; empty places have no signature.
    std::vector<VerifiedRecord> verified;
  };

  // Null when the bytes are no certificate.
  Known* Find(Bytes der);

  const Check check_;
  std::array<std::optional<Known>, kCertificates> known_;
  std::size_t oldest_ = 0;  // The place to be given to the next certificate.
};

}  // namespace pitser::ledger::internal
