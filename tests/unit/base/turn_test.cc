#include "base/turn.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/thread.h"

namespace pitser::base {
namespace {

TEST(Turn, IsOnesAtATime) {
  Turn turn;
  ASSERT_TRUE(turn.Take());
  EXPECT_FALSE(turn.Take(absl::ZeroDuration()));
  EXPECT_FALSE(turn.Take(absl::Milliseconds(1)));
  turn.Give();
  { EXPECT_TRUE(TurnHolder(turn, absl::ZeroDuration()).taken()); }
  EXPECT_TRUE(turn.Take(absl::ZeroDuration()));
}

TEST(Turn, IsHandedOnToWhoWaits) {
  Turn turn;
  ASSERT_TRUE(turn.Take());
  std::atomic<int> taken = 0;
  const auto wait = [&](absl::Duration at_most) {
    const TurnHolder holder(turn, at_most);
    if (holder.taken()) ++taken;
  };
  Thread with_limit("limit", [&] { wait(absl::Hours(1)); });
  Thread without("none", [&] { wait(absl::InfiniteDuration()); });
  turn.Give();
  with_limit.Join();
  without.Join();
  EXPECT_EQ(taken, 2);
}

}  // namespace
}  // namespace pitser::base
