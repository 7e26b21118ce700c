#include "base/together.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/gate.h"

namespace pitser::base {
namespace {

using testing::Gate;

class Together : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Steps, Together, ::testing::Values(0, 1, 2, 3, 1000));

TEST_P(Together, EveryStepIsDoneOnceBeforeItReturns) {
  WorkerPool pool(3, 100);
  for (std::size_t helpers = 0; helpers < 5; ++helpers) {
    std::vector<std::atomic<int>> done(GetParam());
    RunTogether(pool, helpers, done.size(), [&](std::size_t i) { ++done[i]; });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(RunTogether, WaitsForNoThreadThatIsBusy) {
  Gate gate;
  WorkerPool pool(1, 100);
  pool.Post([&] { gate.Pass(); });
  gate.AwaitArrival();
  std::atomic<int> done = 0;
  RunTogether(pool, 2, 10, [&](std::size_t) { ++done; });
  EXPECT_EQ(done, 10);
  gate.Open();  // Now the pool finds that nothing is left of it.
}

TEST(RunTogether, AFullPoolIsNoHindrance) {
  Gate gate;
  WorkerPool pool(1, 1);
  pool.Post([&] { gate.Pass(); });
  gate.AwaitArrival();
  pool.Post([] {});
  std::atomic<int> done = 0;
  RunTogether(pool, 2, 10, [&](std::size_t) { ++done; });
  EXPECT_EQ(done, 10);
  gate.Open();
}

TEST(RunTogether, IsDoneByThreadsOfThePoolToo) {
  WorkerPool pool(1, 1);
  std::atomic<int> begun = 0;
  // Each step waits for the other to begin: one thread alone would never end.
  RunTogether(pool, 1, 2, [&](std::size_t) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
  });
  EXPECT_EQ(begun, 2);
}

TEST(RunAside, IsDoneOnceAfterEveryStep) {
  std::vector<std::atomic<int>> done(1000);
  std::atomic<int> ends = 0;
  WorkerPool pool(3, 100);
  RunAside(
      pool, 3, done.size(), [&](std::size_t i) { ++done[i]; },
      [&] {
        for (const auto& times : done) EXPECT_EQ(times, 1);
        ++ends;
      });
  pool.Stop();
  EXPECT_EQ(ends, 1);
}

TEST(RunAside, DoesNotWait) {
  Gate gate;
  WorkerPool pool(1, 1);
  std::atomic<int> ends = 0;
  RunAside(
      pool, 1, 2, [&](std::size_t) { gate.Pass(); }, [&] { ++ends; });
  EXPECT_EQ(ends, 0);
  gate.Open();
  pool.Stop();
  EXPECT_EQ(ends, 1);
}

TEST(RunAside, IsDoneHereWhereThePoolTakesNothing) {
  WorkerPool pool(1, 1);
  pool.Stop();
  int done = 0, ends = 0;
  RunAside(
      pool, 1, 3, [&](std::size_t) { ++done; }, [&] { ++ends; });
  EXPECT_EQ(done, 3);
  EXPECT_EQ(ends, 1);
}

}  // namespace
}  // namespace pitser::base
