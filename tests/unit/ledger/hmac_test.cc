#include "ledger/crypto/hmac.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::ValueOf;

std::string CodeOf(HashAlgorithm algorithm, Bytes key, std::initializer_list<Bytes> parts) {
  return ToHex(ValueOf(Hmac(algorithm, key, parts)).digest());
}

// RFC 4231, test cases 2 and 6: a short key, and one longer than a block.
TEST(Hmac, CodesOfTheRfc) {
  EXPECT_EQ(CodeOf(HashAlgorithm::kSha256, AsBytes("Jefe"),
                   {AsBytes("what do ya want "), AsBytes("for nothing?")}),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      CodeOf(HashAlgorithm::kSha384, AsBytes("Jefe"), {AsBytes("what do ya want for nothing?")}),
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
      "8e2240ca5e69e2c78b3239ecfab21649");
  const ByteVector long_key(131, 0xAA);
  EXPECT_EQ(CodeOf(HashAlgorithm::kSha256, long_key,
                   {AsBytes("Test Using Larger Than Block-Size Key - Hash Key First")}),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, EveryAlgorithmThatHashesAlsoAuthenticates) {
  for (const HashAlgorithm algorithm : AllHashAlgorithms()) {
    if (!HashAvailable(algorithm)) {
      EXPECT_EQ(Hmac(algorithm, AsBytes("k"), {}).status().code(),
                absl::StatusCode::kUnimplemented);
      continue;
    }
    const auto code = Hmac(algorithm, AsBytes("k"), {AsBytes("text")});
    PITSER_ASSERT_OK(code);
    EXPECT_EQ(code->algorithm(), algorithm);
    // A context that was used before gives the same.
    EXPECT_EQ(*Hmac(algorithm, AsBytes("other"), {AsBytes("text")}) == *code, false);
    EXPECT_EQ(*Hmac(algorithm, AsBytes("k"), {AsBytes("text")}), *code);
  }
}

// An empty key must be one, not that of the call before.
TEST(Hmac, AnEmptyKeyIsAKey) {
  const auto other = Hmac(HashAlgorithm::kSha256, AsBytes("secret"), {AsBytes("text")});
  PITSER_ASSERT_OK(other);
  EXPECT_EQ(CodeOf(HashAlgorithm::kSha256, {}, {}),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(EqualInConstantTime, ComparesAllBytes) {
  EXPECT_TRUE(EqualInConstantTime(AsBytes("abc"), AsBytes("abc")));
  EXPECT_FALSE(EqualInConstantTime(AsBytes("abc"), AsBytes("abd")));
  EXPECT_FALSE(EqualInConstantTime(AsBytes("abc"), AsBytes("ab")));
  EXPECT_TRUE(EqualInConstantTime({}, {}));
}

TEST(RandomKey, GivesOtherBytesEachTime) {
  const auto a = RandomKey(32), b = RandomKey(32);
  PITSER_ASSERT_OK(a);
  PITSER_ASSERT_OK(b);
  EXPECT_EQ(a->size(), 32U);
  EXPECT_NE(*a, *b);
}

}  // namespace
}  // namespace pitser::ledger
