#include "ledger/crypto/imprint.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

TEST(ParseImprint, RejectsEveryWrongLength) {
  for (HashAlgorithm algorithm : AllHashAlgorithms()) {
    const std::size_t right = 1 + DigestSize(algorithm);
    for (std::size_t size = 0; size <= kMaxImprintSize + 1; ++size) {
      ByteVector bytes(size, 0xAB);
      if (size > 0) bytes[0] = static_cast<std::uint8_t>(algorithm);
      if (size == right) {
        PITSER_ASSERT_OK_AND_ASSIGN(const Imprint imprint, Imprint::Parse(bytes));
        EXPECT_TRUE(Equal(imprint.bytes(), bytes));
      } else {
        EXPECT_THAT(Imprint::Parse(bytes), StatusIs(absl::StatusCode::kInvalidArgument));
      }
    }
  }
}

TEST(ParseImprint, RejectsUnregisteredAlgorithms) {
  for (int id : {0x03, 0x06, 0x0C, 0x7E, 0xFF}) {
    ByteVector bytes(33, 1);
    bytes[0] = static_cast<std::uint8_t>(id);
    EXPECT_THAT(Imprint::Parse(bytes),
                StatusIs(absl::StatusCode::kInvalidArgument, "not registered"));
  }
}

TEST(Imprint, EqualityLooksAtTheAlgorithm) {
  const Imprint sha256 = Imprint::Zero(HashAlgorithm::kSha256);
  EXPECT_FALSE(sha256 == Imprint::Zero(HashAlgorithm::kSha3_256));
  EXPECT_TRUE(sha256 == Imprint::Zero(HashAlgorithm::kSha256));
}

TEST(Imprint, TextFormGoesBothWays) {
  const std::string text =
      "SHA-256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  PITSER_ASSERT_OK_AND_ASSIGN(const Imprint imprint, Imprint::FromText(text));
  EXPECT_EQ(imprint.ToText(), text);
  EXPECT_THAT(Imprint::FromText("2cf2"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Imprint::FromText("sha256:2cf2"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Imprint::FromText("sha256:xx"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace pitser::ledger
