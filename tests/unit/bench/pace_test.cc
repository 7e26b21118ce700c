#include "bench/load/pace.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace pitser::bench {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(Pace, WithoutARateEverythingIsDueAtOnce) {
  Pace pace({.count = 3});
  EXPECT_EQ(pace.Due(5 * kMs), 3u);
  const Pace::Turn turn = pace.Take(5 * kMs);
  EXPECT_EQ(turn.index, 0u);
  EXPECT_EQ(turn.due, 5 * kMs);
  pace.Take(5 * kMs);
  EXPECT_EQ(pace.Left(), 1u);
  EXPECT_FALSE(pace.Over(6 * kMs));
  EXPECT_EQ(pace.Take(6 * kMs).index, 2u);
  EXPECT_EQ(pace.Due(7 * kMs), 0u);
  EXPECT_TRUE(pace.Over(7 * kMs));
  EXPECT_EQ(pace.Missed(7 * kMs), 0u);
}

TEST(Pace, FollowsTheScheduleWhateverTheSenderDoes) {
  Pace pace({.rate = 1000, .offset_ns = kMs / 2});
  EXPECT_EQ(pace.Due(0), 0u);
  EXPECT_EQ(pace.Due(kMs / 2 - 1), 0u);
  EXPECT_EQ(pace.Due(kMs / 2), 1u);
  // Ten milliseconds late: what was due is due from when it was.
  EXPECT_EQ(pace.Due(10 * kMs), 10u);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const Pace::Turn turn = pace.Take(10 * kMs);
    EXPECT_EQ(turn.index, i);
    EXPECT_EQ(turn.due, kMs / 2 + static_cast<std::int64_t>(i) * kMs);
  }
  EXPECT_EQ(pace.Due(10 * kMs), 0u);
  EXPECT_FALSE(pace.Over(1000 * kMs));
}

TEST(Pace, NothingIsDueFromTheEndOn) {
  Pace pace({.rate = 1000, .duration_ns = 10 * kMs});
  EXPECT_EQ(pace.Due(10 * kMs - 1), 10u);
  pace.Take(9 * kMs);
  EXPECT_FALSE(pace.Over(10 * kMs - 1));
  EXPECT_TRUE(pace.Over(10 * kMs));
  EXPECT_EQ(pace.Due(10 * kMs), 0u);
  // The schedule had ten, and one was sent.
  EXPECT_EQ(pace.Missed(10 * kMs), 9u);
  EXPECT_EQ(pace.Missed(1000 * kMs), 9u);
}

TEST(Pace, EndsWithTheCountOrTheTimeWhicheverIsFirst) {
  Pace pace({.rate = 1000, .count = 3, .duration_ns = 10 * kMs});
  EXPECT_EQ(pace.Due(9 * kMs), 3u);
  EXPECT_EQ(pace.Missed(9 * kMs), 3u);
  Pace closed({.duration_ns = 10 * kMs});
  EXPECT_GT(closed.Due(9 * kMs), 1'000'000u);
  EXPECT_EQ(closed.Due(10 * kMs), 0u);
}

// Rates that no binary fraction is: the schedule must neither skip nor repeat a request.
TEST(Pace, SchedulesEachRequestOnce) {
  for (const double rate : {3.0, 7777.7, 999'999.0, 12'345'678.9}) {
    Pace pace({.rate = rate});
    std::uint64_t taken = 0;
    std::int64_t last = -1;
    for (std::int64_t now = 0; now <= 20 * kMs; now += 333'333) {
      while (pace.Due(now) > 0) {
        const Pace::Turn turn = pace.Take(now);
        EXPECT_EQ(turn.index, taken++);
        EXPECT_LE(turn.due, now);
        EXPECT_GT(turn.due, last);
        last = turn.due;
      }
    }
    EXPECT_NEAR(static_cast<double>(taken), rate * 0.02, rate * 0.0005 + 2) << rate;
  }
}

}  // namespace
}  // namespace pitser::bench
