// The three publications files of the public test pack. Source: spec/ksi-signature.md 10.6.

#include "ledger/format/publications_file.h"
#include "ledger/format/tlv.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using absl::StatusCode;
using testing::StatusIs;
using testing::ValueOf;

constexpr char kReal[] = "publications-file.bin";
constexpr char kResigned[] = "publications-file-resigned.bin";
constexpr char kDeprecated[] = "publications-file-for-deprecated-algorithm-in-calendar-chain.bin";
constexpr char kAnchor[] = "cert-file-for-deprecated-algorithm-in-calendar-chain.pem";

ByteVector Resource(const char* name) {
  return ValueOf(testing::ReadFileBytes(*testing::TestPackDir() / "policy-verification-signatures" /
                                        "resources" / name));
}

PublicationsFile Load(const char* name) { return ValueOf(PublicationsFile::Parse(Resource(name))); }

std::vector<Certificate> Anchor() {
  return ValueOf(Certificate::AllFromPem(AsText(Resource(kAnchor))));
}

absl::Status Verify(const PublicationsFile& file, std::uint64_t at, bool accept_sha1,
                    std::vector<Certificate> anchors,
                    const std::string& email = "publications@guardtime.com") {
  const std::vector<SubjectConstraint> constraints = {{std::string(kEmailOid), email}};
  return VerifyPublicationsFile(file, anchors, constraints, at, accept_sha1);
}

TEST(PackPublicationsFiles, SayWhatTheSpecSays) {
  PITSER_NEED_TESTPACK();
  for (const char* name : {kReal, kResigned}) {
    const PublicationsFile file = Load(name);
    EXPECT_EQ(file.content().certificates.size(), 4u);
    EXPECT_EQ(file.content().publications.size(), 116u);
    EXPECT_EQ(file.content().creation_time, 0x65f9d011u);
  }
  const PublicationsFile file = Load(kDeprecated);
  EXPECT_EQ(file.content().certificates.size(), 2u);
  EXPECT_EQ(file.content().publications.size(), 4u);
}

TEST(PackPublicationsFiles, CertificateIdsAreChecksums) {
  PITSER_NEED_TESTPACK();
  int certificates = 0;
  for (const char* name : {kReal, kResigned, kDeprecated}) {
    const PublicationsFile file = Load(name);
    for (const CertificateRecord& record : file.content().certificates) {
      EXPECT_EQ(record.id, CertificateIdOf(record.der));
      PITSER_EXPECT_OK(Certificate::FromDer(record.der));
      EXPECT_EQ(file.FindCertificate(record.id), &record);
      ++certificates;
    }
  }
  EXPECT_EQ(certificates, 10);
}

TEST(PackPublicationsFiles, EveryPublicationIsFound) {
  PITSER_NEED_TESTPACK();
  const PublicationsFile file = Load(kReal);
  for (const PublicationRecord& record : file.content().publications) {
    EXPECT_NE(file.FindPublication(record.data), nullptr);
    EXPECT_EQ(file.NearestPublication(record.data.time)->data, record.data);
    EXPECT_FALSE(record.references.empty());
  }
  EXPECT_EQ(file.LatestPublication(), &file.content().publications.back());
}

TEST(PackPublicationsFiles, ResignedOnesVerifyWithTheirAnchorAtTheirTime) {
  PITSER_NEED_TESTPACK();
  for (const char* name : {kResigned, kDeprecated}) {
    const PublicationsFile file = Load(name);
    const std::uint64_t created = file.content().creation_time;
    PITSER_EXPECT_OK(Verify(file, created, /*accept_sha1=*/true, Anchor()));
    EXPECT_THAT(Verify(file, created, /*accept_sha1=*/false, Anchor()),
                StatusIs(StatusCode::kPermissionDenied, "SHA1"));
    EXPECT_THAT(Verify(file, created, true, {}), StatusIs(StatusCode::kPermissionDenied, "chain"));
    EXPECT_THAT(Verify(file, created, true, Anchor(), "publications@guardtime.co"),
                StatusIs(StatusCode::kPermissionDenied, "expected to have"));
    EXPECT_THAT(Verify(file, 1783900800, true, Anchor()),  // 2026-07-13, three days too late.
                StatusIs(StatusCode::kOutOfRange, "valid from"));
  }
}

