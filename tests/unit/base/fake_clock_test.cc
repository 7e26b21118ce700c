#include "tests/support/fake_clock.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/thread.h"

namespace pitser::testing {
namespace {

constexpr absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

TEST(FakeClock, StandsStillUntilMoved) {
  FakeClock clock(kStart);
  const absl::Duration monotonic = clock.Monotonic();
  EXPECT_EQ(clock.Now(), kStart);
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.Now(), kStart + absl::Seconds(3));
  EXPECT_EQ(clock.Monotonic(), monotonic + absl::Seconds(3));
}

TEST(FakeClock, SettingTheWallClockLeavesTheMonotonicOne) {
  FakeClock clock(kStart);
  const absl::Duration monotonic = clock.Monotonic();
  clock.SetWall(kStart - absl::Hours(1));
  EXPECT_EQ(clock.Now(), kStart - absl::Hours(1));
  EXPECT_EQ(clock.Monotonic(), monotonic);
}

TEST(FakeClock, AdvanceWakesAWaiter) {
  FakeClock clock(kStart);
  const auto waiter = clock.NewWaiter();
  std::atomic<bool> woken = false;
  base::Thread thread("waiter", [&] { woken = waiter->WaitUntil(kStart + absl::Seconds(2)); });
  clock.AwaitBlocked();
  clock.Advance(absl::Seconds(1));
  clock.AwaitBlocked();
  EXPECT_FALSE(woken);
  clock.Advance(absl::Seconds(1));
  thread.Join();
  EXPECT_TRUE(woken);
}

TEST(FakeClock, SetWallWakesAWaiter) {
  FakeClock clock(kStart);
  const auto waiter = clock.NewWaiter();
  base::Thread thread("waiter", [&] { EXPECT_TRUE(waiter->WaitUntil(kStart + absl::Hours(2))); });
  clock.AwaitBlocked();
  clock.SetWall(kStart + absl::Hours(3));
}

TEST(FakeClock, AtMostIsCountedByTheMonotonicClock) {
  FakeClock clock(kStart);
  const auto waiter = clock.NewWaiter();
  base::Thread thread("waiter", [&] {
    EXPECT_FALSE(waiter->WaitUntil(kStart + absl::Seconds(1), absl::Seconds(2)));
  });
  clock.AwaitBlocked();
  clock.SetWall(kStart - absl::Hours(1));
  clock.AwaitBlocked();
  clock.Advance(absl::Seconds(2));
}

TEST(FakeClock, InterruptEndsAWait) {
  FakeClock clock(kStart);
  const auto waiter = clock.NewWaiter();
  base::Thread thread("waiter", [&] { EXPECT_FALSE(waiter->WaitUntil(absl::InfiniteFuture())); });
  clock.AwaitBlocked();
  waiter->Interrupt();
}

}  // namespace
}  // namespace pitser::testing
