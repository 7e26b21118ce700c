#include "server/gateway/grpc/worker_pool.h"

#include <atomic>

#include "gtest/gtest.h"

namespace pitser::server {
namespace {

// Holds up whoever comes through until it is opened.
class Gate {
 public:
  void Pass() {
    base::MutexLock lock(mu_);
    ++waiting_;
    changed_.SignalAll();
    while (!open_) changed_.Wait(mu_);
  }
  void AwaitWaiting(int count) {
    base::MutexLock lock(mu_);
    while (waiting_ < count) changed_.Wait(mu_);
  }
  void Open() {
    base::MutexLock lock(mu_);
    open_ = true;
    changed_.SignalAll();
  }

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  int waiting_ PITSER_GUARDED_BY(mu_) = 0;
  bool open_ PITSER_GUARDED_BY(mu_) = false;
};

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
  gate.AwaitWaiting(1);  // The only thread is busy; two more fit.
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
  gate.AwaitWaiting(2);
  for (int i = 0; i < 5; ++i) pool.Post([&] { ++done; });
  gate.Open();
  pool.Stop();
  EXPECT_EQ(done, 5);
  EXPECT_EQ(pool.Post([&] { ++done; }), WorkerPool::Posted::kStopped);
  pool.Stop();
  EXPECT_EQ(done, 5);
}

}  // namespace
}  // namespace pitser::server
