#include "client/sign_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "absl/time/clock.h"
#include "base/thread.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"
#include "tests/unit/client/fake_signer.h"

namespace pitser::client {
namespace {

using ledger::Imprint;
using ledger::Signature;
using testing::FakeSigner;
using testing::IsOk;
using testing::kTestTime;
using testing::MadeBatch;
using testing::SomeImprint;
using testing::StatusIs;
using testing::ValueOf;
using v1::SignStreamRequest;
using v1::SignStreamResponse;
using Future = std::future<absl::StatusOr<Signature>>;

// The answer of an honest server to a message.
SignStreamResponse Answer(const SignStreamRequest& request) {
  std::vector<Imprint> hashes;
  for (const auto& item : request.items()) {
    hashes.push_back(ValueOf(Imprint::Parse(ledger::AsBytes(item.imprint()))));
  }
  hashes.push_back(SomeImprint("another caller's"));
  const MadeBatch batch = testing::MakeBatch(hashes, kTestTime);
  SignStreamResponse response;
  response.set_tail(ledger::ToString(batch.tail));
  response.set_aggregation_time(kTestTime);
  for (int i = 0; i < request.items_size(); ++i) {
    auto& answer = *response.add_answers();
    answer.set_id(request.items(i).id());
    answer.set_part(ledger::ToString(batch.parts[static_cast<std::size_t>(i)]));
  }
  return response;
}

grpc::Status Serve(FakeSigner::Stream& stream) {
  SignStreamRequest request;
  while (stream.Read(&request)) stream.Write(Answer(request));
  return grpc::Status::OK;
}

void WaitUntilCancelled(grpc::ServerContext& context) {
  while (!context.IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
}

class SignStreamTest : public ::testing::Test {
 protected:
  SignStreamTest() {
    server_.on_stream = [](grpc::ServerContext& /*context*/, FakeSigner::Stream& stream) {
      return Serve(stream);
    };
  }

  void Open(absl::Duration timeout = absl::Seconds(60), const SignStreamOptions& options = {}) {
    stream_.reset();  // Before its client.
    ClientOptions client_options;
    client_options.channel.endpoint = server_.endpoint();
    client_options.timeout = timeout;
    client_options.retry.initial_delay = absl::Milliseconds(1);
    client_options.retry.max_delay = absl::Milliseconds(5);
    client_ = ValueOf(Client::Create(std::move(client_options)));
    stream_ = ValueOf(SignStream::Open(*client_, options));
  }

  // Has the server answer the first message with what `change` makes of the honest answer.
  void ChangeFirstAnswer(std::function<void(SignStreamResponse&)> change) {
    server_.on_stream = [this, change](grpc::ServerContext& /*context*/,
                                       FakeSigner::Stream& stream) {
      SignStreamRequest request;
      while (stream.Read(&request)) {
        SignStreamResponse response = Answer(request);
        if (!changed_.exchange(true)) change(response);
        stream.Write(response);
      }
      return grpc::Status::OK;
    };
  }

  FakeSigner server_;
  std::atomic<bool> changed_{false};
  std::unique_ptr<Client> client_;
  std::unique_ptr<SignStream> stream_;
};

TEST_F(SignStreamTest, SignsForManyThreads) {
  Open();
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::atomic<int> right{0};
  {
    std::vector<base::Thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back("caller", [&, t] {
        for (int i = 0; i < kEach; ++i) {
          const Imprint hash = SomeImprint(std::to_string(t) + "/" + std::to_string(i));
          EXPECT_THAT(stream_->Sign(hash, 0,
                                    [&right, hash](const absl::StatusOr<Signature>& signature) {
                                      PITSER_ASSERT_OK(signature);
                                      if (signature->input_hash() == hash) ++right;
                                    }),
                      IsOk());
        }
      });
    }
  }
  stream_->Close();
  EXPECT_EQ(right, kThreads * kEach);
  EXPECT_THAT(stream_->Sign(SomeImprint("late")).get(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SignStreamTest, KeepsToTheServersLimitInFlight) {
  server_.limits.set_max_stream_in_flight(5);
  std::atomic<int> most{0};
  server_.on_stream = [&](grpc::ServerContext& /*context*/, FakeSigner::Stream& stream) {
    SignStreamRequest request;
    while (stream.Read(&request)) {
      most = std::max(most.load(), request.items_size());
      stream.Write(Answer(request));
    }
    return grpc::Status::OK;
  };
  Open();
  std::vector<Future> futures;
  for (int i = 0; i < 50; ++i) futures.push_back(stream_->Sign(SomeImprint(std::to_string(i))));
  for (Future& future : futures) EXPECT_THAT(future.get(), IsOk());
  EXPECT_LE(most, 5);
}

TEST_F(SignStreamTest, RefusesWhatIsTooMuchAtOnce) {
  std::atomic<bool> go{false};
  server_.on_stream = [&](grpc::ServerContext& /*context*/, FakeSigner::Stream& stream) {
    go.wait(false);
    return Serve(stream);
  };
  Open(absl::Seconds(60), {.max_in_flight = 10, .max_unanswered = 2});
  Future a = stream_->Sign(SomeImprint("a"));
  Future b = stream_->Sign(SomeImprint("b"));
  EXPECT_THAT(stream_->Sign(SomeImprint("c")).get(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  go = true;
  go.notify_all();
  EXPECT_THAT(a.get(), IsOk());
  stream_->WaitForRoom();
  EXPECT_THAT(stream_->Sign(SomeImprint("c")).get(), IsOk());
  EXPECT_THAT(b.get(), IsOk());
}

TEST_F(SignStreamTest, SendsAgainWhatWasRefusedForAWhile) {
  ChangeFirstAnswer([](SignStreamResponse& response) {
    auto& error = *response.mutable_answers(0)->mutable_error();
    error.set_code(grpc::StatusCode::RESOURCE_EXHAUSTED);
    error.set_message("full");
    error.set_retry_after_ms(20);
  });
  Open();
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, stream_->Sign(SomeImprint("a")).get());
  EXPECT_EQ(signature.input_hash(), SomeImprint("a"));
  EXPECT_TRUE(changed_);
}

TEST_F(SignStreamTest, TellsARefusalThatRepeatingDoesNotHelp) {
  ChangeFirstAnswer([](SignStreamResponse& response) {
    auto& error = *response.mutable_answers(0)->mutable_error();
    error.set_code(grpc::StatusCode::INVALID_ARGUMENT);
    error.set_message("no such algorithm");
  });
  Open();
  EXPECT_THAT(stream_->Sign(SomeImprint("a")).get(),
              StatusIs(absl::StatusCode::kInvalidArgument, "no such algorithm"));
  EXPECT_THAT(stream_->Sign(SomeImprint("b")).get(), IsOk());
}

TEST_F(SignStreamTest, RefusesAWrongSignatureAndGoesOn) {
  ChangeFirstAnswer([](SignStreamResponse& response) {
    const MadeBatch other =
        testing::MakeBatch(std::vector{SomeImprint("x"), SomeImprint("y")}, kTestTime);
    response.mutable_answers(0)->set_part(ledger::ToString(other.parts[0]));
  });
  Open();
  const auto wrong = stream_->Sign(SomeImprint("a")).get();
  EXPECT_TRUE(IsWrongAnswer(wrong.status())) << wrong.status();
  EXPECT_THAT(stream_->Sign(SomeImprint("b")).get(), IsOk());
}

TEST_F(SignStreamTest, RefusesASignatureOfAnotherSecondThanItsMessageSays) {
  ChangeFirstAnswer([](SignStreamResponse& r) { r.set_aggregation_time(kTestTime - 1); });
  Open();
  const auto wrong = stream_->Sign(SomeImprint("a")).get();
  EXPECT_TRUE(IsWrongAnswer(wrong.status())) << wrong.status();
}

TEST_F(SignStreamTest, RefusesALowerLevelThanAskedFor) {
  Open();
  std::promise<absl::Status> result;
  PITSER_ASSERT_OK(stream_->Sign(SomeImprint("a"), 9, [&](const absl::StatusOr<Signature>& s) {
    result.set_value(s.status());
  }));
  EXPECT_THAT(result.get_future().get(), StatusIs(absl::StatusCode::kDataLoss, "GEN-03"));
}

TEST_F(SignStreamTest, EndsAStreamThatIsNotWhatTheContractSaysAndOpensAnother) {
  const std::pair<std::function<void(SignStreamResponse&)>, const char*> cases[] = {
      {[](SignStreamResponse& r) { r.mutable_answers(0)->set_id(1 << 20); }, "was not asked"},
      {[](SignStreamResponse& r) { *r.add_answers() = r.answers(0); }, ""},
      {[](SignStreamResponse& r) { r.mutable_answers(0)->clear_outcome(); }, "neither signature"},
      {[](SignStreamResponse& r) { r.mutable_answers(0)->mutable_error()->set_code(0); },
       "has no code"},
      {[](SignStreamResponse& r) { r.mutable_answers(0)->mutable_error()->set_code(99); },
       "has no code"},
      {[](SignStreamResponse& r) { r.mutable_answers(0)->set_part("nonsense"); }, "malformed"},
      {[](SignStreamResponse& r) { r.clear_tail(); }, "no calendar hash chain"},
  };
  for (const auto& [change, message] : cases) {
    changed_ = false;
    ChangeFirstAnswer(change);
    Open();
    const auto result = stream_->Sign(SomeImprint("a")).get();
    if (*message == '\0') {
      EXPECT_THAT(result, IsOk());  // It was answered once already.
    } else {
      EXPECT_THAT(std::string(result.status().message()), ::testing::HasSubstr(message));
    }
    EXPECT_THAT(stream_->Sign(SomeImprint("b")).get(), IsOk()) << message;
    stream_->Close();
  }
}

TEST_F(SignStreamTest, SendsAgainWhatABrokenStreamLeftUndecided) {
  std::atomic<int> streams{0};
  server_.on_stream = [&](grpc::ServerContext& /*context*/, FakeSigner::Stream& stream) {
    const int number = ++streams;
    if (number >= 4) return Serve(stream);
    SignStreamRequest request;
    stream.Read(&request);
    SignStreamResponse half = Answer(request);
    half.mutable_answers()->DeleteSubrange(half.answers_size() / 2,
                                           half.answers_size() - half.answers_size() / 2);
    if (half.answers_size() > 0) stream.Write(half);
    if (number == 1) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "shutting down");
    if (number == 2) return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "long enough");
    return grpc::Status::OK;
  };
  Open();
  std::vector<Future> futures;
  for (int i = 0; i < 100; ++i) futures.push_back(stream_->Sign(SomeImprint(std::to_string(i))));
  for (std::size_t i = 0; i < futures.size(); ++i) {
    PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, futures[i].get());
    EXPECT_EQ(signature.input_hash(), SomeImprint(std::to_string(i)));
  }
  EXPECT_GE(streams, 4);
}

TEST_F(SignStreamTest, TellsAStreamThatIsRefusedForGood) {
  server_.on_stream = [](grpc::ServerContext& /*context*/, FakeSigner::Stream& /*stream*/) {
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you");
  };
  Open();
  EXPECT_THAT(stream_->Sign(SomeImprint("a")).get(),
              StatusIs(absl::StatusCode::kPermissionDenied, "not you"));
}

TEST_F(SignStreamTest, ClosesOnlyWhenAllIsAnswered) {
  // The server answers nothing before it sees the half-close.
  server_.on_stream = [](grpc::ServerContext& /*context*/, FakeSigner::Stream& stream) {
    std::vector<SignStreamRequest> requests(1);
    while (stream.Read(&requests.back())) requests.emplace_back();
    requests.pop_back();
    for (const SignStreamRequest& request : requests) stream.Write(Answer(request));
    return grpc::Status::OK;
  };
  Open();
  std::atomic<int> signed_ones{0};
  for (int i = 0; i < 20; ++i) {
    PITSER_ASSERT_OK(stream_->Sign(SomeImprint(std::to_string(i)), 0, [&](const auto& result) {
      if (result.ok()) ++signed_ones;
    }));
  }
  stream_->Close();
  EXPECT_EQ(signed_ones, 20);
  stream_->Close();  // Once more is harmless.
}

TEST_F(SignStreamTest, DoesNotWaitForEverForAServerThatNeitherReadsNorAnswers) {
  server_.limits.set_max_message_bytes(64 << 20);
  server_.limits.set_max_stream_in_flight(1'000'000);
  server_.on_stream = [](grpc::ServerContext& context, FakeSigner::Stream& /*stream*/) {
    WaitUntilCancelled(context);
    return grpc::Status::CANCELLED;
  };
  Open(absl::Milliseconds(300));
  // More than the connection's buffers take.
  std::vector<Future> futures;
  for (int i = 0; i < 20'000; ++i) futures.push_back(stream_->Sign(SomeImprint("x")));
  for (Future& future : futures) {
    EXPECT_THAT(future.get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  stream_->Close();
}

// What a callback asks for is sent and answered while it still runs.
TEST_F(SignStreamTest, GoesOnWhileACallbackTakesItsTime) {
  std::promise<void> second_came;
  server_.on_stream = [&](grpc::ServerContext& /*context*/, FakeSigner::Stream& stream) {
    SignStreamRequest request;
    for (int number = 1; stream.Read(&request); ++number) {
      if (number == 2) second_came.set_value();
      stream.Write(Answer(request));
    }
    return grpc::Status::OK;
  };
  Open();
  std::promise<std::future_status> waited;
  PITSER_ASSERT_OK(stream_->Sign(SomeImprint("a"), 0, [&](const auto& result) {
    PITSER_EXPECT_OK(result);
    PITSER_EXPECT_OK(
        stream_->Sign(SomeImprint("b"), 0, [](const auto& r) { EXPECT_TRUE(r.ok()); }));
    waited.set_value(second_came.get_future().wait_for(std::chrono::seconds(20)));
  }));
  EXPECT_EQ(waited.get_future().get(), std::future_status::ready);
  stream_->Close();
}

TEST_F(SignStreamTest, OpenSaysThatTheServerDoesNotServeIt) {
  Open();
  server_.limits.set_max_stream_in_flight(0);
  EXPECT_THAT(SignStream::Open(*client_),
              StatusIs(absl::StatusCode::kUnimplemented, "does not serve streams"));
}

}  // namespace
}  // namespace pitser::client
