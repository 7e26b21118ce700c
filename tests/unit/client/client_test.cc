#include "client/client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>

#include "pitser/v1/pitser.grpc.pb.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::client {
namespace {

using ledger::Signature;
using testing::IsOk;
using testing::kTestTime;
using testing::SomeImprint;
using testing::StatusIs;
using testing::TestTrust;
using testing::ValueOf;

// A server that answers as a test says.
class FakeServer final : public v1::Signer::Service,
                         public v1::Extender::Service,
                         public v1::Publications::Service,
                         public v1::Info::Service {
 public:
  FakeServer() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(static_cast<v1::Signer::Service*>(this));
    builder.RegisterService(static_cast<v1::Extender::Service*>(this));
    builder.RegisterService(static_cast<v1::Publications::Service*>(this));
    builder.RegisterService(static_cast<v1::Info::Service*>(this));
    server_ = builder.BuildAndStart();
    endpoint_ = {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(port)};
  }
  ~FakeServer() override { server_->Shutdown(); }

  const net::Endpoint& endpoint() const { return endpoint_; }

  // Called under a lock, one at a time.
  std::function<grpc::Status(const v1::SignRequest&, v1::SignResponse&)> on_sign;
  std::function<grpc::Status(const v1::ExtendRequest&, v1::ExtendResponse&)> on_extend;
  std::vector<std::string> publications_pieces;
  v1::GetTrustResponse trust;
  v1::GetServerInfoResponse info;
  std::string retry_after_ms;  // Sent with refusals, if not empty.

 private:
  grpc::Status Sign(grpc::ServerContext* context, const v1::SignRequest* request,
                    v1::SignResponse* response) override {
    const std::lock_guard lock(mu_);
    if (!retry_after_ms.empty()) {
      context->AddTrailingMetadata("pitser-retry-after-ms", retry_after_ms);
    }
    return on_sign(*request, *response);
  }
  grpc::Status Extend(grpc::ServerContext* /*context*/, const v1::ExtendRequest* request,
                      v1::ExtendResponse* response) override {
    const std::lock_guard lock(mu_);
    return on_extend(*request, *response);
  }
  grpc::Status GetPublicationsFile(
      grpc::ServerContext* /*context*/, const v1::GetPublicationsFileRequest* /*request*/,
      grpc::ServerWriter<v1::GetPublicationsFileResponse>* writer) override {
    for (const std::string& data : publications_pieces) {
      v1::GetPublicationsFileResponse piece;
      piece.set_data(data);
      if (!writer->Write(piece)) break;
    }
    return grpc::Status::OK;
  }
  grpc::Status GetTrust(grpc::ServerContext* /*context*/, const v1::GetTrustRequest* /*request*/,
                        v1::GetTrustResponse* response) override {
    *response = trust;
    return grpc::Status::OK;
  }
  grpc::Status GetServerInfo(grpc::ServerContext* /*context*/,
                             const v1::GetServerInfoRequest* /*request*/,
                             v1::GetServerInfoResponse* response) override {
    *response = info;
    return grpc::Status::OK;
  }

  std::mutex mu_;
  net::Endpoint endpoint_;
  std::unique_ptr<grpc::Server> server_;
};

// The signature of a hash by one node at a second.
Signature SignAt(const ledger::Imprint& hash, std::uint64_t time) {
  testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
  recipe.document_hash = hash;
  recipe.time = time;
  recipe.calendar->publication_time = time;
  return testing::MakeSignature(recipe);
}

grpc::Status AnswerAt(const v1::SignRequest& request, v1::SignResponse& response,
                      std::uint64_t time) {
  const auto hash = ValueOf(ledger::Imprint::Parse(ledger::AsBytes(request.imprint())));
  response.set_signature(ledger::ToString(SignAt(hash, time).bytes()));
  response.set_aggregation_time(time);
  return grpc::Status::OK;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    ClientOptions options;
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

  FakeServer server_;
  absl::Duration now_;
  std::vector<absl::Duration> sleeps_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, SignsAndHandsOutWhatItVerified) {
  server_.on_sign = [](const auto& request, auto& response) {
    return AnswerAt(request, response, kTestTime);
  };
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, client_->Sign(SomeImprint("a")));
  EXPECT_EQ(signature.input_hash(), SomeImprint("a"));
  EXPECT_EQ(signature.signing_time(), kTestTime);
  EXPECT_TRUE(sleeps_.empty());
}

