#include "ledger/format/publications_file.h"

#include <functional>

#include "ledger/format/tlv.h"
#include "tests/support/status_matchers.h"
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

Imprint HashOf(std::uint8_t fill) {
  return Imprint::Make(HashAlgorithm::kSha256,
                       [&](std::span<std::uint8_t> out) { std::ranges::fill(out, fill); });
}

PublicationRecord Record(std::uint64_t time, std::uint8_t fill) {
  return {{time, HashOf(fill)}, {}, {}};
}

PublicationsFileContent Content() {
  PublicationsFileContent content;
  content.creation_time = kTestTime;
  content.repository_uri = "https://example.com/publications.bin";
  content.certificates = {TestTrust::Get().calendar_record(), {{0x01, 0x02}, {0x30}}};
  content.publications = {Record(100, 1), Record(200, 2), Record(200, 3), Record(300, 4)};
  content.publications[1].references = {"Financial Times, 2026-11-15", "Äripäev"};
  content.publications[1].repository_uris = {"https://example.com/"};
  return content;
}

absl::StatusOr<PublicationsFile> Build(const PublicationsFileContent& content) {
  return BuildPublicationsFile(content, TestTrust::Get().publisher, TestTrust::Get().publisher_key,
                               kTestTime);
}

absl::Status Verify(const PublicationsFile& file, std::uint64_t at = kTestTime) {
  return VerifyPublicationsFile(file, std::vector{TestTrust::Get().root},
                                std::vector{TestTrust::Get().constraint()}, at);
}

TEST(BuildPublicationsFile, IsParsedAndVerifiedAgain) {
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile built, Build(Content()));
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file,
                              PublicationsFile::Parse(ToVector(built.bytes())));
  EXPECT_EQ(file.content().creation_time, kTestTime);
  EXPECT_EQ(file.content().repository_uri, "https://example.com/publications.bin");
  ASSERT_EQ(file.content().certificates.size(), 2u);
  EXPECT_EQ(file.content().certificates[0].der, TestTrust::Get().calendar.der());
  EXPECT_EQ(file.content().certificates[0].id, CertificateIdOf(TestTrust::Get().calendar.der()));
  ASSERT_EQ(file.content().publications.size(), 4u);
  const PublicationRecord& second = file.content().publications[1];
  EXPECT_EQ(second.data, (PublicationData{200, HashOf(2)}));
  EXPECT_EQ(second.references.size(), 2u);
  EXPECT_EQ(second.repository_uris, std::vector<std::string>{"https://example.com/"});
  EXPECT_EQ(file.signed_bytes().size() + 4 + file.cms().size(), file.bytes().size());
  PITSER_EXPECT_OK(Verify(file));
}

TEST(BuildPublicationsFile, EmptyOneIsAFileToo) {
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build({}));
  EXPECT_EQ(file.LatestPublication(), nullptr);
  EXPECT_EQ(file.NearestPublication(0), nullptr);
  EXPECT_EQ(file.content().repository_uri, "");
  PITSER_EXPECT_OK(Verify(file));
}

TEST(BuildPublicationsFile, SortsByTime) {
  PublicationsFileContent content;
  content.publications = {Record(300, 1), Record(100, 2), Record(200, 3)};
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build(content));
  EXPECT_EQ(file.content().publications[0].data.time, 100u);
  EXPECT_EQ(file.content().publications[2].data.time, 300u);
}

// No limit is near, and none is in anything but bytes of the file.
TEST(BuildPublicationsFile, HundredYearsOfDailyPublicationsAreNoMatter) {
  constexpr std::uint64_t kDays = 36'525;
  PublicationsFileContent content;
  content.creation_time = kTestTime;
  for (std::uint64_t day = 0; day < kDays; ++day) {
    content.publications.push_back(Record(kTestTime + day * kTestDay, day & 0xFF));
  }
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build(content));
  ASSERT_EQ(file.content().publications.size(), kDays);
  EXPECT_LT(file.bytes().size(), kMaxPublicationsFileSize / 30);
  EXPECT_THAT(Verify(file), IsOk());
  const std::uint64_t time = kTestTime + 30'000 * kTestDay;
  ASSERT_NE(file.NearestPublication(time - 5), nullptr);
  EXPECT_EQ(file.NearestPublication(time - 5)->data.time, time);
}

