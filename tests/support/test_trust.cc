#include "tests/support/test_trust.h"

#include <utility>

#include "tests/support/test_keys.h"
#include "tests/support/value_of.h"

namespace pitser::testing {
namespace {

using ledger::Certificate;
using ledger::CertificatePurpose;
using ledger::CertificateRequest;
using ledger::PrivateKey;

constexpr char kPublisherEmail[] = "publications@pitser.example";

CertificateRequest Request(const char* name) {
  CertificateRequest request;
  request.common_name = name;
  request.organization = "Pitser tests";
  request.not_before = kTestTime - kTestDay;
  request.not_after = kTestTime + 3650 * kTestDay;
  return request;
}

TestTrust MakeTrust() {
  PrivateKey root_key = ValueOf(PrivateKey::FromPem(kTestRootKeyPem));
  CertificateRequest root_request = Request("Pitser test root");
  root_request.is_authority = true;
  Certificate root = ValueOf(IssueCertificate(root_request, root_key, nullptr, root_key));

  PrivateKey publisher_key = ValueOf(PrivateKey::FromPem(kTestPublisherKeyPem));
  CertificateRequest publisher_request = Request("Pitser test publications");
  publisher_request.email = kPublisherEmail;
  publisher_request.purpose = CertificatePurpose::kPublications;
  Certificate publisher =
      ValueOf(IssueCertificate(publisher_request, publisher_key, &root, root_key));

  PrivateKey calendar_key = ValueOf(PrivateKey::FromPem(kTestCalendarKeyPem));
  CertificateRequest calendar_request = Request("Pitser test calendar");
  calendar_request.purpose = CertificatePurpose::kCalendar;
  Certificate calendar = ValueOf(IssueCertificate(calendar_request, calendar_key, &root, root_key));
  return TestTrust{std::move(root_key),  std::move(root),         std::move(publisher_key),
                   std::move(publisher), std::move(calendar_key), std::move(calendar)};
}

}  // namespace

const TestTrust& TestTrust::Get() {
  static const TestTrust* const trust = new TestTrust(MakeTrust());
  return *trust;
}

ledger::CertificateRecord TestTrust::calendar_record() const {
  ledger::ByteVector der = calendar.der();
  ledger::ByteVector id = ledger::CertificateIdOf(der);
  return {std::move(id), std::move(der)};
}

ledger::SubjectConstraint TestTrust::constraint() const {
  return {std::string(ledger::kEmailOid), kPublisherEmail};
}

Certificate IssueCalendarCertificate(const PrivateKey& key, std::uint64_t not_before,
                                     std::uint64_t not_after) {
  const TestTrust& trust = TestTrust::Get();
  CertificateRequest request = Request("Pitser test calendar");
  request.not_before = not_before;
  request.not_after = not_after;
  return ValueOf(IssueCertificate(request, key, &trust.root, trust.root_key));
}

ledger::PublicationsFile MakePublicationsFile(std::vector<ledger::CertificateRecord> certificates,
                                              std::vector<ledger::PublicationRecord> publications) {
  const TestTrust& trust = TestTrust::Get();
  ledger::PublicationsFileContent content;
  content.creation_time = kTestTime;
  content.repository_uri = "http://publications.example/file";
  content.certificates = std::move(certificates);
  content.publications = std::move(publications);
  return ValueOf(BuildPublicationsFile(content, trust.publisher, trust.publisher_key, kTestTime));
}

}  // namespace pitser::testing
