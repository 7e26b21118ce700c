#include "server/core/clock_guard.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::FakeClock;
using testing::IsOk;
using testing::StatusIs;

constexpr std::uint64_t kNow = 1'800'000'000;

absl::Time At(std::uint64_t second) {
  return absl::FromUnixSeconds(static_cast<std::int64_t>(second));
}

ClockRules Rules() {
  ClockRules rules;
  rules.not_before = At(kNow - 86400);
  return rules;
}

class ClockGuardTest : public ::testing::Test {
 protected:
  absl::Status CheckStart(std::optional<std::uint64_t> head, ClockRules rules = Rules()) {
    return ClockGuard(rules, &clock_).CheckStart(head);
  }

  FakeClock clock_{At(kNow)};
  ClockGuard guard_{Rules(), &clock_};
};

TEST_F(ClockGuardTest, StartsWithoutAHeadAndWithARecentOne) {
  EXPECT_THAT(CheckStart(std::nullopt), IsOk());
  EXPECT_THAT(CheckStart(kNow - 1), IsOk());
  EXPECT_THAT(CheckStart(kNow - 86400 * 29), IsOk());
}

TEST_F(ClockGuardTest, StartNeedsAClockThatIsNotBeforeTheProgram) {
  clock_.SetWall(At(kNow - 86401));
  EXPECT_THAT(CheckStart(std::nullopt),
              StatusIs(StatusCode::kFailedPrecondition, "set the clock right"));
  EXPECT_THAT(CheckStart(std::nullopt),
              StatusIs(StatusCode::kFailedPrecondition, "2027-01-14 08:00:00"));
}

TEST_F(ClockGuardTest, StartRefusesAHeadInTheFuture) {
  EXPECT_THAT(CheckStart(kNow + 4), IsOk());  // Passed in five seconds.
  EXPECT_THAT(CheckStart(kNow + 5), StatusIs(StatusCode::kFailedPrecondition, "in the future"));
}

TEST_F(ClockGuardTest, StartRefusesALongGapUnlessItIsAccepted) {
  constexpr std::uint64_t kMonth = 86400 * 30;
  EXPECT_THAT(CheckStart(kNow - kMonth - 1), IsOk());
  EXPECT_THAT(CheckStart(kNow - kMonth - 2),
              StatusIs(StatusCode::kFailedPrecondition, "--accept-gap"));
  ClockRules rules = Rules();
  rules.accept_gap = true;
  EXPECT_THAT(CheckStart(kNow - kMonth - 2, rules), IsOk());
}

TEST_F(ClockGuardTest, BelievesAClockThatJustGoesOn) {
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(absl::Hours(1));
    EXPECT_THAT(guard_.Check(kNow - 1), IsOk());
  }
}

TEST_F(ClockGuardTest, BelievesASmallStepForward) {
  clock_.SetWall(At(kNow + 60));
  EXPECT_THAT(guard_.Check(std::nullopt), IsOk());
}

TEST_F(ClockGuardTest, StopsAfterALargeStepForwardUntilItIsTakenBack) {
  clock_.SetWall(At(kNow + 61));
  EXPECT_THAT(guard_.Check(std::nullopt),
              StatusIs(StatusCode::kUnavailable, "set forward by 1m1s"));
  EXPECT_THAT(guard_.Check(std::nullopt), StatusIs(StatusCode::kUnavailable, "restart pitserd"));
  // However long it lasts.
  clock_.Advance(absl::Hours(24 * 365));
  EXPECT_THAT(guard_.Check(std::nullopt), StatusIs(StatusCode::kUnavailable));
  clock_.SetWall(clock_.Now() - absl::Seconds(61));
  EXPECT_THAT(guard_.Check(std::nullopt), IsOk());
}

// Both clocks count the time of a suspended machine.
TEST_F(ClockGuardTest, ASuspendIsNoStep) {
  EXPECT_THAT(guard_.Check(kNow - 1), IsOk());
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(guard_.Check(kNow - 1), IsOk());
}