TEST(BuildPublicationsFile, RefusesWhatDoesNotFit) {
  const auto refused = [](const std::function<void(PublicationsFileContent&)>& change) {
    PublicationsFileContent content = Content();
    change(content);
    EXPECT_THAT(Build(content), StatusIs(StatusCode::kInvalidArgument));
  };
  refused([](auto& c) { c.creation_time = std::uint64_t{1} << 63; });
  refused([](auto& c) { c.publications[0].data.time = ~std::uint64_t{0}; });
  refused([](auto& c) { c.repository_uri = std::string(65535, 'x'); });
  refused([](auto& c) { c.repository_uri = std::string("a\0b", 3); });
  refused([](auto& c) { c.repository_uri = "\xff"; });
  refused([](auto& c) { c.publications[0].references = {""}; });
  refused([](auto& c) { c.publications[0].references = {"a", std::string(65535, 'x')}; });
  refused([](auto& c) { c.publications[0].references.assign(1000, std::string(70, 'x')); });
  refused([](auto& c) { c.publications[0].repository_uris = {std::string(1, '\0')}; });
  refused([](auto& c) { c.certificates[0].der = ByteVector(65535); });
  refused([](auto& c) { c.certificates[0].id = ByteVector(70000); });
}

TEST(PublicationsFile, LooksUp) {
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build(Content()));
  const ByteVector id = CertificateIdOf(TestTrust::Get().calendar.der());
  ASSERT_NE(file.FindCertificate(id), nullptr);
  EXPECT_EQ(file.FindCertificate(id)->der, TestTrust::Get().calendar.der());
  EXPECT_EQ(file.FindCertificate(Bytes(id).first(3)), nullptr);
  EXPECT_EQ(file.FindCertificate(Bytes()), nullptr);

  EXPECT_TRUE(file.HasPublicationAt(200));
  EXPECT_FALSE(file.HasPublicationAt(201));
  EXPECT_FALSE(file.HasPublicationAt(301));
  // Two of one time: either hash is found, a third is not.
  EXPECT_NE(file.FindPublication({200, HashOf(2)}), nullptr);
  EXPECT_NE(file.FindPublication({200, HashOf(3)}), nullptr);
  EXPECT_EQ(file.FindPublication({200, HashOf(4)}), nullptr);
  EXPECT_EQ(file.FindPublication({199, HashOf(2)}), nullptr);

  EXPECT_EQ(file.NearestPublication(0)->data.time, 100u);
  EXPECT_EQ(file.NearestPublication(100)->data.time, 100u);
  EXPECT_EQ(file.NearestPublication(101)->data.time, 200u);
  EXPECT_EQ(file.NearestPublication(301), nullptr);
  EXPECT_EQ(file.LatestPublication()->data.time, 300u);
}

// Files made piece by piece, to break them.
ByteVector Magic() { return ToVector(AsBytes("KSIPUBLF")); }

ByteVector Nested(std::uint16_t type, const std::function<void(ByteVector&)>& fill,
                  TlvFlags flags = {}) {
  ByteVector value;
  fill(value);
  ByteVector out;
  WriteElement(out, type, value, flags);
  return out;
}

ByteVector Header() {
  return Nested(0x701, [](ByteVector& v) {
    WriteInt(v, 1, 1);
    WriteInt(v, 2, kTestTime);
  });
}
ByteVector CertificateElement() {
  return Nested(0x702, [](ByteVector& v) {
    WriteElement(v, 1, ByteVector{1, 2, 3, 4});
    WriteElement(v, 2, ByteVector{0x30, 0});
  });
}
ByteVector PublicationElement() {
  ByteVector out;
  WritePublicationRecord(out, Record(100, 1), PublicationDataPlace::kPublicationsFile);
  return out;
}
ByteVector CmsElement() {
  return Nested(0x704, [](ByteVector& v) { v = {0x30, 0}; });
}
ByteVector Unknown(std::uint16_t type, bool non_critical) {
  return Nested(type, [](ByteVector& v) { v = {1, 2, 3}; }, {.non_critical = non_critical});
}

absl::StatusOr<PublicationsFile> Parse(std::initializer_list<ByteVector> pieces) {
  ByteVector bytes;
  for (const ByteVector& piece : pieces) Append(bytes, piece);
  return PublicationsFile::Parse(bytes);
}

TEST(ParsePublicationsFile, TakesThePiecesInOrder) {
  PITSER_EXPECT_OK(
      Parse({Magic(), Header(), CertificateElement(), PublicationElement(), CmsElement()}));
  PITSER_EXPECT_OK(Parse({Magic(), Header(), CmsElement()}));
  PITSER_EXPECT_OK(Parse({Magic(), Header(), CertificateElement(), CertificateElement(),
                          PublicationElement(), PublicationElement(), CmsElement()}));
}

