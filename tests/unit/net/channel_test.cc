#include "net/channel.h"

#include <grpcpp/grpcpp.h>

#include "gtest/gtest.h"
#include "net/grpc_status.h"
#include "tests/support/status_matchers.h"

namespace pitser::net {
namespace {

using testing::IsOk;
using testing::StatusIs;

ChannelOptions To(std::string_view address) {
  ChannelOptions options;
  options.endpoint = *ParseEndpoint(address);
  return options;
}

TEST(ChannelOptions, SpeakPlainTextWithThisMachineOnly) {
  EXPECT_FALSE(To("127.0.0.1:7380").UsesTls());
  EXPECT_TRUE(To("ledger.example:7380").UsesTls());
  ChannelOptions told = To("ledger.example:7380");
  told.insecure = true;
  EXPECT_FALSE(told.UsesTls());
  ChannelOptions with_ca = To("localhost:7380");
  with_ca.ca_pem = "PEM";
  EXPECT_TRUE(with_ca.UsesTls());
}

TEST(MakeChannel, RefusesContradictions) {
  ChannelOptions half = To("ledger.example:7380");
  half.certificate_pem = "PEM";
  EXPECT_THAT(MakeChannel(half), StatusIs(absl::StatusCode::kInvalidArgument, "together"));
  ChannelOptions both = To("ledger.example:7380");
  both.insecure = true;
  both.ca_pem = "PEM";
  EXPECT_THAT(MakeChannel(both), StatusIs(absl::StatusCode::kInvalidArgument, "insecure"));
  EXPECT_THAT(MakeChannel(To("127.0.0.1:7380")), IsOk());
}

TEST(FromGrpcStatus, KeepsCodeAndMessage) {
  EXPECT_THAT(FromGrpcStatus(grpc::Status::OK), IsOk());
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status =
        FromGrpcStatus(grpc::Status(static_cast<grpc::StatusCode>(code), "why"));
    EXPECT_EQ(static_cast<int>(status.code()), code);
    EXPECT_EQ(status.message(), "why");
  }
}

}  // namespace
}  // namespace pitser::net
