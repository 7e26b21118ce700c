#include "server/gateway/grpc/steps.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "server/gateway/grpc/budget.h"
#include "server/gateway/grpc/call_watch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/gate.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_call.h"

namespace pitser::server {
namespace {

using testing::FakeClock;
using testing::Gate;
using testing::TestCall;

// Counts what it is told, in a variable that only steps touch.
class Counter final : public Steps {
 public:
  explicit Counter(base::WorkerPool* pool) : Steps(pool) {}

  void Add() {
    ++told_;
    Wake();
  }
  std::uint64_t seen() const { return seen_.load(); }
  std::thread::id last_thread() const { return last_thread_; }

 private:
  bool Step() override {
    EXPECT_FALSE(inside_) << "two steps at once";
    inside_ = true;
    const bool more = unguarded_ < told_;
    unguarded_ += more ? 1 : 0;
    last_thread_ = std::this_thread::get_id();
    inside_ = false;
    seen_ = unguarded_;
    return more;
  }

  void OutOfMemory() override { ADD_FAILURE() << "there was memory"; }

  std::atomic<std::uint64_t> told_ = 0;
  std::atomic<std::uint64_t> seen_ = 0;
  std::uint64_t unguarded_ = 0;
  bool inside_ = false;
  std::thread::id last_thread_;
};

// The first step finds no memory, the second one is fine.
class Hungry final : public Steps {
 public:
  explicit Hungry(base::WorkerPool* pool) : Steps(pool) {}
  using Steps::Wake;
  bool refused() const { return refused_; }
  bool went_on() const { return went_on_; }

 private:
  bool Step() override {
    if (!refused_) throw std::bad_alloc();
    went_on_ = true;
    return false;
  }
  void OutOfMemory() override {
    refused_ = true;
    Wake();
  }

  std::atomic<bool> refused_ = false, went_on_ = false;
};

TEST(Steps, WithoutMemoryEndTheirCallAndNotTheProcess) {
  base::WorkerPool pool(1, 2);
  const auto hungry = std::make_shared<Hungry>(&pool);
  hungry->Wake();
  pool.Stop();
  EXPECT_TRUE(hungry->refused());
  EXPECT_TRUE(hungry->went_on());
}

TEST(Steps, AreNeverTwoAtOnceAndNoneIsLost) {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kTimes = 5000;
  base::WorkerPool pool(3, 2);  // Full now and then.
  const auto counter = std::make_shared<Counter>(&pool);
  std::vector<base::Thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back("waker", [&] {
      for (std::uint64_t n = 0; n < kTimes; ++n) counter->Add();
    });
  }
  for (base::Thread& thread : threads) thread.Join();
  pool.Stop();
  EXPECT_EQ(counter->seen(), kThreads * kTimes);
}

TEST(Steps, WhoeverFindsAFullQueueDoesTheWork) {
  Gate gate;
  base::WorkerPool pool(1, 1);
  pool.Post([&] { gate.Pass(); });
  gate.AwaitArrival();
  pool.Post([] {});
  const auto counter = std::make_shared<Counter>(&pool);
  counter->Add();
  EXPECT_EQ(counter->seen(), 1U);
  EXPECT_EQ(counter->last_thread(), std::this_thread::get_id());
  gate.Open();
}

TEST(Steps, LiveUntilTheyAreDone) {
  Gate gate;
  base::WorkerPool pool(1, 10);
  pool.Post([&] { gate.Pass(); });
  auto counter = std::make_shared<Counter>(&pool);
  const std::weak_ptr<Counter> weak = counter;
  counter->Add();
  counter.reset();
  EXPECT_FALSE(weak.expired());
  gate.Open();
  pool.Stop();
  EXPECT_TRUE(weak.expired());
}

TEST(Budget, GivesWhatThereIsAndTakesItBack) {
  Budget budget(10);
  Budget::Share seven = budget.Take(7);
  EXPECT_TRUE(seven);
  EXPECT_FALSE(budget.Take(4));
  EXPECT_EQ(budget.left(), 3U);
  Budget::Share three = budget.Take(3);
  EXPECT_TRUE(three);
  Budget::Share moved = std::move(seven);
  EXPECT_EQ(budget.left(), 0U);
  moved = Budget::Share();
  EXPECT_EQ(budget.left(), 7U);
}

TEST(Budget, NeverGivesMoreThanItHas) {
  Budget budget(1000);
  std::vector<base::Thread> threads;
  std::atomic<std::uint64_t> held = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back("taker", [&] {
      for (int n = 0; n < 2000; ++n) {
        const Budget::Share share = budget.Take(300);
        if (!share) continue;
        held += 300;
        EXPECT_LE(held, 1000U);
        held -= 300;
      }
    });
  }
  for (base::Thread& thread : threads) thread.Join();
  EXPECT_EQ(budget.left(), 1000U);
}

// Writes one message, which a test may leave unread.
class OneMessage final : public AnsweringCall {
 public:
  OneMessage(base::WorkerPool* pool, base::Clock* clock, AnswerCall* call)
      : AnsweringCall(pool, clock, absl::Seconds(8), call) {}
  void Begin() { Wake(); }
  void EndWhenAnswered() override { End(absl::UnavailableError("shutting down")); }

 private:
  bool Work() override { return false; }
  std::string NextMessage() override { return sent_++ == 0 ? "message" : ""; }
  std::optional<absl::Status> Complete() override { return std::nullopt; }
  void LetGo() override {}

  int sent_ = 0;
};

class CallWatchTest : public ::testing::Test {
 protected:
  ~CallWatchTest() override {
    logic_->OnCancelled();
    call_.AwaitClose().IgnoreError();
    call_.Attach(nullptr);
  }
  void Begin() {
    call_.Attach(logic_);
    logic_->Begin();
    call_.AwaitMessages(1);
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  base::WorkerPool pool_{1, 10};
  CallWatch watch_{&clock_, absl::Seconds(8)};
  TestCall call_;
  const std::shared_ptr<OneMessage> logic_ = std::make_shared<OneMessage>(&pool_, &clock_, &call_);
};

TEST_F(CallWatchTest, EndsTheCallThatNobodyReads) {
  call_.SetReading(false);
  watch_.Add(logic_);
  Begin();
  for (int second = 0; second < 7; ++second) {
    clock_.Advance(absl::Seconds(1));
    clock_.AwaitBlocked();
  }
  EXPECT_FALSE(call_.closed());
  clock_.Advance(absl::Seconds(1));
  clock_.AwaitBlocked();
  EXPECT_THAT(call_.AwaitClose(), testing::StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(CallWatchTest, LeavesAReaderAndWhoeverIsGoneAlone) {
  watch_.Add(logic_);
  Begin();  // It is read.
  clock_.Advance(absl::Seconds(100));
  clock_.AwaitBlocked();
  EXPECT_FALSE(call_.closed());
  watch_.Remove(logic_);
  watch_.EndWhenAnswered();
  EXPECT_FALSE(call_.closed());
}

TEST_F(CallWatchTest, EndsAllAtAShutdownAndThoseThatComeLater) {
  watch_.EndWhenAnswered();
  watch_.Add(logic_);
  EXPECT_THAT(call_.AwaitClose(), testing::StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace pitser::server