TEST(ParsePublicationsFile, SkipsUnknownNonCriticalElements) {
  PITSER_EXPECT_OK(Parse({Magic(), Header(), Unknown(0x705, true), CertificateElement(),
                          Unknown(0x05, true), CmsElement()}));
  PITSER_EXPECT_OK(Parse({Magic(),
                          Nested(0x701,
                                 [](ByteVector& v) {
                                   WriteInt(v, 2, 5);
                                   WriteInt(v, 9, 5, {.non_critical = true});
                                   WriteInt(v, 1, 1);
                                 }),
                          CmsElement()}));
}

TEST(ParsePublicationsFile, RefusesMalformedOnes) {
  const auto refused = [](std::initializer_list<ByteVector> pieces, const char* why) {
    EXPECT_THAT(Parse(pieces), StatusIs(StatusCode::kInvalidArgument, why));
  };
  const ByteVector magic = Magic();
  const ByteVector header = Header();
  const ByteVector certificate = CertificateElement();
  const ByteVector publication = PublicationElement();
  const ByteVector cms = CmsElement();
  refused({}, "KSIPUBLF");
  refused({ToVector(AsBytes("KSIPUBLG")), header, cms}, "KSIPUBLF");
  refused({ToVector(AsBytes("KSIPUBL"))}, "KSIPUBLF");
  refused({header, cms}, "KSIPUBLF");
  refused({magic}, "header: is missing");
  refused({magic, cms}, "the header does not come first");
  refused({magic, certificate, header, cms}, "the header does not come first");
  refused({magic, Unknown(0x700, true), header, cms}, "the header does not come first");
  refused({magic, header, header, cms}, "offset 21, publications file header: occurs a second");
  refused({magic, header, certificate, header, cms}, "occurs a second time");
  refused({magic, header}, "CMS signature: is missing");
  refused({magic, header, certificate, publication}, "CMS signature: is missing");
  refused({magic, header, publication, certificate, cms}, "0x702 stands after element 0x703");
  refused({magic, header, cms, cms}, "something follows");
  refused({magic, header, cms, publication}, "something follows");
  refused({magic, header, cms, Unknown(0x705, true)}, "something follows");
  refused({magic, header, cms, {0x00}}, "offset 27");
  refused({magic, header, Unknown(0x705, false), cms}, "critical element 0x705");
  refused({magic, header, Unknown(0x05, false), cms}, "critical element 0x05");
  refused({magic, header, {0x87, 0x04, 0x00, 0x05, 0x30}}, "offset 21");
}

TEST(ParsePublicationsFile, RefusesMalformedHeaders) {
  const auto refused = [](const std::function<void(ByteVector&)>& fill, const char* why) {
    EXPECT_THAT(Parse({Magic(), Nested(0x701, fill), CmsElement()}),
                StatusIs(StatusCode::kInvalidArgument, why));
  };
  refused([](ByteVector& v) { WriteInt(v, 2, 5); }, "version: is missing");
  refused([](ByteVector& v) { WriteInt(v, 1, 1); }, "creation time: is missing");
  refused([](ByteVector& v) { WriteInt(v, 1, 2), WriteInt(v, 2, 5); }, "1 is expected, 2 found");
  refused([](ByteVector& v) { WriteInt(v, 1, 0), WriteInt(v, 2, 5); }, "1 is expected, 0 found");
  refused([](ByteVector& v) { WriteInt(v, 1, 1), WriteInt(v, 1, 1), WriteInt(v, 2, 5); }, "second");
  refused([](ByteVector& v) { WriteInt(v, 1, 1), WriteInt(v, 2, 5), WriteInt(v, 2, 5); }, "second");
  refused([](ByteVector& v) { WriteInt(v, 1, 1), WriteInt(v, 2, 5), WriteText(v, 3, ""); },
          "empty");
  refused([](ByteVector& v) { WriteInt(v, 1, 1), WriteInt(v, 2, 5), WriteInt(v, 4, 1); },
          "critical element 0x04");
  refused([](ByteVector& v) { WriteInt(v, 1, 1), WriteElement(v, 2, ByteVector(9, 1)); },
          "at most 8");
  refused([](ByteVector& v) { WriteInt(v, 1, 1), WriteInt(v, 2, 5), v.push_back(1); },
          "bytes are left");
}