TEST(PackPublicationsFiles, RealOneVerifiesWithItsOwnIntermediate) {
  PITSER_NEED_TESTPACK();
  const PublicationsFile file = Load(kReal);
  // The intermediate is the CMS's own; it is lifted out of its bytes: a certificate of 4 bytes of
  // header, found by trying, which needs no knowledge of CMS.
  std::vector<Certificate> anchors;
  for (std::size_t i = 0; i + 4 < file.cms().size(); ++i) {
    const Bytes at = file.cms().subspan(i);
    if (at[0] != 0x30 || at[1] != 0x82) continue;
    const std::size_t size = 4 + (std::size_t{at[2]} << 8 | at[3]);
    if (size > at.size()) continue;
    const auto certificate = Certificate::FromDer(at.first(size));
    if (certificate.ok() && !certificate->SubjectAttribute(kEmailOid)) {
      anchors.push_back(*certificate);
    }
  }
  ASSERT_EQ(anchors.size(), 1u);
  const std::uint64_t created = file.content().creation_time;
  PITSER_EXPECT_OK(Verify(file, created, false, anchors));
  EXPECT_THAT(Verify(file, created, false, Anchor()),
              StatusIs(StatusCode::kPermissionDenied, "chain"));
  EXPECT_THAT(Verify(file, created, false, anchors, "someone@guardtime.com"),
              StatusIs(StatusCode::kPermissionDenied, "expected to have"));
  EXPECT_THAT(Verify(file, 1785974400, false, anchors),  // 2026-08-06, the signer ran out in July.
              StatusIs(StatusCode::kOutOfRange, "valid from"));
}

TEST(PackPublicationsFiles, SignedRangeIsExact) {
  PITSER_NEED_TESTPACK();
  const PublicationsFile file = Load(kResigned);
  const std::uint64_t created = file.content().creation_time;
  PITSER_EXPECT_OK(VerifyCms(file.signed_bytes(), file.cms(), Anchor(), created, true));
  // Without the magic, with the header of the signature, without the last byte.
  const Bytes bytes = file.bytes();
  const std::size_t size = file.signed_bytes().size();
  for (Bytes range : {bytes.subspan(8, size - 8), bytes.first(size + 4), bytes.first(size - 1)}) {
    EXPECT_THAT(VerifyCms(range, file.cms(), Anchor(), created, true),
                StatusIs(StatusCode::kPermissionDenied, "does not match"));
  }
}

TEST(PackPublicationsFiles, ChangedOnesAreRefused) {
  PITSER_NEED_TESTPACK();
  const ByteVector bytes = Resource(kResigned);
  const std::uint64_t created = Load(kResigned).content().creation_time;
  for (std::ptrdiff_t cut : {1, 100, 2000, 20000}) {
    EXPECT_THAT(PublicationsFile::Parse({bytes.begin(), bytes.end() - cut}),
                StatusIs(StatusCode::kInvalidArgument, "offset"));
  }
  ByteVector changed = bytes;
  changed[changed.size() / 2] ^= 1;  // Somewhere in a publication's reference or hash.
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, PublicationsFile::Parse(changed));
  EXPECT_THAT(Verify(file, created, true, Anchor()),
              StatusIs(StatusCode::kPermissionDenied, "does not match"));
}

TEST(PackPublicationsFiles, AreRebuiltFromTheirContent) {
  PITSER_NEED_TESTPACK();
  // Our writer makes the original service's bytes, up to the signature.
  const PublicationsFile file = Load(kReal);
  const PrivateKey key = ValueOf(PrivateKey::GenerateRsa(2048));
  CertificateRequest request;
  request.common_name = "Somebody";
  request.not_after = 4102444800;
  const Certificate signer = ValueOf(IssueCertificate(request, key, nullptr, key));
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile rebuilt,
                              BuildPublicationsFile(file.content(), signer, key, 1700000000));
  EXPECT_TRUE(Equal(rebuilt.signed_bytes(), file.signed_bytes()));
}

}  // namespace
}  // namespace pitser::ledger
