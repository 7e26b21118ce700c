#include "ledger/crypto/certificate.h"

#include <openssl/err.h>

#include <limits>
#include <thread>

#include "ledger/base/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_keys.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::kTestDay;
using testing::kTestTime;
using testing::StatusIs;
using testing::TestTrust;
using testing::ValueOf;

constexpr std::string_view kRsaSha256 = "1.2.840.113549.1.1.11";
constexpr std::string_view kEmail = "1.2.840.113549.1.9.1";
constexpr std::string_view kCommonName = "2.5.4.3";

CertificateRequest Request() {
  CertificateRequest request;
  request.common_name = "Someone";
  request.organization = "Some Organisation";
  request.email = "someone@example.com";
  request.not_before = kTestTime;
  request.not_after = kTestTime + kTestDay;
  return request;
}

absl::StatusOr<Certificate> Issue(const CertificateRequest& request) {
  const TestTrust& trust = TestTrust::Get();
  return IssueCertificate(request, trust.publisher_key, &trust.root, trust.root_key);
}

TEST(IssueCertificate, SaysWhatWasAskedFor) {
  PITSER_ASSERT_OK_AND_ASSIGN(const Certificate certificate, Issue(Request()));
  EXPECT_EQ(certificate.not_before(), kTestTime);
  EXPECT_EQ(certificate.not_after(), kTestTime + kTestDay);
  EXPECT_EQ(certificate.SubjectAttribute(kEmail), "someone@example.com");
  EXPECT_EQ(certificate.SubjectAttribute(kCommonName), "Someone");
  EXPECT_EQ(certificate.SubjectAttribute("2.5.4.6"), std::nullopt);
  EXPECT_EQ(certificate.SubjectAttribute("no oid"), std::nullopt);
  EXPECT_EQ(certificate.Subject(),
            "emailAddress=someone@example.com, CN=Someone, O=Some Organisation");
  EXPECT_TRUE(TestTrust::Get().publisher_key.Matches(certificate));
  EXPECT_FALSE(TestTrust::Get().root_key.Matches(certificate));
}

TEST(IssueCertificate, SaysWhatItIsFor) {
  CertificateRequest request = Request();
  const Certificate any = ValueOf(Issue(request));
  request.purpose = CertificatePurpose::kPublications;
  const Certificate publications = ValueOf(Issue(request));
  request.purpose = CertificatePurpose::kCalendar;
  const Certificate calendar = ValueOf(Issue(request));
  EXPECT_TRUE(any.MayServe(CertificatePurpose::kPublications));
  EXPECT_TRUE(any.MayServe(CertificatePurpose::kCalendar));
  EXPECT_TRUE(publications.MayServe(CertificatePurpose::kPublications));
  EXPECT_FALSE(publications.MayServe(CertificatePurpose::kCalendar));
  EXPECT_FALSE(calendar.MayServe(CertificatePurpose::kPublications));
  EXPECT_TRUE(calendar.MayServe(CertificatePurpose::kCalendar));
  // Stored in certificates that live for years: never another one.
  EXPECT_NE(ToHex(calendar.der())
                .find("06232a864886f71401be40937a819572838d7581cb0481834182ba24878a8b1587e2ab6202"),
            std::string::npos)
      << ToHex(calendar.der());
}

TEST(IssueCertificate, EndsOfTheValidityBelongToIt) {
  PITSER_ASSERT_OK_AND_ASSIGN(const Certificate certificate, Issue(Request()));
  EXPECT_FALSE(certificate.ValidAt(kTestTime - 1));
  EXPECT_TRUE(certificate.ValidAt(kTestTime));
  EXPECT_TRUE(certificate.ValidAt(kTestTime + kTestDay));
  EXPECT_FALSE(certificate.ValidAt(kTestTime + kTestDay + 1));
}

TEST(IssueCertificate, ReachesBeyond2049) {
  CertificateRequest request = Request();
  request.not_after = 4102444800;  // 2100-01-01: only GeneralizedTime can say it.
  PITSER_ASSERT_OK_AND_ASSIGN(const Certificate certificate, Issue(request));
  EXPECT_EQ(certificate.not_after(), 4102444800u);
  request.not_after = 253402300799;  // The last second of the year 9999.
  PITSER_ASSERT_OK_AND_ASSIGN(const Certificate last, Issue(request));
  EXPECT_EQ(last.not_after(), 253402300799u);
}

TEST(IssueCertificate, IsSignedWithSha256WithRsaEncryption) {
  // 30 82 LL LL (certificate) 30 82 ... (to be signed) ... 30 0d 06 09 <oid> 05 00 03 ...
  PITSER_ASSERT_OK_AND_ASSIGN(const Certificate certificate, Issue(Request()));
  const std::string hex = ToHex(certificate.der());
  const std::string algorithm = "300d06092a864886f70d01010b0500";
  EXPECT_NE(hex.find(algorithm), hex.rfind(algorithm));  // Inside, and beside the signature.
}

