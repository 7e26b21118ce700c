#include "ledger/crypto/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "ledger/crypto/openssl_internal.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_keys.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using absl::StatusCode;
using internal::BioPtr;
using internal::CmsPtr;
using internal::ReadOnlyBio;
using testing::IsOk;
using testing::kTestDay;
using testing::kTestTime;
using testing::StatusIs;
using testing::TestTrust;
using testing::ValueOf;

const Bytes kContent = AsBytes("what is signed");

const ByteVector& GoodCms() {
  static const auto* const cms = new ByteVector(ValueOf(
      SignCms(kContent, TestTrust::Get().publisher, TestTrust::Get().publisher_key, kTestTime)));
  return *cms;
}

absl::Status Verify(Bytes content, Bytes cms, std::vector<Certificate> anchors,
                    std::uint64_t at = kTestTime, bool accept_sha1 = false) {
  return VerifyCms(content, cms, anchors, at, accept_sha1).status();
}

// A CMS made by OpenSSL's own call, for shapes that SignCms() would not make.
ByteVector RawCms(unsigned int flags, const EVP_MD* digest, bool second_signer = false) {
  const TestTrust& trust = TestTrust::Get();
  const BioPtr data = ReadOnlyBio(kContent);
  flags |= CMS_BINARY;
  const CmsPtr cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags | CMS_PARTIAL));
  CMS_add1_signer(cms.get(), trust.publisher.handle().x509.get(),
                  trust.publisher_key.handle().key.get(), digest, flags);
  if (second_signer) {
    CMS_add1_signer(cms.get(), trust.calendar.handle().x509.get(),
                    trust.calendar_key.handle().key.get(), digest, flags);
  }
  CMS_final(cms.get(), data.get(), nullptr, flags);
  return internal::ToDer<CMS_ContentInfo>(cms.get(), i2d_CMS_ContentInfo);
}

// The same structure with indefinite lengths outside, as the original service writes it.
ByteVector AsBer(Bytes der) {
  constexpr std::size_t kOidSize = 11;
  const auto rest = der.subspan(4);  // After 30 82 LL LL.
  ByteVector ber = {0x30, 0x80};
  Append(ber, rest.first(kOidSize));
  EXPECT_EQ(rest[kOidSize], 0xa0);  // a0 82 LL LL 30 82 LL LL
  Append(ber, ByteVector{0xa0, 0x80, 0x30, 0x80});
  Append(ber, rest.subspan(kOidSize + 8));
  Append(ber, ByteVector(6, 0));
  return ber;
}

TEST(VerifyCms, AcceptsWhatSignCmsMade) {
  const TestTrust& trust = TestTrust::Get();
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Certificate signer,
      VerifyCms(kContent, GoodCms(), std::vector{trust.root}, kTestTime, false));
  EXPECT_EQ(signer.der(), trust.publisher.der());
}

TEST(VerifyCms, AcceptsIndefiniteLengths) {
  const ByteVector ber = AsBer(GoodCms());
  ASSERT_EQ(ber[1], 0x80);
  PITSER_EXPECT_OK(Verify(kContent, ber, {TestTrust::Get().root}));
  EXPECT_THAT(Verify(AsBytes("what is singed"), ber, {TestTrust::Get().root}),
              StatusIs(StatusCode::kPermissionDenied));
}

TEST(VerifyCms, AnchorNeedsNotBeSelfSigned) {
  PITSER_EXPECT_OK(Verify(kContent, GoodCms(), {TestTrust::Get().publisher}));
}

TEST(VerifyCms, SignerMayBeAmongTheAnchorsOnly) {
  const ByteVector cms = RawCms(CMS_DETACHED | CMS_NOCERTS, EVP_sha256());
  PITSER_EXPECT_OK(Verify(kContent, cms, {TestTrust::Get().publisher}));
  EXPECT_THAT(Verify(kContent, cms, {TestTrust::Get().root}),
              StatusIs(StatusCode::kPermissionDenied, "neither in it nor among"));
}

TEST(VerifyCms, RefusesOtherContent) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_THAT(Verify(AsBytes("what is signet"), GoodCms(), {trust.root}),
              StatusIs(StatusCode::kPermissionDenied, "does not match"));
  EXPECT_THAT(Verify(AsBytes("what is signed "), GoodCms(), {trust.root}),
              StatusIs(StatusCode::kPermissionDenied, "does not match"));
  EXPECT_THAT(Verify(Bytes(), GoodCms(), {trust.root}),
              StatusIs(StatusCode::kPermissionDenied, "does not match"));
}

