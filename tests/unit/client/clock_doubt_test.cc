#include "client/clock_doubt.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace pitser::client {
namespace {

using testing::StatusIs;

constexpr std::uint64_t kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z.
constexpr std::uint64_t kDay = 86400;

TEST(CheckSigningTime, TakesADayToEitherSide) {
  for (const std::uint64_t time : {kNow, kNow - kDay, kNow + kDay}) {
    PITSER_EXPECT_OK(CheckSigningTime(time, kNow));
  }
  for (const std::uint64_t time : {kNow - kDay - 1, kNow + kDay + 1, std::uint64_t{0},
                                   std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    EXPECT_THAT(CheckSigningTime(time, kNow), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                       "of the ledger or of this machine"));
  }
  EXPECT_THAT(CheckSigningTime(kNow + 3 * 366 * kDay, kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "2030-01-17T08:00:00Z is 3 years after this machine's time, "
                       "2027-01-15T08:00:00Z"));
}

TEST(CheckCalendarHead, MayBeOldAndNotOfTheFuture) {
  for (const std::uint64_t head : {std::uint64_t{0}, kNow, kNow + kDay}) {
    PITSER_EXPECT_OK(CheckCalendarHead(head, kNow));
  }
  EXPECT_THAT(CheckCalendarHead(std::uint64_t{1} << 39, kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition, "second 549755813888"));
}

}  // namespace
}  // namespace pitser::client
