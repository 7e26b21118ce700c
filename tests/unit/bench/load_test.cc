#include "bench/load/load.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bench/load/empty_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "tests/support/status_matchers.h"

namespace pitser::bench {
namespace {

using pitser::testing::IsOk;
using pitser::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

LoadOptions Options(const net::Endpoint& server, Mode mode, std::uint64_t count) {
  LoadOptions options;
  options.server.endpoint = server;
  options.mode = mode;
  options.connections = 2;
  options.count = count;
  options.in_flight = 40;
  options.batch_size = 7;
  return options;
}

Tally RunToTheEnd(const LoadOptions& options, KeptStore* store = nullptr) {
  auto load = Load::Connect(options, store);
  EXPECT_THAT(load, IsOk());
  if (!load.ok()) return {};
  (*load)->Start();
  WaitForLoads({load->get()}, std::chrono::seconds(60), [] { return Wish::kGoOn; });
  return (*load)->Finish().tally;
}

class LoadOnEmptyServer : public ::testing::TestWithParam<Mode> {
 protected:
  static std::unique_ptr<EmptyServer> StartServer(bool parked) {
    EmptyServerOptions options;
    options.listen.host = "127.0.0.1";
    options.sizes = {.signature_bytes = 100, .part_bytes = 50, .tail_bytes = 70};
    options.parked = parked;
    auto server = EmptyServer::Start(options);
    EXPECT_THAT(server, IsOk());
    return server.ok() ? *std::move(server) : nullptr;
  }
};
INSTANTIATE_TEST_SUITE_P(Modes, LoadOnEmptyServer,
                         ::testing::Values(Mode::kUnary, Mode::kStream, Mode::kBatch),
                         [](const auto& form) { return std::string(ModeName(form.param)); });

TEST_P(LoadOnEmptyServer, CountsEveryAnswer) {
  const auto server = StartServer(/*parked=*/false);
  const Tally tally = RunToTheEnd(Options(server->endpoint(), GetParam(), 1001));
  EXPECT_EQ(tally.sent, 1001u);
  EXPECT_EQ(tally.signed_count, 1001u);
  EXPECT_EQ(tally.measured_signed, 1001u);
  EXPECT_EQ(tally.signed_latency.count(), 1001u);
  EXPECT_EQ(tally.breaches, 0u);
  EXPECT_EQ(tally.part_bytes, 1001u * (GetParam() == Mode::kUnary ? 100 : 50));
  EXPECT_GT(tally.bytes_received, tally.part_bytes);
  EXPECT_GT(tally.bytes_sent, 1001u * 32);
}

TEST_P(LoadOnEmptyServer, CountsParkedAnswers) {
  const auto server = StartServer(/*parked=*/true);
  const Tally tally = RunToTheEnd(Options(server->endpoint(), GetParam(), 40));
  EXPECT_EQ(tally.signed_count, 40u);
  EXPECT_EQ(tally.breaches, 0u);
}

TEST_P(LoadOnEmptyServer, CountsFromTheEndOfTheOneRound) {
  const auto server = StartServer(/*parked=*/true);
  LoadOptions options = Options(server->endpoint(), GetParam(), 40);
  options.one_round = std::chrono::seconds(1);
  const Tally tally = RunToTheEnd(options);
  EXPECT_EQ(tally.signed_count, 40u);
  EXPECT_EQ(tally.after_boundary.latency.count(), 40u);
}

TEST_P(LoadOnEmptyServer, TellsThatNothingWaitedForTheRound) {
  const auto server = StartServer(/*parked=*/false);
  LoadOptions options = Options(server->endpoint(), GetParam(), 40);
  options.one_round = std::chrono::seconds(2);
  EXPECT_NE(RunToTheEnd(options).after_boundary.Flaw(), "");
}

TEST_P(LoadOnEmptyServer, KeepsToItsSchedule) {
  const auto server = StartServer(/*parked=*/false);
  LoadOptions options = Options(server->endpoint(), GetParam(), 0);
  options.rate = 2000;
  options.duration = std::chrono::milliseconds(300);
  options.warm_up = std::chrono::milliseconds(150);
  options.in_flight = 100'000;
  const Tally tally = RunToTheEnd(options);
  // What was due and not sent is told; a batch that is not full by then is never sent.
  EXPECT_EQ(tally.sent + tally.missed, 600u);
  EXPECT_EQ(tally.signed_count, tally.sent);
  EXPECT_LE(tally.measured_sent, 300u);
  EXPECT_EQ(tally.measured_signed, tally.measured_sent);
}

TEST_P(LoadOnEmptyServer, CallsNothingRightThatIsNoSignature) {
  const auto server = StartServer(/*parked=*/false);
  KeptStore store({.checker = {}, .seed = 0, .max_bytes = std::uint64_t{1} << 30});
  RunToTheEnd(Options(server->endpoint(), GetParam(), 100), &store);
  const KeptStore::Report report = store.VerifyAll();
  EXPECT_EQ(report.counts.wrong, 100u);
  EXPECT_EQ(report.counts.right, 0u);
}

TEST_P(LoadOnEmptyServer, BreaksOffWhatIsUnanswered) {
  EmptyServerOptions options;
  options.listen.host = "127.0.0.1";
  options.sizes = {.signature_bytes = 1, .part_bytes = 1, .tail_bytes = 1};
  options.parked = true;
  options.round = std::chrono::seconds(3600);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto server, EmptyServer::Start(options));
  LoadOptions load_options = Options(server->endpoint(), GetParam(), 28);
  load_options.timeout = std::chrono::hours(1);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto load, Load::Connect(load_options, nullptr));
  load->Start();
  WaitForLoads({load.get()}, std::chrono::seconds(60),
               [&] { return load->progress().in_flight == 28 ? Wish::kGiveUp : Wish::kGoOn; });
  const Tally tally = load->Finish().tally;
  EXPECT_EQ(tally.sent, 28u);
  EXPECT_EQ(tally.signed_count, 0u);
  EXPECT_THAT(tally.undecided, ElementsAre(Pair(Refusal{grpc::StatusCode::CANCELLED, ""}, 28u)));
}

