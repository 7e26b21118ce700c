#include "bench/load/boundary.h"

#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pitser::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;
using ::testing::HasSubstr;

constexpr OneRound kRound{.boundary = 950, .next_boundary = 1950};

TEST(NextBoundary, IsAMultipleOfTheRoundAfterNow) {
  const system_clock::time_point base(seconds(1'700'000'000));  // A multiple of 5.
  EXPECT_EQ(NextBoundary(base, seconds(5)), base + seconds(5));
  EXPECT_EQ(NextBoundary(base + milliseconds(1), seconds(5)), base + seconds(5));
  EXPECT_EQ(NextBoundary(base + milliseconds(4999), seconds(5)), base + seconds(5));
  EXPECT_EQ(NextBoundary(base + milliseconds(5000), seconds(5)), base + seconds(10));
  EXPECT_EQ(NextBoundary(base + milliseconds(1500), seconds(1)), base + seconds(2));
}

TEST(AfterBoundary, CountsFromTheBoundaryToTheAnswer) {
  AfterBoundary after;
  after.Sent(kRound, 0, 3);
  after.Sent(kRound, 949);
  after.Answered(kRound, 950);
  after.Answered(kRound, 990, 2);
  after.Answered(kRound, 1949);
  EXPECT_EQ(after.latency.count(), 4u);
  EXPECT_EQ(after.latency.ValueAt(0.5), 40);
  EXPECT_EQ(after.latency.max(), 999);
  EXPECT_EQ(after.Flaw(), "");
}

TEST(AfterBoundary, TellsWhatDidNotWaitForTheRound) {
  AfterBoundary sent_late;
  sent_late.Sent(kRound, 950, 7);
  EXPECT_THAT(sent_late.Flaw(), HasSubstr("7 sent when the round was over"));
  AfterBoundary early;
  early.Answered(kRound, 949, 2);
  EXPECT_THAT(early.Flaw(), HasSubstr("2 answered before the round was over"));
  AfterBoundary late;
  late.Answered(kRound, 1950);
  EXPECT_THAT(late.Flaw(), HasSubstr("1 answered when the next round was over"));
}

TEST(AfterBoundary, AddsUp) {
  AfterBoundary all, one;
  all.Answered(kRound, 960);
  one.Sent(kRound, 951);
  one.Answered(kRound, 940);
  one.Answered(kRound, 1960, 2);
  all.Add(one);
  EXPECT_EQ(all.latency.count(), 4u);
  EXPECT_EQ(all.latency.max(), 1010);
  EXPECT_EQ(all.sent_late, 1u);
  EXPECT_EQ(all.answered_early, 1u);
  EXPECT_EQ(all.answered_late, 2u);
}

}  // namespace
}  // namespace pitser::bench
