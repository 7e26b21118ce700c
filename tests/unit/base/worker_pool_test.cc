#include "base/worker_pool.h"

#include <atomic>

#include "gtest/gtest.h"
#include "tests/support/gate.h"

namespace pitser::base {
namespace {

using testing::Gate;

TEST(WorkerPool, RunsEverythingOnce) {
  std::atomic<int> done = 0;
  WorkerPool pool(3, 1000);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(pool.Post([&] { ++done; }), WorkerPool::Posted::kYes);
  }
  pool.Stop();
  EXPECT_EQ(done, 1000);
}

TEST(WorkerPool, RefusesAtOnceWhenFullAndTakesAgain) {
  Gate gate;
  WorkerPool pool(1, 2);
  ASSERT_EQ(pool.Post([&] { gate.Pass(); }), WorkerPool::Posted::kYes);
  gate.AwaitArrival(1);  // The only thread is busy; two more fit.
  std::atomic<int> done = 0;
  EXPECT_EQ(pool.Post([&] { ++done; }), WorkerPool::Posted::kYes);
  EXPECT_EQ(pool.Post([&] { ++done; }), WorkerPool::Posted::kYes);
  EXPECT_EQ(pool.Post([&] { ++done; }), WorkerPool::Posted::kFull);
  gate.Open();
  pool.Stop();
  EXPECT_EQ(done, 2);
}

TEST(WorkerPool, StopRunsWhatIsQueuedAndRefusesMore) {
  Gate gate;
  std::atomic<int> done = 0;
  WorkerPool pool(2, 10);
  pool.Post([&] { gate.Pass(); });
  pool.Post([&] { gate.Pass(); });
  gate.AwaitArrival(2);
  for (int i = 0; i < 5; ++i) pool.Post([&] { ++done; });
  gate.Open();
  pool.Stop();
  EXPECT_EQ(done, 5);
  EXPECT_EQ(pool.Post([&] { ++done; }), WorkerPool::Posted::kStopped);
  pool.Stop();
  EXPECT_EQ(done, 5);
}

}  // namespace
}  // namespace pitser::base
