#include "net/retry.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::net {
namespace {

using testing::IsOk;
using testing::StatusIs;

// A clock that moves only while somebody sleeps on it.
struct FakeTime {
  absl::Duration now = absl::Hours(5);
  std::vector<absl::Duration> sleeps;

  RetryEnvironment Environment(double random = 0.5) {
    return {.monotonic = [this] { return now; },
            .sleep =
                [this](absl::Duration duration) {
                  sleeps.push_back(duration);
                  now += duration;
                },
            .random = [random] { return random; }};
  }
};

Attempt Unavailable() { return {.status = absl::UnavailableError("gone"), .server_delay = {}}; }

TEST(IsRetryable, IsTrueOfThreeCodesOnly) {
  for (int code = 0; code <= 16; ++code) {
    const auto status_code = static_cast<absl::StatusCode>(code);
    const bool expected = status_code == absl::StatusCode::kUnavailable ||
                          status_code == absl::StatusCode::kResourceExhausted ||
                          status_code == absl::StatusCode::kAborted;
    EXPECT_EQ(IsRetryable(absl::Status(status_code, "x")), expected) << code;
  }
}

TEST(CallWithRetry, StopsAtTheFirstSuccess) {
  FakeTime time;
  int calls = 0;
  EXPECT_THAT(CallWithRetry({}, absl::Seconds(60), time.Environment(),
                            [&](absl::Duration) {
                              return ++calls < 3 ? Unavailable() : Attempt{absl::OkStatus(), {}};
                            }),
              IsOk());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(time.sleeps, (std::vector{absl::Milliseconds(100), absl::Milliseconds(200)}));
}

TEST(CallWithRetry, DoesNotRepeatWhatCannotHelp) {
  FakeTime time;
  int calls = 0;
  EXPECT_THAT(CallWithRetry({}, absl::Seconds(60), time.Environment(),
                            [&](absl::Duration) {
                              ++calls;
                              return Attempt{absl::InvalidArgumentError("no"), {}};
                            }),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(calls, 1);
}

TEST(CallWithRetry, GivesUpAfterTheLastAttempt) {
  FakeTime time;
  int calls = 0;
  const RetryPolicy policy{.max_attempts = 4};
  EXPECT_THAT(CallWithRetry(policy, absl::Seconds(60), time.Environment(),
                            [&](absl::Duration) {
                              ++calls;
                              return Unavailable();
                            }),
              StatusIs(absl::StatusCode::kUnavailable, "gone"));
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(time.sleeps.size(), 3u);
}

TEST(CallWithRetry, NeverSleepsPastItsTimeAndTellsTheCallWhatIsLeft) {
  FakeTime time;
  std::vector<absl::Duration> remaining;
  const RetryPolicy policy{.max_attempts = 100, .initial_delay = absl::Seconds(1)};
  const absl::Duration start = time.now;
  EXPECT_THAT(CallWithRetry(policy, absl::Seconds(10), time.Environment(),
                            [&](absl::Duration left) {
                              remaining.push_back(left);
                              return Unavailable();
                            }),
              StatusIs(absl::StatusCode::kUnavailable));
  // 1 + 2 + 4 seconds; the next wait of 5 would end after the tenth.
  EXPECT_EQ(remaining,
            (std::vector{absl::Seconds(10), absl::Seconds(9), absl::Seconds(7), absl::Seconds(3)}));
  EXPECT_LT(time.now, start + absl::Seconds(10));
}

TEST(CallWithRetry, TellsTheRefusalWhenTimeRunsOutAfterIt) {
  FakeTime time;
  int calls = 0;
  EXPECT_THAT(
      CallWithRetry(
          {}, absl::Seconds(60), time.Environment(),
          [&](absl::Duration) {
            return ++calls == 1 ? Unavailable() : Attempt{absl::DeadlineExceededError("late"), {}};
          }),
      StatusIs(absl::StatusCode::kUnavailable, "gone"));
  EXPECT_EQ(calls, 2);
  // Without a refusal there is nothing else to tell.
  EXPECT_THAT(CallWithRetry({}, absl::Seconds(60), time.Environment(),
                            [&](absl::Duration) {
                              return Attempt{absl::DeadlineExceededError("late"), {}};
                            }),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  // Any other outcome is newer than the refusal.
  calls = 0;
  EXPECT_THAT(
      CallWithRetry(
          {}, absl::Seconds(60), time.Environment(),
          [&](absl::Duration) {
            return ++calls == 1 ? Unavailable() : Attempt{absl::InvalidArgumentError("no"), {}};
          }),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(CallManyWithRetry, RepeatsTogetherWhatIsWorthIt) {
  FakeTime time;
  std::vector<std::vector<std::size_t>> rounds;
  // 0 is done at once, 1 refused for good, 2 done at the third time, 3 never: time runs out.
  const std::vector<absl::Status> ends = CallManyWithRetry(
      {.max_attempts = 4}, 4, absl::Seconds(60), time.Environment(),
      [&](std::span<const std::size_t> which, std::span<const absl::Duration>) {
        rounds.emplace_back(which.begin(), which.end());
        std::vector<Attempt> outcomes;
        for (const std::size_t i : which) {
          if (i == 0 || (i == 2 && rounds.size() == 3)) {
            outcomes.push_back({absl::OkStatus(), {}});
          } else if (i == 1) {
            outcomes.push_back({absl::InvalidArgumentError("no"), {}});
          } else {
            outcomes.push_back(rounds.size() == 4 ? Attempt{absl::DeadlineExceededError("late"), {}}
                                                  : Unavailable());
          }
        }
        return outcomes;
      });
  EXPECT_EQ(rounds, (std::vector<std::vector<std::size_t>>{{0, 1, 2, 3}, {2, 3}, {2, 3}, {3}}));
  ASSERT_EQ(ends.size(), 4u);
  PITSER_EXPECT_OK(ends[0]);
  EXPECT_THAT(ends[1], StatusIs(absl::StatusCode::kInvalidArgument));
  PITSER_EXPECT_OK(ends[2]);
  EXPECT_THAT(ends[3], StatusIs(absl::StatusCode::kUnavailable, "gone"));
  EXPECT_EQ(time.sleeps.size(), 3u);
}

// Many of which few are made at a time: the last ones' time begins with their turn.
TEST(CallManyWithRetry, CountsTheTimeOfEachAsTheCallTellsIt) {
  FakeTime time;
  std::vector<std::vector<absl::Duration>> left;
  const RetryPolicy policy{.max_attempts = 3, .initial_delay = absl::Seconds(1), .jitter = 0};
  const std::vector<absl::Status> ends = CallManyWithRetry(
      policy, 2, absl::Seconds(10), time.Environment(),
      [&](std::span<const std::size_t> which, std::span<const absl::Duration> remaining) {
        left.emplace_back(remaining.begin(), remaining.end());
        time.now += absl::Seconds(100);
        std::vector<Attempt> outcomes;
        for (const std::size_t i : which) {
          outcomes.push_back(Unavailable());
          if (i == 1) outcomes.back().took = absl::Seconds(4);
        }
        return outcomes;
      });
  EXPECT_EQ(left, (std::vector<std::vector<absl::Duration>>{{absl::Seconds(10), absl::Seconds(10)},
                                                            {absl::Seconds(5)}}));
  EXPECT_EQ(ends.size(), 2u);
}

TEST(DelayBeforeRetry, HonoursTheServersDelayWhenItIsLonger) {
  Attempt attempt{absl::ResourceExhaustedError("full"), absl::Seconds(3)};
  EXPECT_EQ(DelayBeforeRetry({}, 1, attempt, absl::Minutes(1), 0.5), absl::Seconds(3));
  attempt.server_delay = absl::Milliseconds(1);
  EXPECT_EQ(DelayBeforeRetry({}, 1, attempt, absl::Minutes(1), 0.5), absl::Milliseconds(100));
  attempt.server_delay = absl::Minutes(2);
  EXPECT_EQ(DelayBeforeRetry({}, 1, attempt, absl::Minutes(1), 0.5), std::nullopt);
}

TEST(DelayBeforeRetry, IsSpreadByJitterAndBounded) {
  const RetryPolicy policy{.max_attempts = 1000};
  EXPECT_EQ(DelayBeforeRetry(policy, 1, Unavailable(), absl::Hours(1), 0.0),
            absl::Milliseconds(80));
  EXPECT_EQ(DelayBeforeRetry(policy, 1, Unavailable(), absl::Hours(1), 1.0),
            absl::Milliseconds(120));
  EXPECT_EQ(DelayBeforeRetry(policy, 900, Unavailable(), absl::Hours(1), 1.0), absl::Seconds(6));
}

}  // namespace
}  // namespace pitser::net