TEST_F(ClientTest, RefusesTheSignatureOfAnotherHash) {
  server_.on_sign = [](const auto& /*request*/, auto& response) {
    response.set_signature(ledger::ToString(SignAt(SomeImprint("b"), kTestTime).bytes()));
    return grpc::Status::OK;
  };
  const auto signature = client_->Sign(SomeImprint("a"));
  EXPECT_THAT(signature, StatusIs(absl::StatusCode::kDataLoss, "GEN-01"));
  EXPECT_TRUE(IsWrongAnswer(signature.status()));
}

TEST_F(ClientTest, RefusesASignatureOfALowerLevelThanAskedFor) {
  server_.on_sign = [](const auto& request, auto& response) {
    EXPECT_EQ(request.level(), 9u);
    return AnswerAt(request, response, kTestTime);
  };
  const auto signature = client_->Sign(SomeImprint("a"), 9);
  EXPECT_THAT(signature, StatusIs(absl::StatusCode::kDataLoss, "GEN-03"));
}

TEST_F(ClientTest, RefusesAMalformedSignature) {
  server_.on_sign = [](const auto& /*request*/, auto& response) {
    response.set_signature("nonsense");
    return grpc::Status::OK;
  };
  EXPECT_THAT(client_->Sign(SomeImprint("a")),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(ClientTest, RepeatsWhatIsWorthRepeatingAndHonoursTheServersDelay) {
  int calls = 0;
  server_.retry_after_ms = "1500";
  server_.on_sign = [&](const auto& request, auto& response) {
    if (++calls < 3) return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full");
    return AnswerAt(request, response, kTestTime);
  };
  EXPECT_THAT(client_->Sign(SomeImprint("a")), IsOk());
  EXPECT_EQ(sleeps_, (std::vector{absl::Milliseconds(1500), absl::Milliseconds(1500)}));
}

TEST_F(ClientTest, DoesNotRepeatARefusal) {
  int calls = 0;
  server_.on_sign = [&](const auto& /*request*/, auto& /*response*/) {
    ++calls;
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no such algorithm");
  };
  EXPECT_THAT(client_->Sign(SomeImprint("a")),
              StatusIs(absl::StatusCode::kInvalidArgument, "no such algorithm"));
  EXPECT_EQ(calls, 1);
}

TEST_F(ClientTest, SignsManyInTheirOrderAndRepeatsOnlyThoseThatFailed) {
  int calls = 0;
  bool refused = false;
  const auto refused_hash = SomeImprint("5");
  server_.on_sign = [&](const auto& request, auto& response) {
    ++calls;
    if (!refused && request.imprint() == ledger::ToString(refused_hash.bytes())) {
      refused = true;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting");
    }
    return AnswerAt(request, response, kTestTime);
  };
  std::vector<SignInput> inputs;
  for (int i = 0; i < 20; ++i) inputs.push_back({.hash = SomeImprint(std::to_string(i))});
  const auto results = client_->SignMany(inputs);
  ASSERT_EQ(results.size(), 20u);
  for (std::size_t i = 0; i < results.size(); ++i) {
    PITSER_ASSERT_OK(results[i]);
    EXPECT_EQ(results[i]->input_hash(), inputs[i].hash);
  }
  EXPECT_EQ(calls, 21);
}

// A group that a round's end divides is of two seconds: nothing of it is signed twice.
TEST_F(ClientTest, AsksForEachHashOnceWhereARoundEndsInTheMidstOfAGroup) {
  int calls = 0;
  server_.on_sign = [&](const auto& request, auto& response) {
    return AnswerAt(request, response, ++calls <= 4 ? kTestTime : kTestTime + 1);
  };
  std::vector<SignInput> inputs;
  for (int i = 0; i < 10; ++i) inputs.push_back({.hash = SomeImprint(std::to_string(i))});
  int first = 0;
  for (const auto& result : client_->SignMany(inputs)) {
    PITSER_ASSERT_OK(result);
    if (result->signing_time() == kTestTime) ++first;
  }
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(first, 4);
}

TEST_F(ClientTest, TellsOfEachHashWhatBecameOfIt) {
  const std::string bad(ledger::ToString(SomeImprint("bad").bytes()));
  server_.on_sign = [&](const auto& request, auto& response) {
    if (request.imprint() == bad) return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no");
    return AnswerAt(request, response, kTestTime);
  };
  const std::vector<SignInput> inputs = {{.hash = SomeImprint("a")}, {.hash = SomeImprint("bad")}};
  const auto results = client_->SignMany(inputs);
  EXPECT_THAT(results[0], IsOk());
  EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kPermissionDenied));
}

