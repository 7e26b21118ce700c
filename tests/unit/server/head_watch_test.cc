#include "server/core/head_watch.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace pitser::server {
namespace {

using Answer = HeadWatch::Answer;

class CountingFollower final : public HeadWatch::Follower {
 public:
  void HeadMoved() override { ++moved; }
  void WatchStopped() override { ++stopped; }

  std::atomic<bool> given_up = false;
  std::atomic<int> moved = 0, stopped = 0;
};

TEST(HeadWatch, WakesOnceForEachWait) {
  HeadWatch watch;
  CountingFollower follower;
  EXPECT_EQ(watch.Wait(follower, 0, follower.given_up), Answer::kWaiting);
  watch.Moved(10);
  watch.Moved(11);
  EXPECT_EQ(follower.moved, 1);
  EXPECT_EQ(watch.Wait(follower, 12, follower.given_up), Answer::kWaiting);
  watch.Moved(11);  // No news.
  EXPECT_EQ(follower.moved, 1);
  watch.Moved(20);
  EXPECT_EQ(follower.moved, 2);
}

TEST(HeadWatch, NobodyWaitsForWhatIsThere) {
  HeadWatch watch;
  CountingFollower follower;
  watch.Moved(10);
  EXPECT_EQ(watch.Wait(follower, 10, follower.given_up), Answer::kGoOn);
  EXPECT_EQ(watch.Wait(follower, 11, follower.given_up), Answer::kWaiting);
  EXPECT_TRUE(watch.Leave(follower));
}

TEST(HeadWatch, WhoLeavesHearsNothingMore) {
  HeadWatch watch;
  CountingFollower follower;
  EXPECT_FALSE(watch.Leave(follower));
  watch.Wait(follower, 0, follower.given_up);
  EXPECT_TRUE(watch.Leave(follower));
  EXPECT_FALSE(watch.Leave(follower));
  watch.Moved(1);
  watch.Stop();
  EXPECT_EQ(follower.moved + follower.stopped, 0);
}

TEST(HeadWatch, WhoGaveUpBeforeDoesNotWait) {
  HeadWatch watch;
  CountingFollower follower;
  follower.given_up = true;
  EXPECT_EQ(watch.Wait(follower, 0, follower.given_up), Answer::kGoOn);
  EXPECT_FALSE(watch.Leave(follower));
}

TEST(HeadWatch, StoppingEndsEveryWait) {
  HeadWatch watch;
  CountingFollower a, b;
  watch.Wait(a, 0, a.given_up);
  watch.Wait(b, 0, b.given_up);
  EXPECT_EQ(watch.waiting(), 2u);
  watch.Stop();
  EXPECT_EQ(watch.waiting(), 0u);
  EXPECT_EQ(a.stopped, 1);
  EXPECT_EQ(b.stopped, 1);
  EXPECT_EQ(watch.Wait(a, 5, a.given_up), Answer::kStopped);
  watch.Moved(9);
  EXPECT_EQ(a.moved, 0);
}

// Each follower waits for second after second while the head runs away and others give up: no wait
// is lost and none is ended twice.
TEST(HeadWatch, NoWakeUpIsLost) {
  constexpr std::uint64_t kLast = 2000;
  HeadWatch watch;
  class Racer final : public HeadWatch::Follower {
   public:
    explicit Racer(HeadWatch& watch) : watch_(watch) {}
    void HeadMoved() override { Go(); }
    void WatchStopped() override { ended = true; }
    void Go() {
      while (next <= kLast) {
        switch (watch_.Wait(*this, next, given_up)) {
          case Answer::kWaiting:
            return;
          case Answer::kGoOn:
            ++next;
            break;
          case Answer::kStopped:
            ended = true;
            return;
        }
      }
      ended = true;
    }
    std::atomic<bool> given_up = false, ended = false;
    std::uint64_t next = 0;  // Whoever goes on has it.

   private:
    HeadWatch& watch_;
  };
  std::vector<std::unique_ptr<Racer>> racers;
  for (int i = 0; i < 8; ++i) racers.push_back(std::make_unique<Racer>(watch));
  std::thread mover([&] {
    for (std::uint64_t head = 0; head <= kLast; ++head) watch.Moved(head);
  });
  for (const auto& racer : racers) racer->Go();
  mover.join();
  for (const auto& racer : racers) EXPECT_TRUE(racer->ended);
}

}  // namespace
}  // namespace pitser::server