TEST(IssueCertificate, GivesEachItsOwnSerial) {
  EXPECT_NE(ValueOf(Issue(Request())).der(), ValueOf(Issue(Request())).der());
}

TEST(IssueCertificate, RefusesWhatNoCertificateCanSay) {
  CertificateRequest request = Request();
  request.common_name = "";
  EXPECT_THAT(Issue(request), StatusIs(StatusCode::kInvalidArgument, "common name"));
  request = Request();
  request.common_name = std::string(65, 'x');
  EXPECT_THAT(Issue(request), StatusIs(StatusCode::kInvalidArgument, "common name"));
  request = Request();
  request.organization = "\xff\xfe";
  EXPECT_THAT(Issue(request), StatusIs(StatusCode::kInvalidArgument, "organization"));
  request = Request();
  request.email = "k\xc3\xb5igile@example.com";  // IA5 only.
  EXPECT_THAT(Issue(request), StatusIs(StatusCode::kInvalidArgument, "e-mail"));
  request = Request();
  request.not_after = request.not_before - 1;
  EXPECT_THAT(Issue(request), StatusIs(StatusCode::kInvalidArgument, "valid from"));
  request.not_after = 253402300800;  // Year 10000.
  EXPECT_THAT(Issue(request), StatusIs(StatusCode::kInvalidArgument, "valid from"));
}

TEST(IssueCertificate, RefusesIssuersThatAreNone) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_THAT(IssueCertificate(Request(), trust.publisher_key, &trust.root, trust.calendar_key),
              StatusIs(StatusCode::kInvalidArgument, "does not belong"));
  EXPECT_THAT(IssueCertificate(Request(), trust.publisher_key, &trust.calendar, trust.calendar_key),
              StatusIs(StatusCode::kInvalidArgument, "authority"));
  EXPECT_THAT(IssueCertificate(Request(), trust.publisher_key, nullptr, trust.root_key),
              StatusIs(StatusCode::kInvalidArgument, "own key"));
}

TEST(Certificate, DerAndPemGoRound) {
  const Certificate& root = TestTrust::Get().root;
  PITSER_ASSERT_OK_AND_ASSIGN(const Certificate from_der, Certificate::FromDer(root.der()));
  EXPECT_EQ(from_der.der(), root.der());
  PITSER_ASSERT_OK_AND_ASSIGN(const Certificate from_pem, Certificate::FromPem(root.pem()));
  EXPECT_EQ(from_pem.der(), root.der());
  EXPECT_EQ(from_pem.Fingerprint(), root.Fingerprint());
  EXPECT_EQ(root.Fingerprint().size(), 32u);
}

TEST(Certificate, DerRefusesAnythingElse) {
  ByteVector der = TestTrust::Get().root.der();
  der.push_back(0);
  EXPECT_THAT(Certificate::FromDer(der), StatusIs(StatusCode::kInvalidArgument, "left over"));
  EXPECT_THAT(Certificate::FromDer(Bytes(der).first(der.size() - 2)),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Certificate::FromDer(Bytes()), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Certificate::FromDer(AsBytes("certificate")), StatusIs(StatusCode::kInvalidArgument));
}

TEST(Certificate, EveryTruncationIsRefused) {
  const ByteVector der = TestTrust::Get().root.der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_THAT(Certificate::FromDer(Bytes(der).first(size)),
                StatusIs(StatusCode::kInvalidArgument));
  }
}

TEST(Certificate, PemOfSeveral) {
  const TestTrust& trust = TestTrust::Get();
  const std::string both = "# a comment\n" + trust.root.pem() + "\n" + trust.publisher.pem();
  PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<Certificate> all, Certificate::AllFromPem(both));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].der(), trust.publisher.der());
  EXPECT_THAT(Certificate::FromPem(both), StatusIs(StatusCode::kInvalidArgument, "2 found"));
}

