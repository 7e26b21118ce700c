#include "net/grpc_status.h"

#include <grpcpp/grpcpp.h>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::net {
namespace {

using ::pitser::testing::StatusIs;

TEST(FromGrpcStatus, KeepsCodeAndMessage) {
  PITSER_EXPECT_OK(FromGrpcStatus(grpc::Status::OK));
  EXPECT_THAT(FromGrpcStatus(grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "beyond the head")),
              StatusIs(absl::StatusCode::kOutOfRange, "beyond the head"));
}

TEST(FinishedAttempt, KeepsWhatTheServerSaid) {
  grpc::ClientContext context;
  const Attempt attempt =
      FinishedAttempt(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no imprint"), context);
  EXPECT_THAT(attempt.status, StatusIs(absl::StatusCode::kInvalidArgument, "no imprint"));
  EXPECT_FALSE(IsRetryable(attempt.status));
}

// A call that came in just as a server shut down was dropped with CANCELLED and never repeated.
TEST(FinishedAttempt, ADroppedCallMayBeRepeated) {
  grpc::ClientContext context;
  const Attempt attempt = FinishedAttempt(grpc::Status(grpc::StatusCode::CANCELLED, ""), context);
  EXPECT_THAT(attempt.status, StatusIs(absl::StatusCode::kUnavailable, "went away"));
  EXPECT_TRUE(IsRetryable(attempt.status));
}

}  // namespace
}  // namespace pitser::net
