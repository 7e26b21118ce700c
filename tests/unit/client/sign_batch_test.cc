#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "absl/time/clock.h"
#include "client/client.h"
#include "ledger/verify/shared_tail.h"
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
using testing::kTestTime;
using testing::MadeBatch;
using testing::SomeImprint;
using testing::StatusIs;
using testing::ValueOf;
using v1::SignBatchRequest;
using v1::SignBatchResponse;

std::vector<Imprint> Hashes(std::size_t count) {
  std::vector<Imprint> hashes;
  for (std::size_t i = 0; i < count; ++i) hashes.push_back(SomeImprint(std::to_string(i)));
  return hashes;
}

std::vector<Imprint> HashesOf(const SignBatchRequest& request) {
  const auto algorithm = static_cast<ledger::HashAlgorithm>(request.algorithm());
  const ledger::Bytes digests = ledger::AsBytes(request.digests());
  const std::size_t size = ledger::DigestSize(algorithm);
  std::vector<Imprint> hashes;
  for (std::size_t at = 0; at + size <= digests.size(); at += size) {
    hashes.push_back(ValueOf(Imprint::Create(algorithm, digests.subspan(at, size))));
  }
  return hashes;
}

// The answer of an honest server, in messages of `per_message` parts.
std::vector<SignBatchResponse> Answer(const SignBatchRequest& request,
                                      std::size_t per_message = 3) {
  const MadeBatch batch = testing::MakeBatch(HashesOf(request), kTestTime);
  std::vector<SignBatchResponse> messages(1);
  messages[0].set_tail(ledger::ToString(batch.tail));
  messages[0].set_aggregation_time(kTestTime);
  for (const ledger::ByteVector& part : batch.parts) {
    if (messages.back().parts_size() == static_cast<int>(per_message)) messages.emplace_back();
    messages.back().add_parts(ledger::ToString(part));
  }
  return messages;
}

class SignBatchTest : public ::testing::Test {
 protected:
  SignBatchTest() { Connect({}); }

  void Connect(ClientOptions options) {
    options.channel.endpoint = server_.endpoint();
    // Time passes only in sleeps, so that no test waits for a repetition.
    options.environment.monotonic = [this] { return now_; };
    options.environment.sleep = [this](absl::Duration duration) {
      sleeps_.push_back(duration);
      now_ += duration;
    };
    options.environment.random = [] { return 0.5; };
    client_ = ValueOf(Client::Create(std::move(options)));
  }

  // Has the server send what `change` makes of the honest answer.
  void AnswerChanged(std::function<void(std::vector<SignBatchResponse>&)> change) {
    server_.on_batch = [this, change](grpc::ServerContext& /*context*/,
                                      const SignBatchRequest& request,
                                      FakeSigner::BatchWriter& writer) {
      sizes_.push_back(HashesOf(request).size());
      std::vector<SignBatchResponse> messages = Answer(request);
      if (change) change(messages);
      for (const SignBatchResponse& message : messages) writer.Write(message);
      return grpc::Status::OK;
    };
  }

  // Signs; keeps what was visited.
  absl::Status Sign(const std::vector<Imprint>& hashes) {
    return client_->SignBatch(hashes, [this](std::size_t index, Signature signature) {
      EXPECT_EQ(index, visited_.size());
      visited_.push_back(std::move(signature));
    });
  }

  FakeSigner server_;
  absl::Duration now_;
  std::vector<absl::Duration> sleeps_;
  std::unique_ptr<Client> client_;
  std::vector<std::size_t> sizes_;
  std::vector<Signature> visited_;
};

TEST_F(SignBatchTest, HandsOutEverySignatureInOrder) {
  AnswerChanged({});
  const std::vector<Imprint> hashes = Hashes(10);
  PITSER_ASSERT_OK(Sign(hashes));
  ASSERT_EQ(visited_.size(), hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    EXPECT_EQ(visited_[i].input_hash(), hashes[i]);
    EXPECT_EQ(visited_[i].signing_time(), kTestTime);
  }
  EXPECT_THAT(sizes_, ::testing::ElementsAre(10));
}

// What is signed is not signed anew.
TEST_F(SignBatchTest, TakesAWholeBatchWhoseStreamEndsBadly) {
  server_.on_batch = [this](grpc::ServerContext& /*context*/, const SignBatchRequest& request,
                            FakeSigner::BatchWriter& writer) {
    sizes_.push_back(HashesOf(request).size());
    for (const SignBatchResponse& message : Answer(request)) writer.Write(message);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "shutting down");
  };
  PITSER_ASSERT_OK(Sign(Hashes(10)));
  EXPECT_EQ(visited_.size(), 10u);
  EXPECT_THAT(sizes_, ::testing::ElementsAre(10));
}