TEST(Certificate, PemRefusesWhatIsNone) {
  const std::string pem = TestTrust::Get().root.pem();
  EXPECT_THAT(Certificate::AllFromPem(""), StatusIs(StatusCode::kInvalidArgument, "no PEM"));
  EXPECT_THAT(Certificate::AllFromPem(testing::kTestRootKeyPem),
              StatusIs(StatusCode::kInvalidArgument, "no PEM"));
  std::string broken = pem;
  broken[pem.size() / 2] = '!';
  EXPECT_THAT(Certificate::AllFromPem(broken), StatusIs(StatusCode::kInvalidArgument));
  // A good one does not excuse a broken one after it.
  EXPECT_THAT(Certificate::AllFromPem(pem + broken), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Certificate::AllFromPem(pem + pem.substr(0, pem.size() / 2)),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(PrivateKey, PemGoesRound) {
  PITSER_ASSERT_OK_AND_ASSIGN(const PrivateKey key, PrivateKey::GenerateRsa(2048));
  PITSER_ASSERT_OK_AND_ASSIGN(const PrivateKey again, PrivateKey::FromPem(key.SecretPem()));
  EXPECT_EQ(again.SecretPem(), key.SecretPem());
  EXPECT_TRUE(key.SecretPem().starts_with("-----BEGIN PRIVATE KEY-----"));
}

TEST(PrivateKey, RefusesWhatIsNone) {
  EXPECT_THAT(PrivateKey::FromPem(""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(PrivateKey::FromPem(TestTrust::Get().root.pem()),
              StatusIs(StatusCode::kInvalidArgument));
  const std::string pem = testing::kTestRootKeyPem;
  EXPECT_THAT(PrivateKey::FromPem(pem.substr(0, 700)), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(PrivateKey::GenerateRsa(1024), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(PrivateKey::GenerateRsa(16384), StatusIs(StatusCode::kInvalidArgument));
}

TEST(PrivateKey, RefusesOneUnderAPasswordWithoutAsking) {
  // openssl genpkey -algorithm ED25519 -aes-128-cbc -pass pass:x
  constexpr char kEncrypted[] = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhL3FN/3aNiVgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEKiOThw88SVdu6IaUkx5eTYEQBbN
6tHTafsxN7wBimCdBGQ1uWicNjnSjf5i+61gwN9OSKhwLLT5bibiUqmWtor54Arx
aloLw1xRXRECsk7OE+Q=
-----END ENCRYPTED PRIVATE KEY-----
)";
  EXPECT_THAT(PrivateKey::FromPem(kEncrypted),
              StatusIs(StatusCode::kInvalidArgument, "unencrypted"));
}

// openssl genpkey -algorithm ED25519
constexpr char kEd25519Pem[] = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIGmLC4fe/MqUjKX/pyIbMmyek0XR91HOxN5PbeWKR/HP
-----END PRIVATE KEY-----
)";

TEST(PrivateKey, OnlyRsaMakesRsaSignatures) {
  PITSER_ASSERT_OK_AND_ASSIGN(const PrivateKey key, PrivateKey::FromPem(kEd25519Pem));
  EXPECT_THAT(key.SignRsaSha256(AsBytes("x")), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(IssueCertificate(Request(), key, nullptr, key),
              StatusIs(StatusCode::kInvalidArgument, "RSA"));
}

TEST(VerifyRsaSignature, TakesWhatWasSignedAndNothingElse) {
  const TestTrust& trust = TestTrust::Get();
  const Bytes message = AsBytes("publication data");
  PITSER_ASSERT_OK_AND_ASSIGN(ByteVector signature, trust.calendar_key.SignRsaSha256(message));
  EXPECT_EQ(signature.size(), 256u);
  EXPECT_TRUE(VerifyRsaSignature(trust.calendar, kRsaSha256, message, signature));

  EXPECT_FALSE(
      VerifyRsaSignature(trust.calendar, kRsaSha256, AsBytes("publication dat"), signature));
  EXPECT_FALSE(VerifyRsaSignature(trust.publisher, kRsaSha256, message, signature));
  EXPECT_FALSE(VerifyRsaSignature(trust.calendar, kRsaSha256, message, Bytes()));
  EXPECT_FALSE(
      VerifyRsaSignature(trust.calendar, kRsaSha256, message, Bytes(signature).first(255)));
  for (std::string_view oid :
       {"1.2.840.113549.1.1.5", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13",
        "1.2.840.113549.1.7.2", "1.2.840.113549.1.1.11 ", ""}) {
    EXPECT_FALSE(VerifyRsaSignature(trust.calendar, oid, message, signature)) << oid;
  }
  for (std::size_t i = 0; i < signature.size(); ++i) {
    signature[i] ^= 1;
    EXPECT_FALSE(VerifyRsaSignature(trust.calendar, kRsaSha256, message, signature)) << i;
    signature[i] ^= 1;
  }
}

TEST(OpensslErrors, AreNotLeftBehind) {
  EXPECT_FALSE(Certificate::FromDer(AsBytes("nothing")).ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_FALSE(PrivateKey::FromPem("nothing").ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_FALSE(
      VerifyRsaSignature(TestTrust::Get().root, kRsaSha256, AsBytes("m"), AsBytes("nothing")));
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_FALSE(Certificate::AllFromPem("nothing").ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(Certificate, IsSharedBetweenThreads) {
  const TestTrust& trust = TestTrust::Get();
  const ByteVector signature = ValueOf(trust.calendar_key.SignRsaSha256(AsBytes("m")));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_TRUE(VerifyRsaSignature(trust.calendar, kRsaSha256, AsBytes("m"), signature));
        EXPECT_TRUE(trust.calendar_key.Matches(trust.calendar));
        EXPECT_EQ(trust.publisher.SubjectAttribute(kEmail), "publications@pitser.example");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace pitser::ledger
