#include "server/gateway/grpc/stall_watch.h"

#include <atomic>

#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"

namespace pitser::server {
namespace {

using ::pitser::testing::FakeClock;

class CountingWait final : public StallWatch::Waiting {
 public:
  void Stalled() override { ++stalled; }
  std::atomic<int> stalled = 0;
};

class StallWatchTest : public ::testing::Test {
 protected:
  // The watch looks once, when the time has come.
  void Pass(absl::Duration by) {
    clock_.AwaitBlocked();
    clock_.Advance(by);
    clock_.AwaitBlocked();
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  StallWatch watch_{clock_, absl::Seconds(30)};
  const std::shared_ptr<CountingWait> wait_ = std::make_shared<CountingWait>();
};

TEST_F(StallWatchTest, BreaksOffWhatWaitsTooLong) {
  watch_.Begin(wait_);
  Pass(absl::Seconds(29));
  EXPECT_EQ(wait_->stalled, 0);
  Pass(absl::Seconds(1));
  EXPECT_EQ(wait_->stalled, 1);
  Pass(absl::Seconds(100));
  EXPECT_EQ(wait_->stalled, 1);  // Once.
}

TEST_F(StallWatchTest, AWaitThatEndedIsForgotten) {
  watch_.Begin(wait_);
  Pass(absl::Seconds(29));
  watch_.End(*wait_);
  watch_.End(*wait_);
  EXPECT_EQ(wait_.use_count(), 1);
  Pass(absl::Seconds(100));
  EXPECT_EQ(wait_->stalled, 0);
}

TEST_F(StallWatchTest, EachWaitBeginsAnew) {
  for (int i = 0; i < 5; ++i) {
    watch_.Begin(wait_);
    Pass(absl::Seconds(20));
    watch_.End(*wait_);
  }
  EXPECT_EQ(wait_->stalled, 0);
}

TEST_F(StallWatchTest, AClockThatIsSetBreaksNothingOff) {
  watch_.Begin(wait_);
  clock_.AwaitBlocked();
  clock_.SetWall(clock_.Now() + absl::Hours(1));
  clock_.AwaitBlocked();
  EXPECT_EQ(wait_->stalled, 0);
}

TEST_F(StallWatchTest, KeepsWhatItBreaksOffAlive) {
  auto wait = std::make_shared<CountingWait>();
  const std::weak_ptr<CountingWait> seen = wait;
  watch_.Begin(std::move(wait));
  EXPECT_FALSE(seen.expired());
  Pass(absl::Seconds(31));
  EXPECT_TRUE(seen.expired());
}

}  // namespace
}  // namespace pitser::server
