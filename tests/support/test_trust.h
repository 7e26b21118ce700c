#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/crypto/certificate.h"
#include "ledger/crypto/cms.h"
#include "ledger/format/publications_file.h"

namespace pitser::testing {

// The second around which made signatures live: 2023-11-14T22:13:21Z.
inline constexpr std::uint64_t kTestTime = 1700000001;
inline constexpr std::uint64_t kTestDay = 86400;

// A ledger's key set: root certificate, publications signer, calendar authentication key.
// Made once a process, from fixed keys.
struct TestTrust {
  static const TestTrust& Get();

  ledger::PrivateKey root_key;
  ledger::Certificate root;
  ledger::PrivateKey publisher_key;
  ledger::Certificate publisher;
  ledger::PrivateKey calendar_key;
  ledger::Certificate calendar;

  // What a publications file lists for the calendar key.
  ledger::CertificateRecord calendar_record() const;
  // What the publications signer's subject has.
  ledger::SubjectConstraint constraint() const;
};

// A certificate of `key` for authenticating calendars, signed by the test root.
ledger::Certificate IssueCalendarCertificate(const ledger::PrivateKey& key,
                                             std::uint64_t not_before, std::uint64_t not_after);

// A publications file with these certificates and publications, signed by the test publisher.
ledger::PublicationsFile MakePublicationsFile(std::vector<ledger::CertificateRecord> certificates,
                                              std::vector<ledger::PublicationRecord> publications);

}  // namespace pitser::testing
