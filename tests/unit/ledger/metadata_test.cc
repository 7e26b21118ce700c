#include "ledger/format/metadata.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

// An element of this content. (It must outlive the result.)
Element ElementOf(const ByteVector& content) {
  Element element;
  element.type = 0x04;
  element.raw = element.value = content;
  return element;
}

Metadata Full(std::string client_id) {
  return {.client_id = std::move(client_id),
          .machine_id = "srv-1",
          .sequence_number = 0,
          .request_time_us = 1710452040123456};
}

// Spec 12.1.
TEST(EncodeMetadata, GoldenEncodings) {
  const auto hex = [](std::string client_id) {
    Metadata metadata;
    metadata.client_id = std::move(client_id);
    return ToHex(EncodeMetadata(metadata, MetadataStyle::kClient));
  };
  EXPECT_EQ(hex("GT"), "7e01010103475400");
  EXPECT_EQ(hex("G"), "7e02010101024700");
}

TEST(EncodeMetadata, ServiceFlagsEveryChild) {
  const ByteVector content = EncodeMetadata(Full("GT"), MetadataStyle::kService);
  std::string first_bytes;
  TlvReader reader(content);
  while (!reader.done()) {
    PITSER_ASSERT_OK_AND_ASSIGN(const Element child, reader.Next());
    first_bytes += ToHex(child.raw.first(1));
  }
  EXPECT_EQ(first_bytes, "7e61626364");
}

TEST(EncodeMetadata, IsAlwaysEvenTrustedAndComesBack) {
  for (MetadataStyle style : {MetadataStyle::kService, MetadataStyle::kClient}) {
    for (std::size_t length = 0; length < 300; ++length) {
      const Metadata metadata = Full(std::string(length, 'a'));
      const ByteVector content = EncodeMetadata(metadata, style);
      EXPECT_EQ(content.size() % 2, 0u);
      EXPECT_TRUE(MetadataIsTrusted(content));
      PITSER_ASSERT_OK_AND_ASSIGN(const Metadata parsed, ParseMetadata(ElementOf(content)));
      EXPECT_EQ(parsed, metadata);
    }
  }
}

TEST(ParseMetadata, ToleratesPaddingWhereverItStands) {
  for (std::string_view hex : {"0103475400",
                               "0103475400"
                               "7e0101",
                               "1e00"
                               "0103475400",
                               "7e0101"
                               "7e0101"
                               "0103475400",
                               "7e03010203"
                               "0103475400"}) {
    const ByteVector content = FromHex(hex).value();
    PITSER_ASSERT_OK_AND_ASSIGN(const Metadata parsed, ParseMetadata(ElementOf(content)));
    EXPECT_EQ(parsed.client_id, "GT") << hex;
    EXPECT_FALSE(parsed.machine_id || parsed.sequence_number || parsed.request_time_us);
  }
}

// Spec 3.6, the trust rule line by line.
TEST(MetadataIsTrusted, PaddingMustBeAsTheRuleSays) {
  const std::pair<std::string_view, bool> cases[] = {
      {"7e0101"
       "0103475400",
       true},  // 8 bytes
      {"7e020101"
       "01024700",
       true},  // 8 bytes
      {"7e020101"
       "0103475400",
       false},  // odd length
      {"7e0101"
       "01024700",
       false},  // odd length
      {"0103475400"
       "7e0101",
       false},  // not first
      {"7e0101"
       "0103475400"
       "7e0101",
       false},  // twice
      {"7e0101"
       "7e0101"
       "01024700",
       false},  // twice
      {"5e0101"
       "0103475400",
       false},  // N only
      {"3e0101"
       "0103475400",
       false},  // F only
      {"1e0101"
       "0103475400",
       false},  // no flags
      {"e01e000101"
       "0103475400",
       false},  // long header
      {"e01e00020101"
       "01024700",
       false},  // long header, even
      {"7e0102"
       "0103475400",
       false},  // value
      {"7e020102"
       "01024700",
       false},  // value
      {"7e020201"
       "01024700",
       false},  // value
      {"7e00"
       "01024700",
       false},  // too short
      {"7e03010101"
       "0103475400",
       false},  // too long
  };
  for (const auto& [hex, trusted] : cases) {
    EXPECT_EQ(MetadataIsTrusted(FromHex(hex).value()), trusted) << hex;
  }
}

TEST(MetadataIsTrusted, WithoutPaddingItMustNotLookLikeAnImprint) {
  // A client id element that fills 33 bytes: 01 1f <30 characters> 00 is a SHA-256 imprint, too.
  ByteVector imprint_like = {0x01, 31};
  imprint_like.insert(imprint_like.end(), 30, 'a');
  imprint_like.push_back(0);
  ASSERT_EQ(imprint_like.size(), 33u);
  EXPECT_FALSE(MetadataIsTrusted(imprint_like));

  ByteVector longer = {0x01, 32};
  longer.insert(longer.end(), 31, 'a');
  longer.push_back(0);
  EXPECT_TRUE(MetadataIsTrusted(longer));

  ByteVector flagged = imprint_like;
  flagged[0] = 0x61;  // No registered algorithm.
  EXPECT_TRUE(MetadataIsTrusted(flagged));
}

TEST(MetadataIsTrusted, BrokenElementsAreNot) {
  EXPECT_FALSE(MetadataIsTrusted(FromHex("7e010101034754").value()));
}

TEST(LegacyId, GoldenEncoding) {
  ByteVector bytes = FromHex("0300024754").value();
  bytes.resize(29);
  EXPECT_EQ(ParseLegacyId(bytes).value(), "GT");
  bytes.resize(30);
  EXPECT_THAT(ParseLegacyId(bytes), StatusIs(absl::StatusCode::kInvalidArgument, "29 bytes"));
}

TEST(LegacyId, EveryTextLengthAndEveryStrayByte) {
  for (std::size_t length = 0; length <= 25; ++length) {
    ByteVector bytes = {0x03, 0x00, static_cast<std::uint8_t>(length)};
    bytes.insert(bytes.end(), length, 'x');
    bytes.resize(29);
    EXPECT_EQ(ParseLegacyId(bytes).value(), std::string(length, 'x'));
    for (std::size_t i = 3 + length; i < bytes.size(); ++i) {
      ByteVector stray = bytes;
      stray[i] = 'y';
      EXPECT_THAT(ParseLegacyId(stray), StatusIs(absl::StatusCode::kInvalidArgument, "zero bytes"));
    }
  }
}

}  // namespace
}  // namespace pitser::ledger
