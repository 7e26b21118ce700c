#include "base/retry_hint.h"

#include <gtest/gtest.h>

namespace pitser::base {
namespace {

TEST(RetryHint, LimitReachedSaysWhichAndWhen) {
  const absl::Status status = LimitReached("max_pending", "the round is full", absl::Seconds(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "the round is full (limit max_pending)");
  EXPECT_EQ(LimitOf(status), "max_pending");
  EXPECT_EQ(RetryAfterOf(status), absl::Seconds(1));
}

TEST(RetryHint, RoundsUpAndNeverBelowZero) {
  const absl::Status status = absl::UnavailableError("stopped");
  EXPECT_EQ(RetryAfterOf(WithRetryAfter(status, absl::Microseconds(1))), absl::Milliseconds(1));
  EXPECT_EQ(RetryAfterOf(WithRetryAfter(status, absl::Seconds(-3))), absl::ZeroDuration());
}

TEST(RetryHint, NothingThereIsTold) {
  EXPECT_EQ(RetryAfterOf(absl::UnavailableError("stopped")), std::nullopt);
  EXPECT_EQ(LimitOf(absl::UnavailableError("stopped")), "");
  EXPECT_EQ(RetryAfterOf(absl::OkStatus()), std::nullopt);
}

TEST(RetryHint, OkStaysOk) {
  EXPECT_TRUE(WithRetryAfter(absl::OkStatus(), absl::Seconds(1)).ok());
  EXPECT_TRUE(WithLimit(absl::OkStatus(), "max_pending").ok());
}

}  // namespace
}  // namespace pitser::base