// A calendar in which the made signature's second has its leaf.
class ExtendTest : public ClientTest {
 protected:
  ExtendTest() {
    testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
    recipe.calendar.reset();
    recipe.record = testing::Record::kNone;
    const auto root = ValueOf(testing::MakeSignature(recipe).AggregationRoot()).imprint;
    EXPECT_THAT(calendar_.Append(kTestTime, root), IsOk());
    recipe.calendar.emplace().publication_time = kTestTime;
    recipe.calendar->links = Chain(kTestTime).links;
    recipe.record = testing::Record::kAuthentication;
    signature_ = testing::MakeSignature(recipe);
    EXPECT_THAT(calendar_.Append(kTestTime + 5, SomeImprint("later")), IsOk());
    EXPECT_THAT(calendar_.Skip(kTestTime + 10), IsOk());
    server_.on_extend = [this](const auto& request, auto& response) {
      EXPECT_EQ(request.aggregation_time(), kTestTime);
      Answer(request.has_publication_time() ? request.publication_time() : kTestTime + 10,
             response);
      return grpc::Status::OK;
    };
  }

  ledger::CalendarHashChain Chain(std::uint64_t publication_time) const {
    return ValueOf(ledger::BuildCalendarChain(calendar_, kTestTime, publication_time));
  }
  void Answer(std::uint64_t publication_time, v1::ExtendResponse& response) const {
    ledger::ByteVector bytes;
    ledger::WriteCalendarHashChain(bytes, Chain(publication_time));
    response.set_calendar_hash_chain(ledger::ToString(bytes));
    response.set_publication_time(publication_time);
  }
  ledger::PublicationRecord Publication(std::uint64_t time) const {
    return {.data = {.time = time, .hash = ValueOf(ledger::CalendarRoot(calendar_, time))},
            .references = {"Daily Seal"},
            .repository_uris = {}};
  }

  testing::MemoryCalendar calendar_;
  std::optional<Signature> signature_;
};

TEST_F(ExtendTest, LeadsToThePublicationAndCarriesIt) {
  const ledger::PublicationRecord publication = Publication(kTestTime + 7);
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Signature extended,
      client_->Extend(*signature_, {.publication = publication, .time = {}}));
  EXPECT_EQ(extended.publication_record()->data, publication.data);
  EXPECT_EQ(extended.publication_record()->references, publication.references);
  EXPECT_FALSE(extended.authentication_record().has_value());
  EXPECT_EQ(extended.signing_time(), kTestTime);
  EXPECT_EQ(extended.input_hash(), signature_->input_hash());
}

TEST_F(ExtendTest, LeadsToATimeOrToTheHead) {
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Signature to_time,
      client_->Extend(*signature_, {.publication = {}, .time = kTestTime + 6}));
  EXPECT_EQ(to_time.calendar_chain()->publication_time, kTestTime + 6);
  EXPECT_FALSE(to_time.publication_record().has_value());
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature to_head, client_->Extend(*signature_, {}));
  EXPECT_EQ(to_head.calendar_chain()->publication_time, kTestTime + 10);
}