TEST(ParsePublicationsFile, RefusesMalformedRecords) {
  const auto refused = [](std::uint16_t type, const std::function<void(ByteVector&)>& fill) {
    EXPECT_THAT(Parse({Magic(), Header(), Nested(type, fill), CmsElement()}),
                StatusIs(StatusCode::kInvalidArgument, "record"));
  };
  const ByteVector id = {1};
  refused(0x702, [](ByteVector&) {});
  refused(0x702, [&](ByteVector& v) { WriteElement(v, 1, id); });
  refused(0x702, [&](ByteVector& v) { WriteElement(v, 2, id); });
  refused(0x702, [&](ByteVector& v) {
    WriteElement(v, 1, id), WriteElement(v, 1, id), WriteElement(v, 2, id);
  });
  refused(0x702, [&](ByteVector& v) {
    WriteElement(v, 1, id), WriteElement(v, 2, id), WriteElement(v, 3, id);
  });
  refused(0x703, [](ByteVector&) {});
  refused(0x703, [](ByteVector& v) { WriteText(v, 9, "a reference to nothing"); });
}

TEST(ParsePublicationsFile, RefusesEveryTruncation) {
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build(Content()));
  for (std::size_t size = 0; size < file.bytes().size(); ++size) {
    EXPECT_THAT(PublicationsFile::Parse(ToVector(file.bytes().first(size))),
                StatusIs(StatusCode::kInvalidArgument))
        << size;
  }
}

TEST(VerifyPublicationsFile, RefusesWithoutTheRightTrust) {
  const TestTrust& trust = TestTrust::Get();
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build(Content()));
  const std::vector<Certificate> root = {trust.root};
  const SubjectConstraint email = trust.constraint();
  const auto verify = [&](std::span<const Certificate> anchors,
                          std::vector<SubjectConstraint> constraints) {
    return VerifyPublicationsFile(file, anchors, constraints, kTestTime);
  };
  PITSER_EXPECT_OK(verify(root, {email}));
  PITSER_EXPECT_OK(verify(root, {email, {"2.5.4.10", "Pitser tests"}}));
  EXPECT_THAT(verify(root, {}), StatusIs(StatusCode::kFailedPrecondition, "at least one"));
  EXPECT_THAT(verify({}, {email}), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(verify(std::vector{trust.calendar}, {email}),
              StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(verify(root, {{email.oid, "publications@pitser.exampl"}}),
              StatusIs(StatusCode::kPermissionDenied, "was expected to have"));
  EXPECT_THAT(verify(root, {{email.oid, "Publications@pitser.example"}}),
              StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(verify(root, {email, {"2.5.4.6", "EE"}}),
              StatusIs(StatusCode::kPermissionDenied, "has none"));
}

// A clock that is wrong, or a signer whose time is over, is no proof of anything; a file that never
// was the publisher's stays one, whenever it is looked at.
TEST(VerifyPublicationsFile, TellsDatesFromAllElse) {
  const TestTrust& trust = TestTrust::Get();
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build(Content()));
  const std::uint64_t later = trust.publisher.not_after() + 1;
  EXPECT_THAT(Verify(file, later), StatusIs(StatusCode::kOutOfRange, "2033-11-11T22:13:22Z"));
  EXPECT_THAT(Verify(file, 0), StatusIs(StatusCode::kOutOfRange, "1970-01-01T00:00:00Z"));
  const SubjectConstraint other = {"2.5.4.6", "EE"};
  EXPECT_THAT(VerifyPublicationsFile(file, std::vector{trust.root}, {&other, 1}, later),
              StatusIs(StatusCode::kPermissionDenied, "has none"));
}

// The signer's certificate must be the publisher's: another one of the same root isn't enough.
TEST(VerifyPublicationsFile, RefusesAnotherSignerOfTheSameRoot) {
  const TestTrust& trust = TestTrust::Get();
  PITSER_ASSERT_OK_AND_ASSIGN(
      const PublicationsFile file,
      BuildPublicationsFile(Content(), trust.calendar, trust.calendar_key, kTestTime));
  EXPECT_THAT(Verify(file), StatusIs(StatusCode::kPermissionDenied, "another purpose"));
}

TEST(VerifyPublicationsFile, EverySignedByteCounts) {
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationsFile file, Build(Content()));
  int parsed = 0;
  for (std::size_t i = 0; i < file.signed_bytes().size(); ++i) {
    ByteVector bytes = ToVector(file.bytes());
    bytes[i] ^= 0x01;
    const auto changed = PublicationsFile::Parse(bytes);
    if (!changed.ok()) continue;
    ++parsed;
    EXPECT_THAT(Verify(*changed), ::testing::Not(IsOk())) << i;
  }
  EXPECT_GT(parsed, 500);  // Most bytes are of hashes, keys and texts.
}

}  // namespace
}  // namespace pitser::ledger