TEST(VerifyCms, RefusesOtherAnchors) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_THAT(Verify(kContent, GoodCms(), {}),
              StatusIs(StatusCode::kPermissionDenied, "one of the 0 trust anchors"));
  EXPECT_THAT(Verify(kContent, GoodCms(), {trust.calendar}),
              StatusIs(StatusCode::kPermissionDenied, "trust anchor"));
  // The same name, another key.
  const PrivateKey other = ValueOf(PrivateKey::FromPem(testing::kTestOtherKeyPem));
  CertificateRequest request;
  request.common_name = "Pitser test root";
  request.organization = "Pitser tests";
  request.not_before = kTestTime;
  request.not_after = kTestTime + kTestDay;
  request.is_authority = true;
  const Certificate impostor = ValueOf(IssueCertificate(request, other, nullptr, other));
  EXPECT_EQ(impostor.Subject(), trust.root.Subject());
  EXPECT_THAT(Verify(kContent, GoodCms(), {impostor}), StatusIs(StatusCode::kPermissionDenied));
  PITSER_EXPECT_OK(Verify(kContent, GoodCms(), {impostor, trust.root}));
}

TEST(VerifyCms, TakesTimeFromTheCallerAndBothEndsBelong) {
  const TestTrust& trust = TestTrust::Get();
  const std::uint64_t first = trust.publisher.not_before();
  const std::uint64_t last = trust.publisher.not_after();
  PITSER_EXPECT_OK(Verify(kContent, GoodCms(), {trust.root}, first));
  PITSER_EXPECT_OK(Verify(kContent, GoodCms(), {trust.root}, last));
  EXPECT_THAT(Verify(kContent, GoodCms(), {trust.root}, first - 1),
              StatusIs(StatusCode::kOutOfRange, "valid from"));
  EXPECT_THAT(Verify(kContent, GoodCms(), {trust.root}, last + 1),
              StatusIs(StatusCode::kOutOfRange, "valid from"));
  EXPECT_THAT(Verify(kContent, GoodCms(), {trust.root}, ~std::uint64_t{0}),
              StatusIs(StatusCode::kOutOfRange, "valid from"));
}

TEST(VerifyCms, AnchorsMustBeValidToo) {
  const TestTrust& trust = TestTrust::Get();
  CertificateRequest request;
  request.common_name = "Pitser test root";
  request.organization = "Pitser tests";
  request.not_before = trust.root.not_before();
  request.not_after = kTestTime - 1;
  request.is_authority = true;
  const Certificate expired =
      ValueOf(IssueCertificate(request, trust.root_key, nullptr, trust.root_key));
  EXPECT_THAT(Verify(kContent, GoodCms(), {expired}),
              StatusIs(StatusCode::kOutOfRange,
                       "the root certificate 'CN=Pitser test root, O=Pitser "
                       "tests' is valid from 2023-11-13T22:13:21Z to 2023-11-14T22:13:20Z, "
                       "not at 2023-11-14T22:13:21Z"));
  // The renewed one of the same key and name does not suffer from the old one beside it.
  PITSER_EXPECT_OK(Verify(kContent, GoodCms(), {expired, trust.root}));
}

// What never would be trusted is not a matter of dates, whatever the clock says.
TEST(VerifyCms, TellsDatesFromAllElse) {
  const TestTrust& trust = TestTrust::Get();
  const std::uint64_t later = trust.publisher.not_after() + kTestDay;
  EXPECT_THAT(Verify(kContent, GoodCms(), {trust.root}, later),
              StatusIs(StatusCode::kOutOfRange, "to 2033-11-11T22:13:21Z, not at 2033-11-12"));
  EXPECT_THAT(Verify(AsBytes("other"), GoodCms(), {trust.root}, later),
              StatusIs(StatusCode::kPermissionDenied, "does not match"));
  EXPECT_THAT(Verify(kContent, GoodCms(), {trust.calendar}, later),
              StatusIs(StatusCode::kPermissionDenied, "trust anchor"));
  EXPECT_TRUE(VerifyCms(kContent, GoodCms(), std::vector{trust.root}, std::nullopt, false).ok());
}

