#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/thread.h"

namespace pitser::base {
namespace {

TEST(SystemClock, MonotonicNeverGoesBack) {
  const absl::Duration first = Clock::System().Monotonic();
  EXPECT_GE(Clock::System().Monotonic(), first);
}

TEST(SystemClock, WaitUntilReturnsWhenTheTimeHasCome) {
  const auto waiter = Clock::System().NewWaiter();
  const absl::Time until = Clock::System().Now() + absl::Milliseconds(5);
  EXPECT_TRUE(waiter->WaitUntil(until));
  EXPECT_GE(Clock::System().Now(), until);
}

TEST(SystemClock, WaitUntilGivesUpAfterAtMost) {
  const auto waiter = Clock::System().NewWaiter();
  const absl::Duration start = Clock::System().Monotonic();
  EXPECT_FALSE(waiter->WaitUntil(absl::InfiniteFuture(), absl::Milliseconds(5)));
  EXPECT_GE(Clock::System().Monotonic() - start, absl::Milliseconds(5));
}

TEST(SystemClock, InterruptEndsAWaitForEver) {
  const auto waiter = Clock::System().NewWaiter();
  Thread interrupter("interrupter", [&] { waiter->Interrupt(); });
  EXPECT_FALSE(waiter->WaitUntil(absl::InfiniteFuture()));
}

TEST(SystemClock, InterruptIsRememberedUntilCleared) {
  const auto waiter = Clock::System().NewWaiter();
  waiter->Interrupt();
  EXPECT_FALSE(waiter->WaitUntil(absl::InfiniteFuture()));
  EXPECT_FALSE(waiter->WaitUntil(absl::InfiniteFuture()));
  waiter->ClearInterrupt();
  EXPECT_TRUE(waiter->WaitUntil(absl::InfinitePast()));
}

}  // namespace
}  // namespace pitser::base
