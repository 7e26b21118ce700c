#include "client/cli/ordered_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/gate.h"

namespace pitser::cli {
namespace {

using ::testing::ElementsAre;

constexpr std::chrono::milliseconds kNoPatience(0);
constexpr std::chrono::milliseconds kPatience(10'000);

TEST(OrderedPool, GivesResultsInTheOrderOfTheJobs) {
  OrderedPool<int> pool("test", 4, 64);
  int taken = 0;
  for (int i = 0; i < 2000; ++i) {
    if (pool.full()) {
      EXPECT_EQ(pool.Take(kPatience), taken++);
    }
    pool.Put([i] { return i; });
  }
  while (!pool.empty()) EXPECT_EQ(pool.Take(kPatience), taken++);
  EXPECT_EQ(taken, 2000);
}

TEST(OrderedPool, WaitsForTheOldestAsLongAsItIsToldTo) {
  testing::Gate gate;
  OrderedPool<int> pool("test", 2, 2);
  pool.Put([&] {
    gate.Pass();
    return 1;
  });
  pool.Put([] { return 2; });
  EXPECT_TRUE(pool.full());
  EXPECT_EQ(pool.Take(kNoPatience), std::nullopt);
  EXPECT_TRUE(pool.full());
  gate.Open();
  EXPECT_EQ(pool.Take(kPatience), 1);
  EXPECT_FALSE(pool.full());
  EXPECT_EQ(pool.Take(kPatience), 2);
  EXPECT_TRUE(pool.empty());
}

TEST(OrderedPool, DropsWhatNobodyBeganWhenItGoesAway) {
  std::atomic<int> begun = 0;
  testing::Gate gate;
  {
    OrderedPool<int> pool("test", 1, 100);
    for (int i = 0; i < 100; ++i) {
      pool.Put([&] {
        ++begun;
        gate.Pass();
        return 0;
      });
    }
    gate.AwaitArrival();
    gate.Open();
  }
  EXPECT_GE(begun, 1);
}

}  // namespace
}  // namespace pitser::cli