TEST(Load, SaysThatNobodyIsThere) {
  LoadOptions options = Options({"127.0.0.1", 1}, Mode::kUnary, 1);
  options.timeout = std::chrono::milliseconds(300);
  EXPECT_THAT(Load::Connect(options, nullptr), StatusIs(absl::StatusCode::kUnavailable));
}

// A server that says what a test wants.
class Scripted final : public v1::Signer::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::SignStreamResponse, v1::SignStreamRequest>;
  std::function<grpc::Status(grpc::ServerContext&, v1::SignResponse&)> sign;
  std::function<grpc::Status(Stream&)> stream;
  std::function<grpc::Status(const v1::SignBatchRequest&,
                             grpc::ServerWriter<v1::SignBatchResponse>&)>
      batch;

  Scripted() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Scripted() override { server_->Shutdown(std::chrono::system_clock::now()); }

  net::Endpoint endpoint() const { return {"127.0.0.1", static_cast<std::uint16_t>(port_)}; }

 private:
  grpc::Status Sign(grpc::ServerContext* context, const v1::SignRequest*,
                    v1::SignResponse* response) override {
    return sign(*context, *response);
  }
  grpc::Status SignStream(grpc::ServerContext*, Stream* calls) override { return stream(*calls); }
  grpc::Status SignBatch(grpc::ServerContext*, const v1::SignBatchRequest* request,
                         grpc::ServerWriter<v1::SignBatchResponse>* writer) override {
    return batch(*request, *writer);
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(UnaryLane, CountsRefusalsByCodeAndLimit) {
  Scripted server;
  std::atomic<int> calls = 0;
  server.sign = [&](grpc::ServerContext& context, v1::SignResponse& response) {
    switch (calls++ % 3) {
      case 0:
        context.AddTrailingMetadata("pitser-limit", "max_pending");
        context.AddTrailingMetadata("pitser-retry-after-ms", "1");
        return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full");
      case 1:
        context.AddTrailingMetadata("pitser-retry-after-ms", "1");
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the clock");
      default:
        response.set_signature("x");
        return grpc::Status::OK;
    }
  };
  const Tally tally = RunToTheEnd(Options(server.endpoint(), Mode::kUnary, 30));
  EXPECT_EQ(tally.signed_count, 10u);
  EXPECT_THAT(tally.refused,
              ElementsAre(Pair(Refusal{grpc::StatusCode::RESOURCE_EXHAUSTED, "max_pending"}, 10u),
                          Pair(Refusal{grpc::StatusCode::UNAVAILABLE, ""}, 10u)));
  EXPECT_EQ(tally.refused_latency.count(), 20u);
  EXPECT_THAT(tally.undecided, IsEmpty());
}

// Answers every item of every message by `answer`.
std::function<grpc::Status(Scripted::Stream&)> EachItem(
    std::function<void(const v1::SignItem&, v1::SignStreamResponse&)> answer) {
  return [answer = std::move(answer)](Scripted::Stream& stream) {
    v1::SignStreamRequest request;
    while (stream.Read(&request)) {
      v1::SignStreamResponse response;
      response.set_tail("tail");
      for (const v1::SignItem& item : request.items()) answer(item, response);
      stream.Write(response);
    }
    return grpc::Status::OK;
  };
}

TEST(StreamLane, CountsErrorsOfItems) {
  Scripted server;
  server.stream = EachItem([](const v1::SignItem& item, v1::SignStreamResponse& response) {
    v1::SignItemAnswer* const answer = response.add_answers();
    answer->set_id(item.id());
    if (item.id() % 2 == 0) return answer->set_part("p");
    answer->mutable_error()->set_code(grpc::StatusCode::RESOURCE_EXHAUSTED);
    answer->mutable_error()->set_limit("max_stream_in_flight");
  });
  const Tally tally = RunToTheEnd(Options(server.endpoint(), Mode::kStream, 100));
  EXPECT_EQ(tally.signed_count, 50u);
  EXPECT_THAT(tally.refused,
              ElementsAre(Pair(
                  Refusal{grpc::StatusCode::RESOURCE_EXHAUSTED, "max_stream_in_flight"}, 50u)));
  EXPECT_EQ(tally.breaches, 0u);
}

TEST(StreamLane, NoticesAnswersThatNobodyAskedFor) {
  Scripted server;
  server.stream = EachItem([](const v1::SignItem& item, v1::SignStreamResponse& response) {
    for (int i = 0; i < 2; ++i) {
      v1::SignItemAnswer* const answer = response.add_answers();
      answer->set_id(item.id());
      answer->set_part("p");
    }
  });
  const Tally tally = RunToTheEnd(Options(server.endpoint(), Mode::kStream, 10));
  EXPECT_EQ(tally.signed_count, 10u);
  EXPECT_EQ(tally.breaches, 10u);
  EXPECT_THAT(tally.complaints.front(), HasSubstr("waits for none"));
}

TEST(StreamLane, NoticesAnAnswerThatSaysNothing) {
  Scripted server;
  server.stream = EachItem([](const v1::SignItem& item, v1::SignStreamResponse& response) {
    response.add_answers()->set_id(item.id());
  });
  const Tally tally = RunToTheEnd(Options(server.endpoint(), Mode::kStream, 10));
  EXPECT_EQ(tally.TotalUndecided(), 10u);
  EXPECT_EQ(tally.breaches, 10u);
}

TEST(StreamLane, NoticesAStreamThatEndsWellTooEarly) {
  Scripted server;
  server.stream = [](Scripted::Stream& stream) {
    v1::SignStreamRequest request;
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  };
  const Tally tally = RunToTheEnd(Options(server.endpoint(), Mode::kStream, 10));
  EXPECT_EQ(tally.TotalUndecided(), 10u);
  EXPECT_EQ(tally.breaches, 2u);  // One for each stream.
}

TEST(StreamLane, OpensABrokenStreamAgain) {
  Scripted server;
  std::atomic<int> streams = 0;
  const auto answer = EachItem([](const v1::SignItem& item, v1::SignStreamResponse& response) {
    v1::SignItemAnswer* const one = response.add_answers();
    one->set_id(item.id());
    one->set_part("p");
  });
  server.stream = [&](Scripted::Stream& stream) {
    if (streams++ > 0) return answer(stream);
    v1::SignStreamRequest request;
    stream.Read(&request);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken");
  };
  LoadOptions options = Options(server.endpoint(), Mode::kStream, 1000);
  options.connections = 1;
  const Tally tally = RunToTheEnd(options);
  EXPECT_EQ(tally.sent, 1000u);
  EXPECT_EQ(tally.signed_count + tally.TotalUndecided(), 1000u);
  EXPECT_GE(tally.TotalUndecided(), 1u);
  EXPECT_GE(tally.signed_count, 900u);
  EXPECT_EQ(tally.breaches, 0u);
  EXPECT_EQ(streams, 2);
}

TEST(BatchLane, CountsARefusedBatchAsItsHashes) {
  Scripted server;
  server.batch = [](const v1::SignBatchRequest&, grpc::ServerWriter<v1::SignBatchResponse>&) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full");
  };
  const Tally tally = RunToTheEnd(Options(server.endpoint(), Mode::kBatch, 30));
  EXPECT_THAT(tally.refused,
              ElementsAre(Pair(Refusal{grpc::StatusCode::RESOURCE_EXHAUSTED, ""}, 30u)));
}