// A paused virtual machine does not see the time pass; its time daemon sets the clock afterwards.
TEST_F(ClockGuardTest, GoesOnAfterAStepThatATimeDaemonVouchesFor) {
  clock_.SetWall(At(kNow + 3600));
  const auto check_for = [&](int seconds, const auto& expected) {
    for (int i = 0; i < seconds; ++i) {
      ASSERT_THAT(guard_.Check(kNow - 1), expected) << i;
      clock_.Advance(absl::Seconds(1));
    }
  };
  const auto stopped = StatusIs(StatusCode::kUnavailable, "time daemon");
  check_for(600, stopped);  // Whoever set it by hand has no daemon's word.
  clock_.SetVouched(true);
  check_for(40, stopped);
  clock_.SetWall(clock_.Now() + absl::Seconds(2));  // It is not settled yet.
  check_for(40, stopped);
  clock_.SetVouched(false);
  check_for(5, stopped);
  clock_.SetVouched(true);
  check_for(60, stopped);
  check_for(100, IsOk());
  // The next one is looked at anew.
  clock_.SetWall(clock_.Now() + absl::Hours(1));
  clock_.SetVouched(false);
  check_for(100, stopped);
}

TEST_F(ClockGuardTest, NoDaemonsWordIsBelievedBeyondTheGap) {
  clock_.SetVouched(true);
  clock_.SetWall(At(kNow + 86400 * 31));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_THAT(guard_.Check(kNow - 1), StatusIs(StatusCode::kUnavailable, "set forward"));
    clock_.Advance(absl::Seconds(1));
  }
}

TEST_F(ClockGuardTest, SmallStepsForwardAddUp) {
  for (int i = 0; i < 6; ++i) {
    clock_.SetWall(clock_.Now() + absl::Seconds(10));
    EXPECT_THAT(guard_.Check(std::nullopt), IsOk());
    clock_.Advance(absl::Seconds(1));
  }
  clock_.SetWall(clock_.Now() + absl::Seconds(10));
  EXPECT_THAT(guard_.Check(std::nullopt), StatusIs(StatusCode::kUnavailable, "set forward"));
}

TEST_F(ClockGuardTest, SlowDriftDoesNotAddUp) {
  // 500 ppm, as a time daemon slews: two minutes within three days.
  for (int minute = 0; minute < 3 * 24 * 60; ++minute) {
    clock_.Advance(absl::Minutes(1));
    clock_.SetWall(clock_.Now() + absl::Milliseconds(30));
    ASSERT_THAT(guard_.Check(std::nullopt), IsOk()) << minute;
  }
}

TEST_F(ClockGuardTest, WaitsForAClockThatWentBackALittle) {
  clock_.SetWall(At(kNow - 5));
  EXPECT_THAT(guard_.Check(kNow - 1), IsOk());
}

TEST_F(ClockGuardTest, StopsWhileTheClockIsFarBehindTheHead) {
  clock_.SetWall(At(kNow - 3600));
  EXPECT_THAT(guard_.Check(kNow - 1), StatusIs(StatusCode::kUnavailable, "set back by 1h"));
  clock_.Advance(absl::Seconds(3594));
  EXPECT_THAT(guard_.Check(kNow - 1), StatusIs(StatusCode::kUnavailable));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(guard_.Check(kNow - 1), IsOk());
}

TEST_F(ClockGuardTest, StopsWhileTheClockIsFarBehindATimeThatItShowed) {
  clock_.Advance(absl::Seconds(100));
  EXPECT_THAT(guard_.Check(kNow - 1), IsOk());
  clock_.SetWall(At(kNow + 10));
  EXPECT_THAT(guard_.Check(kNow - 1), StatusIs(StatusCode::kUnavailable, "set back by 1m30s"));
}

TEST_F(ClockGuardTest, AStepBackAndForthIsNoStepForward) {
  clock_.Advance(absl::Seconds(1));
  clock_.SetWall(At(kNow - 1000));
  EXPECT_THAT(guard_.Check(std::nullopt), StatusIs(StatusCode::kUnavailable, "set back"));
  clock_.SetWall(At(kNow + 1));
  EXPECT_THAT(guard_.Check(std::nullopt), IsOk());
}

TEST_F(ClockGuardTest, StopsBeforeTheDateOfTheProgram) {
  clock_.SetWall(At(kNow - 86401));
  EXPECT_THAT(guard_.Check(std::nullopt),
              StatusIs(StatusCode::kUnavailable, "before this program was made"));
}

}  // namespace
}  // namespace pitser::server