TEST_F(ExtendTest, RefusesAChainThatIsNotTheSignatures) {
  ledger::PublicationRecord publication = Publication(kTestTime + 7);
  publication.data.hash = SomeImprint("another ledger's root");
  const auto other_root = client_->Extend(*signature_, {.publication = publication, .time = {}});
  EXPECT_TRUE(IsWrongAnswer(other_root.status())) << other_root.status();

  server_.on_extend = [this](const auto& /*request*/, auto& response) {
    Answer(kTestTime + 9, response);
    return grpc::Status::OK;
  };
  const auto other_time = client_->Extend(*signature_, {.publication = {}, .time = kTestTime + 6});
  EXPECT_TRUE(IsWrongAnswer(other_time.status())) << other_time.status();

  server_.on_extend = [](const auto& /*request*/, auto& response) {
    response.set_calendar_hash_chain("nonsense");
    return grpc::Status::OK;
  };
  EXPECT_THAT(client_->Extend(*signature_, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(ExtendTest, SaysThatTheCalendarHasNotComeThatFar) {
  server_.on_extend = [](const auto& /*request*/, auto& /*response*/) {
    return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "beyond the head");
  };
  EXPECT_THAT(client_->Extend(*signature_, {.publication = {}, .time = kTestTime + 99}),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ClientTest, JoinsThePiecesOfThePublicationsFile) {
  const auto file = testing::MakePublicationsFile({TestTrust::Get().calendar_record()}, {});
  const std::string bytes(ledger::ToString(file.bytes()));
  server_.publications_pieces = {bytes.substr(0, 7), bytes.substr(7)};
  PITSER_ASSERT_OK_AND_ASSIGN(const auto fetched, client_->GetPublicationsFile());
  EXPECT_TRUE(ledger::Equal(fetched.bytes(), file.bytes()));
  server_.publications_pieces = {bytes.substr(0, 7)};
  EXPECT_THAT(client_->GetPublicationsFile(),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(ClientTest, StopsReadingAPublicationsFileThatIsTooLong) {
  server_.publications_pieces.assign(65, std::string(1 << 20, 'x'));
  EXPECT_THAT(client_->GetPublicationsFile(),
              StatusIs(absl::StatusCode::kInvalidArgument, "at most"));
}

TEST_F(ClientTest, ReadsTrustAndRefusesAnEmptyOne) {
  EXPECT_THAT(client_->GetTrust(), StatusIs(absl::StatusCode::kInvalidArgument, "missing"));
  server_.trust.add_root_certificates(ledger::ToString(TestTrust::Get().root.der()));
  auto* constraint = server_.trust.add_constraints();
  constraint->set_oid(TestTrust::Get().constraint().oid);
  constraint->set_value(TestTrust::Get().constraint().value);
  PITSER_ASSERT_OK_AND_ASSIGN(const TrustAnswer trust, client_->GetTrust());
  EXPECT_EQ(trust.anchors.front().der(), TestTrust::Get().root.der());
  EXPECT_EQ(trust.constraints.front().value, TestTrust::Get().constraint().value);
  for (int i = 0; i < 64; ++i) *server_.trust.add_constraints() = server_.trust.constraints(0);
  EXPECT_THAT(client_->GetTrust(), StatusIs(absl::StatusCode::kInvalidArgument, "at most 64"));
  server_.trust.mutable_constraints()->DeleteSubrange(1, 64);
  server_.trust.add_root_certificates("nonsense");
  EXPECT_THAT(client_->GetTrust(), StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(ClientTest, ReadsWhatTheServerIs) {
  server_.info.set_version("pitserd 1");
  server_.info.set_round_length_ms(1000);
  auto* limits = server_.info.mutable_limits();
  limits->set_max_pending(1);
  limits->set_max_level(2);
  limits->set_max_message_bytes(3);
  limits->set_max_streams_per_connection(4);
  limits->set_max_batch(5);
  limits->set_max_stream_in_flight(6);
  limits->set_max_stream_unsent_bytes(7);
  limits->set_stream_stall_ms(8);
  limits->set_max_queued_reads(9);
  limits->set_max_batch_digests(10);
  limits->set_max_calendar_streams(11);
  limits->set_max_publication_streams(12);
  auto* sha1 = server_.info.add_algorithms();
  sha1->set_name("SHA-1");
  auto* sha256 = server_.info.add_algorithms();
  sha256->set_id(1);
  sha256->set_may_be_signed(true);
  PITSER_ASSERT_OK_AND_ASSIGN(const ServerInfo info, client_->GetServerInfo());
  EXPECT_EQ(info.version, "pitserd 1");
  EXPECT_EQ(info.round_length, absl::Seconds(1));
  EXPECT_EQ(info.limits.max_pending, 1u);
  EXPECT_EQ(info.limits.max_level, 2u);
  EXPECT_EQ(info.limits.max_message_bytes, 3u);
  EXPECT_EQ(info.limits.max_streams_per_connection, 4u);
  EXPECT_EQ(info.limits.max_batch, 5u);
  EXPECT_EQ(info.limits.max_stream_in_flight, 6u);
  EXPECT_EQ(info.limits.max_stream_unsent_bytes, 7u);
  EXPECT_EQ(info.limits.stream_stall_ms, 8u);
  EXPECT_EQ(info.limits.max_queued_reads, 9u);
  EXPECT_EQ(info.limits.max_batch_digests, 10u);
  EXPECT_EQ(info.limits.max_calendar_streams, 11u);
  EXPECT_EQ(info.limits.max_publication_streams, 12u);
  EXPECT_EQ(info.algorithms,
            (std::vector{ledger::HashAlgorithm::kSha1, ledger::HashAlgorithm::kSha256}));
  EXPECT_EQ(info.may_be_signed, std::vector{ledger::HashAlgorithm::kSha256});
}

}  // namespace
}  // namespace pitser::client
