#include "server/aggregator/intake.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/retry_hint.h"
#include "base/thread.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_node.h"
#include "tests/support/test_trust.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::AnswerBox;
using testing::FakeClock;
using testing::kTestTime;
using testing::StatusIs;

constexpr std::uint64_t kT = kTestTime;

absl::Time At(std::uint64_t second) {
  return absl::FromUnixSeconds(static_cast<std::int64_t>(second));
}

class IntakeTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMaxPending = 100;
  static constexpr std::size_t kShards = 4;

  absl::Status Take(std::uint64_t id, const AnswerBox::RequestOptions& options = {}) {
    std::unique_ptr<PendingRequest> request = box_.Request(id, options);
    absl::Status taken = intake_.Take(request);
    EXPECT_EQ(taken.ok(), request == nullptr);
    return taken;
  }
  // By threads of their own, of which every one has another shard.
  void TakeByThreads(std::uint64_t first, int threads) {
    for (int i = 0; i < threads; ++i) {
      base::Thread("sender", [this, id = first + static_cast<std::uint64_t>(i)] {
        PITSER_EXPECT_OK(Take(id));
      }).Join();
    }
  }

  AnswerBox box_;
  FakeClock clock_{At(kT)};
  Intake intake_{RoundTimes{1, absl::Seconds(5)}, kMaxPending, &clock_, kShards};
};

TEST_F(IntakeTest, NothingWaitsAtFirst) {
  EXPECT_EQ(intake_.First(), std::nullopt);
  EXPECT_TRUE(intake_.TakeUpTo(kT).waiting.empty());
  EXPECT_EQ(intake_.pending(), 0U);
}

TEST_F(IntakeTest, ARoundIsWhatCameInDuringItsSecondFromAllShards) {
  TakeByThreads(0, 9);
  clock_.Advance(absl::Seconds(1));
  TakeByThreads(100, 5);
  EXPECT_EQ(intake_.First(), kT);
  Round round = intake_.TakeUpTo(kT);
  EXPECT_EQ(round.t, kT);
  EXPECT_EQ(round.waiting.size(), 9U);
  for (const Waiting& one : round.waiting) EXPECT_EQ(one.since, At(kT));
  EXPECT_EQ(intake_.First(), kT + 1);
  EXPECT_EQ(intake_.pending(), 14U);
  intake_.Release(9, 9);
  EXPECT_EQ(intake_.pending(), 5U);
}

// Who came first has waited longest, and is answered first.
TEST_F(IntakeTest, ARoundIsInTheOrderOfArrivalWhateverShardTookThem) {
  std::vector<absl::Time> arrivals;
  for (std::uint64_t i = 0; i < 10; ++i) {
    TakeByThreads(2 * i, 1 + static_cast<int>(i % 2));
    for (std::uint64_t k = 0; k <= i % 2; ++k) arrivals.push_back(clock_.Now());
    clock_.Advance(absl::Milliseconds(1));
  }
  std::vector<absl::Time> order;
  for (const Waiting& one : intake_.TakeUpTo(kT).waiting) order.push_back(one.since);
  EXPECT_EQ(order, arrivals);
}

TEST_F(IntakeTest, RoundsThatAreTakenTogetherHaveTheTimeOfTheLast) {
  for (int i = 0; i < 3; ++i) {
    TakeByThreads(0, 3);
    clock_.Advance(absl::Seconds(1));
  }
  const Round round = intake_.TakeUpTo(kT + 1);
  EXPECT_EQ(round.t, kT + 1);
  EXPECT_EQ(round.waiting.size(), 6U);
  EXPECT_EQ(intake_.First(), kT + 2);
}

// Also where the clock stands at a second that is closed already.
TEST_F(IntakeTest, ARoundThatWasTakenIsNotOpenedAgain) {
  PITSER_ASSERT_OK(Take(1));
  EXPECT_EQ(intake_.TakeUpTo(kT).waiting.size(), 1U);
  TakeByThreads(2, 4);
  EXPECT_EQ(intake_.First(), kT + 1);
}

TEST_F(IntakeTest, TheLimitIsOfAllShardsTogether) {
  PITSER_ASSERT_OK(Take(1, {.weight = kMaxPending - 3}));
  TakeByThreads(2, 3);
  const absl::Status full = Take(5);
  EXPECT_THAT(full, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(base::LimitOf(full), "max_pending");
  intake_.Release(1, kMaxPending - 3);
  PITSER_EXPECT_OK(Take(6));
}

TEST_F(IntakeTest, SaysWhyNothingIsTaken) {
  intake_.Refuse(absl::UnavailableError("no disk"));
  EXPECT_THAT(Take(1), StatusIs(StatusCode::kUnavailable, "no disk"));
  intake_.SetDraining(true);
  EXPECT_TRUE(intake_.draining());
  EXPECT_NE(Take(1).message().find("draining"), std::string::npos);
  intake_.Refuse(absl::OkStatus());
  EXPECT_THAT(Take(1), StatusIs(StatusCode::kUnavailable));
  intake_.SetDraining(false);
  PITSER_EXPECT_OK(Take(1));
  intake_.Close();
  EXPECT_NE(Take(2).message().find("shutting down"), std::string::npos);
  EXPECT_EQ(intake_.TakeAll().waiting.size(), 1U);
}

TEST_F(IntakeTest, WhatWaitsForATimeFarFromTheClockIsStranded) {
  TakeByThreads(0, 3);
  clock_.SetWall(At(kT - 3));
  EXPECT_TRUE(intake_.TakeStranded(clock_.Now()).waiting.empty());
  clock_.SetWall(At(kT - 100));
  intake_.OpenFrom(kT);
  EXPECT_THAT(Take(4), StatusIs(StatusCode::kUnavailable));
  EXPECT_EQ(intake_.TakeStranded(clock_.Now()).waiting.size(), 3U);
  EXPECT_EQ(intake_.First(), std::nullopt);
}

}  // namespace
}  // namespace pitser::server
