#include "ledger/crypto/crc32.h"

#include "gtest/gtest.h"

namespace pitser::ledger {
namespace {

TEST(Crc32, CheckValueOfTheStandard) {
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xCBF43926u);
  EXPECT_EQ(Crc32({}), 0u);
}

}  // namespace
}  // namespace pitser::ledger