// The ledger's own calendar certificate has the same root, and is no publisher.
TEST(VerifyCms, RefusesASignerForAnotherPurposeOfALedger) {
  const TestTrust& trust = TestTrust::Get();
  const auto sign = [&](CertificatePurpose purpose) {
    CertificateRequest request;
    request.common_name = "Somebody";
    request.not_before = kTestTime;
    request.not_after = kTestTime + kTestDay;
    request.purpose = purpose;
    const Certificate signer =
        ValueOf(IssueCertificate(request, trust.calendar_key, &trust.root, trust.root_key));
    return ValueOf(SignCms(kContent, signer, trust.calendar_key, kTestTime));
  };
  PITSER_EXPECT_OK(Verify(kContent, sign(CertificatePurpose::kPublications), {trust.root}));
  // As certificates of before, and of other authorities.
  PITSER_EXPECT_OK(Verify(kContent, sign(CertificatePurpose::kAny), {trust.root}));
  EXPECT_THAT(Verify(kContent, sign(CertificatePurpose::kCalendar), {trust.root}),
              StatusIs(StatusCode::kPermissionDenied, "another purpose of a ledger"));
}

TEST(VerifyCms, RefusesACertificateThatIsNotMadeForSigning) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_THAT(Verify(kContent, ValueOf(SignCms(kContent, trust.root, trust.root_key, kTestTime)),
                     {trust.root}),
              StatusIs(StatusCode::kPermissionDenied, "not made for signing"));
}

TEST(VerifyCms, ChainsThroughAuthoritiesOnly) {
  // A certificate of the root issued anew by the publications signer, who is no authority.
  const TestTrust& trust = TestTrust::Get();
  CertificateRequest request;
  request.common_name = "Somebody";
  request.not_before = kTestTime;
  request.not_after = kTestTime + kTestDay;
  const Certificate honest =
      ValueOf(IssueCertificate(request, trust.calendar_key, &trust.root, trust.root_key));
  const internal::X509Ptr forged(X509_dup(honest.handle().x509.get()));
  X509_set_issuer_name(forged.get(), X509_get_subject_name(trust.publisher.handle().x509.get()));
  const int key_id = X509_get_ext_by_NID(forged.get(), NID_authority_key_identifier, -1);
  X509_EXTENSION_free(X509_delete_ext(forged.get(), key_id));
  X509_sign(forged.get(), trust.publisher_key.handle().key.get(), EVP_sha256());
  const Certificate signer =
      ValueOf(Certificate::FromDer(internal::ToDer<X509>(forged.get(), i2d_X509)));

  const ByteVector der = ValueOf(SignCms(kContent, signer, trust.calendar_key, kTestTime));
  const unsigned char* next = der.data();
  const CmsPtr cms(d2i_CMS_ContentInfo(nullptr, &next, static_cast<long>(der.size())));
  CMS_add1_cert(cms.get(), trust.publisher.handle().x509.get());
  const ByteVector with_chain = internal::ToDer<CMS_ContentInfo>(cms.get(), i2d_CMS_ContentInfo);
  EXPECT_THAT(Verify(kContent, with_chain, {trust.root}),
              StatusIs(StatusCode::kPermissionDenied, "CA certificate"));
}

