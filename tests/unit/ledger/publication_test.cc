#include "ledger/format/publication.h"

#include "gtest/gtest.h"
#include "ledger/base/base32.h"
#include "ledger/base/hex.h"
#include "ledger/crypto/crc32.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

// Spec 12.2.
constexpr std::string_view kCode =
    "AAAAAA-DF6NWU-2ANERL-ZQKP5E-WEEQEF-JT76EI-HLTKXG-FQKRZC-ZJJV4E-LAJNHZ-2WY22Z-C3V2JA";

PublicationData Golden() {
  return {1710452045,
          Imprint::Parse(
              FromHex("01a48af3053fa4b109021533ff8883ae6ab98b054722ca535e11604b4f9d5b1ad6").value())
              .value()};
}

TEST(PublicationCode, GoldenVectorGoesBothWays) {
  EXPECT_EQ(EncodePublicationCode(Golden()), kCode);
  PITSER_ASSERT_OK_AND_ASSIGN(const PublicationData data, ParsePublicationCode(kCode));
  EXPECT_EQ(data, Golden());
}

TEST(PublicationCode, EveryMistypedCharacterIsFound) {
  for (std::size_t i = 0; i < kCode.size(); ++i) {
    if (kCode[i] == '-') continue;
    std::string wrong(kCode);
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    // Five bits a character, 45 bytes are 360 bits: every character counts.
    EXPECT_THAT(ParsePublicationCode(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << i;
  }
}

TEST(PublicationCode, EveryDigestSizeGoesBothWays) {
  for (HashAlgorithm algorithm : AllHashAlgorithms()) {
    const PublicationData data{1710452045, Imprint::Zero(algorithm)};
    const std::string code = EncodePublicationCode(data);
    // Groups of six, padding counted as characters.
    std::string characters;
    for (std::size_t i = 0; i < code.size(); ++i) {
      EXPECT_EQ(code[i] == '-', i % 7 == 6) << code;
      if (code[i] != '-') characters.push_back(code[i]);
    }
    EXPECT_NE(code.back(), '-');
    EXPECT_EQ(characters.size(), (8 + 1 + DigestSize(algorithm) + 4 + 4) / 5 * 8) << code;
    EXPECT_EQ(ParsePublicationCode(code).value(), data) << code;
    // Missing padding, missing dashes and lower case are forgiven.
    std::string plain;
    for (char c : characters) {
      if (c != '=') plain.push_back(static_cast<char>(c >= 'A' ? c - 'A' + 'a' : c));
    }
    EXPECT_EQ(ParsePublicationCode(plain).value(), data) << plain;
  }
}

// 33 bytes of a SHA-1 publication are 53 characters and three of padding.
TEST(PublicationCode, PaddingStandsInTheGroups) {
  const std::string code = EncodePublicationCode({5, Imprint::Zero(HashAlgorithm::kSha1)});
  EXPECT_TRUE(code.ends_with("=-==")) << code;
}

TEST(PublicationCode, RefusesAndSaysWhy) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "too few"},
      {"AAAAAA", "too few"},
      {"AAAAAA-DF6NWU", "too few"},
      {std::string(kCode.substr(0, kCode.size() - 7)), "checksum"},
      {std::string(kCode) + "-AAAAAA", "checksum"},
      {"9" + std::string(kCode.substr(1)), "character 1 is not base32"},
      {"0" + std::string(kCode.substr(1)), "checksum"},
      {std::string(kCode) + "!", "character 73"},
      {std::string(1000, 'A'), "checksum"}};
  for (const auto& [code, why] : cases) {
    EXPECT_THAT(ParsePublicationCode(code), StatusIs(absl::StatusCode::kInvalidArgument, why))
        << code;
  }
}

TEST(PublicationCode, IsTakenAsPeopleAndTextProgramsWriteIt) {
  const auto with = [](std::string_view dash) {
    std::string code;
    for (const char c : kCode) {
      if (c == '-') {
        code += dash;
      } else {
        code += c == 'O' ? '0' : c == 'I' ? '1' : c == 'B' ? '8' : c;
      }
    }
    return code;
  };
  for (const std::string_view dash : {" ", " - ", "\n", "\r\n", "\t", "\u2010", "\u2011", "\u2013",
                                      "\u2014", "\u2212", "\u00A0", "\u202F", "\u00AD", ""}) {
    EXPECT_EQ(ParsePublicationCode(with(dash)).value(), Golden()) << dash;
  }
  EXPECT_EQ(ParsePublicationCode("\uFEFF " + std::string(kCode) + " \n").value(), Golden());
}

// With a right checksum, what is inside must still be an imprint of the right length.
TEST(PublicationCode, RefusesWrongImprintsBehindARightChecksum) {
  const auto code_of = [](Bytes imprint) {
    ByteVector bytes;
    AppendBe64(bytes, 5);
    Append(bytes, imprint);
    const std::uint32_t crc = Crc32(bytes);
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(crc >> shift));
    }
    return EncodeBase32(bytes);
  };
  const ByteVector right = ToVector(Golden().hash.bytes());
  PITSER_EXPECT_OK(ParsePublicationCode(code_of(right)));
  ByteVector short_one = right, long_one = right, reserved = right, sha1 = right;
  short_one.pop_back();
  long_one.push_back(0);
  reserved[0] = 0x03;
  sha1[0] = 0x00;
  for (const ByteVector& wrong : {short_one, long_one, reserved, sha1, ByteVector{0x01}}) {
    EXPECT_THAT(ParsePublicationCode(code_of(wrong)),
                StatusIs(absl::StatusCode::kInvalidArgument, "publication code: "));
  }
}

TEST(PublicationRecord, IsWrittenForBothPlacesAndReadBack) {
  const PublicationRecord record{.data = Golden(),
                                 .references = {"Financial Times, 2026-11-15", "Õhtuleht"},
                                 .repository_uris = {"https://example.org/p"}};
  for (PublicationDataPlace place :
       {PublicationDataPlace::kSignature, PublicationDataPlace::kPublicationsFile}) {
    ByteVector out;
    WritePublicationRecord(out, record, place);
    const bool in_signature = place == PublicationDataPlace::kSignature;
    EXPECT_EQ(ToHex(Bytes(out).first(2)), in_signature ? "8803" : "8703");
    EXPECT_EQ(out[4], in_signature ? 0x30 : 0x10);
    TlvReader reader(out);
    PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
    PITSER_ASSERT_OK_AND_ASSIGN(const PublicationRecord read, ParsePublicationRecord(element));
    EXPECT_EQ(read.data, record.data);
    EXPECT_EQ(read.references, record.references);
    EXPECT_EQ(read.repository_uris, record.repository_uris);
  }
}

}  // namespace
}  // namespace pitser::ledger