TEST_F(SignBatchTest, IsToldEveryLimitOfTheServer) {
  const auto* descriptor = v1::Limits::descriptor();
  // One more in the contract is one more in ServerLimits, and below.
  ASSERT_EQ(descriptor->field_count(), 12);
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const auto value = static_cast<std::uint32_t>(field->number() * 100);
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_UINT64) {
      v1::Limits::GetReflection()->SetUInt64(&server_.limits, field, value);
    } else {
      v1::Limits::GetReflection()->SetUInt32(&server_.limits, field, value);
    }
  }
  const ServerLimits limits = ValueOf(client_->GetServerInfo()).limits;
  EXPECT_EQ(limits.max_pending, 100u);
  EXPECT_EQ(limits.max_level, 200u);
  EXPECT_EQ(limits.max_message_bytes, 300u);
  EXPECT_EQ(limits.max_streams_per_connection, 400u);
  EXPECT_EQ(limits.max_batch, 500u);
  EXPECT_EQ(limits.max_stream_in_flight, 600u);
  EXPECT_EQ(limits.max_stream_unsent_bytes, 700u);
  EXPECT_EQ(limits.stream_stall_ms, 800u);
  EXPECT_EQ(limits.max_queued_reads, 900u);
  EXPECT_EQ(limits.max_batch_digests, 1000u);
  EXPECT_EQ(limits.max_calendar_streams, 1100u);
  EXPECT_EQ(limits.max_publication_streams, 1200u);
}

TEST_F(SignBatchTest, SignsOneHashAndNone) {
  AnswerChanged({});
  PITSER_EXPECT_OK(Sign({}));
  EXPECT_THAT(sizes_, ::testing::IsEmpty());
  PITSER_EXPECT_OK(Sign(Hashes(1)));
  EXPECT_EQ(visited_.size(), 1u);
}

TEST_F(SignBatchTest, SplitsByTheServersLimitsAndItsOwn) {
  AnswerChanged({});
  server_.limits.set_max_batch(4);
  PITSER_EXPECT_OK(Sign(Hashes(10)));
  EXPECT_THAT(sizes_, ::testing::ElementsAre(4, 4, 2));
  ASSERT_EQ(visited_.size(), 10u);
  EXPECT_EQ(visited_[9].input_hash(), SomeImprint("9"));

  server_.limits.set_max_batch(1000);
  server_.limits.set_max_message_bytes(64 + 3 * 32);
  sizes_.clear();
  visited_.clear();
  PITSER_EXPECT_OK(Sign(Hashes(5)));
  EXPECT_THAT(sizes_, ::testing::ElementsAre(3, 2));

  server_.limits.set_max_message_bytes(1 << 20);
  ClientOptions options;
  options.max_batch = 2;
  Connect(std::move(options));
  sizes_.clear();
  visited_.clear();
  PITSER_EXPECT_OK(Sign(Hashes(5)));
  EXPECT_THAT(sizes_, ::testing::ElementsAre(2, 2, 1));
}

TEST_F(SignBatchTest, SaysThatTheServerDoesNotServeIt) {
  EXPECT_THAT(Sign(Hashes(2)), StatusIs(absl::StatusCode::kUnimplemented, "no batches"));
  server_.limits.set_max_batch(0);
  EXPECT_THAT(Sign(Hashes(2)),
              StatusIs(absl::StatusCode::kUnimplemented, "does not serve batches"));
  EXPECT_THAT(visited_, ::testing::IsEmpty());
}

TEST_F(SignBatchTest, RefusesMixedAlgorithms) {
  const std::vector<Imprint> hashes = {SomeImprint("a"),
                                       SomeImprint("b", ledger::HashAlgorithm::kSha512)};
  EXPECT_THAT(Sign(hashes), StatusIs(absl::StatusCode::kInvalidArgument, "one algorithm"));
}

