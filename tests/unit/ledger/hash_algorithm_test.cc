#include "ledger/crypto/hash_algorithm.h"

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::StatusIs;

TEST(HashAlgorithm, ReservedAndUnregisteredIdsAreNone) {
  for (unsigned id : {0x03u, 0x06u, 0x0Cu, 0x7Eu, 0xFFu}) {
    EXPECT_FALSE(HashAlgorithmFromId(id).has_value()) << id;
  }
  EXPECT_FALSE(HashAlgorithmFromId(0x1'0000'0001u).has_value());
}

TEST(HashAlgorithm, EveryIdAndCanonicalNameComesBack) {
  for (HashAlgorithm algorithm : AllHashAlgorithms()) {
    EXPECT_EQ(HashAlgorithmFromId(static_cast<std::uint8_t>(algorithm)), algorithm);
    PITSER_ASSERT_OK_AND_ASSIGN(HashAlgorithm found,
                                HashAlgorithmFromName(HashAlgorithmName(algorithm)));
    EXPECT_EQ(found, algorithm);
    EXPECT_EQ(DigestSize(algorithm) % 2, 0u) << "imprints must have an odd length (spec 1.3)";
  }
}

TEST(HashAlgorithm, NamesIgnoreCaseAndTakeUnderscoreForDash) {
  for (const char* name : {"sha2_256", "Sha256", "DEFAULT", "sha-2", "SHA2"}) {
    PITSER_ASSERT_OK_AND_ASSIGN(HashAlgorithm found, HashAlgorithmFromName(name));
    EXPECT_EQ(found, HashAlgorithm::kSha256) << name;
  }
  EXPECT_THAT(HashAlgorithmFromName("md5"), StatusIs(absl::StatusCode::kInvalidArgument, "md5"));
}

TEST(AlgorithmPolicy, DatesAreInclusive) {
  const AlgorithmPolicy& policy = AlgorithmPolicy::Default();
  EXPECT_FALSE(policy.DeprecatedAt(HashAlgorithm::kSha1, 1467331199));
  EXPECT_TRUE(policy.DeprecatedAt(HashAlgorithm::kSha1, 1467331200));
  EXPECT_FALSE(policy.ObsoleteAt(HashAlgorithm::kSha1, 4000000000));
  EXPECT_FALSE(policy.Trusted(HashAlgorithm::kSha1));
  EXPECT_TRUE(policy.Trusted(HashAlgorithm::kSha256));
}

TEST(AlgorithmPolicy, ObsoleteCountsAsDeprecatedToo) {
  const AlgorithmPolicy policy(
      {{HashAlgorithm::kSha512, {.deprecated_since = std::nullopt, .obsolete_since = 100}}});
  EXPECT_FALSE(policy.DeprecatedAt(HashAlgorithm::kSha512, 99));
  EXPECT_TRUE(policy.DeprecatedAt(HashAlgorithm::kSha512, 100));
  EXPECT_TRUE(policy.ObsoleteAt(HashAlgorithm::kSha512, 100));
}

}  // namespace
}  // namespace pitser::ledger
