#include "net/channel.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

// Refuses every call and remembers who called.
class PeerRecorder final : public grpc::CallbackGenericService {
 public:
  std::set<std::string> peers;  // Read when no call runs.

 private:
  class Refusal final : public grpc::ServerGenericBidiReactor {
   public:
    Refusal() { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "")); }
    void OnDone() override { delete this; }
  };
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    peers.insert(context->peer());
    return new Refusal();
  }
};

// gRPC has channels with equal arguments share a connection; load over several must not.
TEST(MakeChannel, MakesAConnectionOfItsOwn) {
  PeerRecorder service;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);

  std::vector<std::shared_ptr<grpc::Channel>> channels;  // All at once.
  for (int i = 0; i < 2; ++i) {
    PITSER_ASSERT_OK_AND_ASSIGN(auto channel, MakeChannel(To("127.0.0.1:" + std::to_string(port))));
    channels.push_back(std::move(channel));
    grpc::ClientContext context;
    const grpc::Slice nothing;
    grpc::ByteBuffer request(&nothing, 1), response;  // One without any slice is none to gRPC.
    std::promise<grpc::StatusCode> code;
    grpc::GenericStub(channels.back())
        .UnaryCall(&context, "/a/b", {}, &request, &response,
                   [&](const grpc::Status& status) { code.set_value(status.error_code()); });
    EXPECT_EQ(code.get_future().get(), grpc::StatusCode::UNIMPLEMENTED);
  }
  server->Shutdown();
  EXPECT_EQ(service.peers.size(), 2u);
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