TEST_F(SignBatchTest, RefusesAnswersThatAreNotWhatTheContractSays) {
  using Messages = std::vector<SignBatchResponse>;
  const struct {
    const char* name;
    std::function<void(Messages&)> change;
    const char* message;
  } cases[] = {
      {"a part is missing", [](Messages& m) { m.back().mutable_parts()->RemoveLast(); },
       "9 parts for 10 digests"},
      {"a part too many", [](Messages& m) { m.back().add_parts(m.back().parts(0)); },
       "more parts than there were digests"},
      {"no message", [](Messages& m) { m.clear(); }, "0 parts for 10 digests"},
      {"no tail", [](Messages& m) { m[0].clear_tail(); }, "first message has no tail"},
      {"the tail in the second message",
       [](Messages& m) {
         m[1].set_tail(m[0].tail());
         m[0].clear_tail();
       },
       "first message has no tail"},
      {"a second tail", [](Messages& m) { m[1].set_tail(m[0].tail()); }, "second tail"},
      {"a second time", [](Messages& m) { m[2].set_aggregation_time(kTestTime); }, "second tail"},
      {"a part that is nothing", [](Messages& m) { m[1].set_parts(0, "nonsense"); }, "malformed"},
      {"a part that is too long", [](Messages& m) { m[1].set_parts(0, std::string(10'000, 'x')); },
       "a part has 10000 bytes"},
      {"a tail without calendar and record",
       [](Messages& m) {
         const Signature whole = ValueOf(Signature::Parse(
             ValueOf(ledger::SharedTail(ledger::ToVector(ledger::AsBytes(m[0].tail())))
                         .Assemble(ledger::AsBytes(m[0].parts(0))))));
         m[0].set_tail(ledger::ToString(whole.aggregation_chains()[1].raw));
       },
       "no calendar hash chain"},
      {"a tail that is nothing", [](Messages& m) { m[0].set_tail("nonsense"); }, "malformed"},
  };
  for (const auto& c : cases) {
    AnswerChanged(c.change);
    const absl::Status status = Sign(Hashes(10));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, c.message)) << c.name;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "the server's answer is"))
        << c.name;
    EXPECT_FALSE(IsWrongAnswer(status)) << c.name;
    EXPECT_THAT(visited_, ::testing::IsEmpty()) << c.name;
  }
}

TEST_F(SignBatchTest, RefusesAnswersThatAreProvenWrong) {
  using Messages = std::vector<SignBatchResponse>;
  const struct {
    const char* name;
    std::function<void(Messages&)> change;
    const char* code;
  } cases[] = {
      {"two parts swapped", [](Messages& m) { m[1].mutable_parts()->SwapElements(0, 2); },
       "GEN-01"},
      {"the part of another tree",
       [](Messages& m) {
         const MadeBatch other = testing::MakeBatch(Hashes(9), kTestTime);
         m[1].set_parts(0, ledger::ToString(other.parts[3]));
       },
       "INT-01"},
      {"the tail of another tree",
       [](Messages& m) {
         m[0].set_tail(ledger::ToString(testing::MakeBatch(Hashes(9), kTestTime).tail));
       },
       "INT-01"},
      {"another second than it says", [](Messages& m) { m[0].set_aggregation_time(kTestTime + 1); },
       "another second"},
  };
  for (const auto& c : cases) {
    AnswerChanged(c.change);
    const absl::Status status = Sign(Hashes(10));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss, c.code)) << c.name;
    EXPECT_TRUE(IsWrongAnswer(status)) << c.name;
    EXPECT_THAT(visited_, ::testing::IsEmpty()) << c.name;
  }
}

TEST_F(SignBatchTest, ThrowsAwayWhatABrokenStreamBroughtAndAsksAgain) {
  int calls = 0;
  server_.on_batch = [&](grpc::ServerContext& context, const SignBatchRequest& request,
                         FakeSigner::BatchWriter& writer) {
    std::vector<SignBatchResponse> messages = Answer(request);
    if (++calls < 3) {
      writer.Write(messages[0]);
      writer.Write(messages[1]);
      context.AddTrailingMetadata("pitser-retry-after-ms", "1500");
      return grpc::Status(
          calls == 1 ? grpc::StatusCode::RESOURCE_EXHAUSTED : grpc::StatusCode::UNAVAILABLE,
          "in the middle");
    }
    for (const SignBatchResponse& message : messages) writer.Write(message);
    return grpc::Status::OK;
  };
  PITSER_ASSERT_OK(Sign(Hashes(10)));
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(visited_.size(), 10u);
  EXPECT_EQ(sleeps_, (std::vector{absl::Milliseconds(1500), absl::Milliseconds(1500)}));
}

TEST_F(SignBatchTest, EndsAtTheBatchThatFailed) {
  server_.limits.set_max_batch(4);
  int calls = 0;
  server_.on_batch = [&](grpc::ServerContext& /*context*/, const SignBatchRequest& request,
                         FakeSigner::BatchWriter& writer) {
    if (++calls == 2) return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "enough");
    for (const SignBatchResponse& message : Answer(request)) writer.Write(message);
    return grpc::Status::OK;
  };
  EXPECT_THAT(Sign(Hashes(10)), StatusIs(absl::StatusCode::kPermissionDenied, "enough"));
  EXPECT_EQ(visited_.size(), 4u);
  EXPECT_EQ(calls, 2);
}

TEST_F(SignBatchTest, DoesNotWaitForEver) {
  server_.on_batch = [](grpc::ServerContext& context, const SignBatchRequest& /*request*/,
                        FakeSigner::BatchWriter& /*writer*/) {
    while (!context.IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
    return grpc::Status::CANCELLED;
  };
  ClientOptions options;
  options.timeout = absl::Milliseconds(300);
  Connect(std::move(options));
  EXPECT_THAT(Sign(Hashes(10)), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace pitser::client
