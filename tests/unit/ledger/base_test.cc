#include "gtest/gtest.h"
#include "ledger/base/base32.h"
#include "ledger/base/hex.h"
#include "ledger/base/utf8.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

// RFC 4648, section 10.
const std::pair<std::string_view, std::string_view> kBase32Vectors[] = {
    {"", ""},
    {"f", "MY======"},
    {"fo", "MZXQ===="},
    {"foo", "MZXW6==="},
    {"foob", "MZXW6YQ="},
    {"fooba", "MZXW6YTB"},
    {"foobar", "MZXW6YTBOI======"}};

TEST(Base32, VectorsOfTheRfcGoBothWays) {
  for (const auto& [plain, encoded] : kBase32Vectors) {
    EXPECT_EQ(EncodeBase32(AsBytes(plain)), encoded);
    PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector decoded, DecodeBase32(encoded));
    EXPECT_EQ(AsText(decoded), plain);
  }
}

TEST(Base32, CaseIsIgnoredAndPaddingMayBeMissing) {
  for (std::string_view text : {"MZXW6YQ=", "mzxw6yq", "MzXw6Yq", "MZXW6YQ========"}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector decoded, DecodeBase32(text));
    EXPECT_EQ(AsText(decoded), "foob") << text;
  }
}

TEST(Base32, LeftOverBitsAreDropped) {
  PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector decoded, DecodeBase32("MZ"));  // 10 bits, not 8.
  EXPECT_EQ(AsText(decoded), "f");
  PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector nothing, DecodeBase32("M"));
  EXPECT_TRUE(nothing.empty());
}

TEST(Base32, RefusesAndNamesStrangeCharacters) {
  for (std::string_view text : {"MZ0Q", "MZ1Q", "MZ8Q", "MZ Q", "MZ\nQ", "MZ-Q", "MZ=Q"}) {
    EXPECT_THAT(DecodeBase32(text), StatusIs(absl::StatusCode::kInvalidArgument, "character"))
        << text;
  }
  EXPECT_THAT(DecodeBase32("MZ0Q"), StatusIs(absl::StatusCode::kInvalidArgument, "character 3"));
}

TEST(Hex, GoesBothWaysAndRefusesTheRest) {
  PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, FromHex("00ffA1"));
  EXPECT_EQ(ToHex(bytes), "00ffa1");
  EXPECT_THAT(FromHex("0"), StatusIs(absl::StatusCode::kInvalidArgument, "odd"));
  EXPECT_THAT(FromHex("0g"), StatusIs(absl::StatusCode::kInvalidArgument, "hex digit"));
}

bool IsUtf8Hex(std::string_view hex) { return IsUtf8(FromHex(hex).value()); }

// The first and last code point of every form of RFC 3629.
TEST(Utf8, AcceptsTheEdgesOfEveryForm) {
  for (std::string_view hex : {"", "00", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080",
                               "efbfbf", "f0908080", "f48fbfbf", "47c3b5f09f948f54"}) {
    EXPECT_TRUE(IsUtf8Hex(hex)) << hex;
  }
}

TEST(Utf8, RefusesWhatIsNone) {
  for (std::string_view hex :
       {"80",       "bf",       "c0af",     "c1bf",   "c2",       "c27f",
        "c2c0",  // Starts, ends, over-long
        "e08080",   "e09fbf",   "e0a0",     "e0a07f", "eda080",   "edbfbf",  // and surrogates,
        "f08fbfbf", "f4908080", "f5808080", "f0908f", "f09080c0",            // beyond the last.
        "fe",       "ff",       "47ff54"}) {
    EXPECT_FALSE(IsUtf8Hex(hex)) << hex;
  }
}

}  // namespace
}  // namespace pitser::ledger