TEST(VerifyCms, RefusesOtherShapes) {
  const std::vector anchors = {TestTrust::Get().root};
  EXPECT_THAT(Verify(kContent, RawCms(0, EVP_sha256()), anchors),
              StatusIs(StatusCode::kInvalidArgument, "not detached"));
  EXPECT_THAT(Verify(kContent, RawCms(CMS_DETACHED, EVP_sha256(), true), anchors),
              StatusIs(StatusCode::kInvalidArgument, "one signer expected, 2 found"));
  EXPECT_THAT(Verify(kContent, RawCms(CMS_DETACHED | CMS_NOATTR, EVP_sha256()), anchors),
              StatusIs(StatusCode::kInvalidArgument, "messageDigest"));
  ByteVector longer = GoodCms();
  longer.push_back(0);
  EXPECT_THAT(Verify(kContent, longer, anchors),
              StatusIs(StatusCode::kInvalidArgument, "1 bytes are left over"));
  EXPECT_THAT(Verify(kContent, Bytes(), anchors), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Verify(kContent, TestTrust::Get().root.der(), anchors),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(VerifyCms, RefusesWeakDigests) {
  const std::vector anchors = {TestTrust::Get().root};
  const ByteVector sha1 = RawCms(CMS_DETACHED, EVP_sha1());
  EXPECT_THAT(Verify(kContent, sha1, anchors), StatusIs(StatusCode::kPermissionDenied, "SHA1"));
  PITSER_EXPECT_OK(Verify(kContent, sha1, anchors, kTestTime, /*accept_sha1=*/true));
  EXPECT_THAT(Verify(kContent, RawCms(CMS_DETACHED, EVP_md5()), anchors, kTestTime, true),
              StatusIs(StatusCode::kPermissionDenied, "MD5"));
  PITSER_EXPECT_OK(Verify(kContent, RawCms(CMS_DETACHED, EVP_sha512()), anchors));
}

// Found by flipping bits: "MD4 with RSA" and "SHA-1 with RSA" were taken for SHA-256 with RSA.
TEST(VerifyCms, SignatureAlgorithmMustBeOfTheDigest) {
  const std::vector anchors = {TestTrust::Get().root};
  const ByteVector rsa_oid = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
  ByteVector cms = GoodCms();
  // The last in the structure is that of the signer's signature algorithm.
  const auto found = std::find_end(cms.begin(), cms.end(), rsa_oid.begin(), rsa_oid.end());
  ASSERT_NE(found, cms.end());
  std::uint8_t& last = *(found + 8);
  for (const int other : {3 /* MD4 */, 5 /* SHA-1 */, 12 /* SHA-384 */}) {
    last = static_cast<std::uint8_t>(other);
    EXPECT_THAT(Verify(kContent, cms, anchors),
                StatusIs(StatusCode::kInvalidArgument, "do not belong together"));
  }
  last = 11;  // SHA-256
  PITSER_EXPECT_OK(Verify(kContent, cms, anchors));
}

TEST(VerifyCms, NeitherTruncationNorBitFlipMakesItSayAnotherThing) {
  const TestTrust& trust = TestTrust::Get();
  const ByteVector& good = GoodCms();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(Verify(kContent, Bytes(good).first(size), {trust.root}),
                StatusIs(StatusCode::kInvalidArgument))
        << size;
  }
  // A flipped bit in the structure may be slack (an algorithm's parameters, a version), but the
  // signer it names is always the one who signed.
#if defined(__SANITIZE_ADDRESS__)
  // 16 of these structures leave 272 bytes each behind, allocated in OpenSSL 3.0; which ones, and
  // whether we could free them, is not found out yet. All other tests are checked for leaks.
  const __lsan::ScopedDisabler leaks_of_openssl;
#endif
  ByteVector flipped = good;
  int slack = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    flipped[i] ^= 0x04;
    const auto signer = VerifyCms(kContent, flipped, std::vector{trust.root}, kTestTime, false);
    if (signer.ok()) {
      ++slack;
      EXPECT_EQ(signer->der(), trust.publisher.der()) << i;
    }
    EXPECT_THAT(Verify(AsBytes("other"), flipped, {trust.root}), ::testing::Not(IsOk())) << i;
    flipped[i] = good[i];
  }
  EXPECT_LT(slack, 64);
}

TEST(SignCms, RefusesForeignKeys) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_THAT(SignCms(kContent, trust.publisher, trust.calendar_key, kTestTime),
              StatusIs(StatusCode::kInvalidArgument, "does not belong"));
  EXPECT_THAT(SignCms(kContent, trust.publisher, trust.publisher_key, 253402300800),
              StatusIs(StatusCode::kInvalidArgument, "signing time"));
}

TEST(SignCms, IsTheSameForTheSameInput) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_EQ(ValueOf(SignCms(kContent, trust.publisher, trust.publisher_key, kTestTime)), GoodCms());
}

TEST(OpensslErrors, AreNotLeftBehindByCms) {
  const TestTrust& trust = TestTrust::Get();
  EXPECT_THAT(Verify(AsBytes("other"), GoodCms(), {trust.root}), ::testing::Not(IsOk()));
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_THAT(Verify(kContent, AsBytes("nonsense"), {trust.root}), ::testing::Not(IsOk()));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(ParseSubjectConstraint, TakesOidsAndNames) {
  PITSER_ASSERT_OK_AND_ASSIGN(const SubjectConstraint email,
                              ParseSubjectConstraint("email=a@b.example"));
  EXPECT_EQ(email.oid, kEmailOid);
  EXPECT_EQ(email.value, "a@b.example");
  PITSER_ASSERT_OK_AND_ASSIGN(const SubjectConstraint oid,
                              ParseSubjectConstraint("2.5.4.10=A = B"));
  EXPECT_EQ(oid.oid, "2.5.4.10");
  EXPECT_EQ(oid.value, "A = B");
  PITSER_ASSERT_OK_AND_ASSIGN(const SubjectConstraint ou, ParseSubjectConstraint("OU=x"));
  EXPECT_EQ(ou.oid, "2.5.4.11");
}

TEST(ParseSubjectConstraint, RefusesAnythingElse) {
  for (const char* text : {"", "email", "=x", "email=", "Email=x", "2.5.4.=x", "2..5=x", "mail=x",
                           "2.5.4.x=y", "9.9.9=x"}) {
    EXPECT_THAT(ParseSubjectConstraint(text), StatusIs(StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace pitser::ledger
