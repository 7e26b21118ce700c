#include "ledger/format/publication.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
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

}  // namespace
}  // namespace pitser::ledger