TEST(BatchLane, ThrowsAwayWhatCameBeforeAnError) {
  Scripted server;
  server.batch = [](const v1::SignBatchRequest& request,
                    grpc::ServerWriter<v1::SignBatchResponse>& writer) {
    v1::SignBatchResponse response;
    for (std::size_t i = 0; i < request.digests().size() / 32; ++i) response.add_parts("p");
    writer.Write(response);
    return grpc::Status(grpc::StatusCode::INTERNAL, "broken");
  };
  const Tally tally = RunToTheEnd(Options(server.endpoint(), Mode::kBatch, 30));
  EXPECT_EQ(tally.signed_count, 0u);
  EXPECT_EQ(tally.TotalUndecided(), 30u);
}

TEST(BatchLane, NoticesAWrongNumberOfParts) {
  for (const int surplus : {-1, 1}) {
    Scripted server;
    server.batch = [&](const v1::SignBatchRequest& request,
                       grpc::ServerWriter<v1::SignBatchResponse>& writer) {
      v1::SignBatchResponse response;
      const int count = static_cast<int>(request.digests().size() / 32) + surplus;
      for (int i = 0; i < count; ++i) response.add_parts("p");
      writer.Write(response);
      return grpc::Status::OK;
    };
    LoadOptions options = Options(server.endpoint(), Mode::kBatch, 14);
    options.connections = 1;
    const Tally tally = RunToTheEnd(options);
    EXPECT_EQ(tally.TotalUndecided(), 14u);
    EXPECT_EQ(tally.breaches, 2u);
    EXPECT_THAT(tally.complaints.front(), HasSubstr("a batch of 7 was answered with"));
  }
}

}  // namespace
}  // namespace pitser::bench
