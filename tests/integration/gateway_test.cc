// The gRPC gateway over a real connection, with stand-ins for the parts behind it that a test can
// hold up and make fail.

#include "server/gateway/grpc/gateway.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/retry_hint.h"
#include "gtest/gtest.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/signature.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "server/extender/calendar_extender.h"
#include "tests/integration/tls_files.h"
#include "tests/support/fake_clock.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"

namespace pitser::server {
namespace {

using ::pitser::testing::FakeClock;
using ::pitser::testing::kTestTime;
using ::pitser::testing::StatusIs;
using ::pitser::testing::TestTrust;

// Keeps what it is given until the test answers it.
class FakeAggregator final : public Aggregator {
 public:
  ledger::Level max_level() const override { return 255; }
  absl::Status CheckHash(const ledger::Imprint& hash, ledger::Level) const override {
    if (hash.algorithm() != ledger::HashAlgorithm::kSha1) return absl::OkStatus();
    return absl::InvalidArgumentError("SHA-1 is not trusted any more");
  }
  absl::Status Enqueue(std::unique_ptr<PendingRequest>& request) override {
    base::MutexLock lock(mu_);
    if (!refusal_.ok()) return refusal_;
    pending_.push_back(std::move(request));
    changed_.SignalAll();
    return absl::OkStatus();
  }
  void CloseIntake() override {}
  void Stop() override {}

  void Refuse(absl::Status with) {
    base::MutexLock lock(mu_);
    refusal_ = std::move(with);
  }
  std::unique_ptr<PendingRequest> Await() {
    base::MutexLock lock(mu_);
    while (pending_.empty()) changed_.Wait(mu_);
    auto request = std::move(pending_.back());
    pending_.pop_back();
    return request;
  }

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  absl::Status refusal_ PITSER_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<PendingRequest>> pending_ PITSER_GUARDED_BY(mu_);
};

// A calendar of two seconds in memory, which can be held up.
class FakeCalendar final : public storage::Calendar {
 public:
  std::optional<std::uint64_t> head() const override { return kTestTime; }
  absl::StatusOr<ledger::Imprint> Node(unsigned, std::uint64_t) const override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<storage::CalendarPreview> Preview(std::uint64_t,
                                                   const ledger::Imprint&) const override {
    return absl::UnimplementedError("");
  }
  absl::Status Apply(const storage::CalendarPreview&) override {
    return absl::UnimplementedError("");
  }
  absl::Status AdvanceHead(std::uint64_t) override { return absl::UnimplementedError(""); }
  absl::StatusOr<std::optional<ledger::Imprint>> Leaf(std::uint64_t) const override {
    return absl::UnimplementedError("");
  }
  absl::Status VisitLeaves(
      std::uint64_t, std::uint64_t,
      const std::function<bool(std::uint64_t, const ledger::Imprint&)>&) const override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<ledger::Imprint> Root(std::uint64_t) const override {
    base::MutexLock lock(mu_);
    ++reading_;
    changed_.SignalAll();
    while (held_) changed_.Wait(mu_);
    return pitser::testing::SomeImprint("root");
  }
  absl::StatusOr<ledger::CalendarHashChain> Chain(std::uint64_t t,
                                                  std::uint64_t publication_time) const override {
    ledger::CalendarHashChain chain{
        .publication_time = publication_time,
        .aggregation_time = t,
        .input_hash = pitser::testing::SomeImprint("leaf"),
        .links = pitser::testing::MakeCalendarLinks(t, publication_time)};
    return chain;
  }
  absl::Status BulkLoad(
      const std::function<std::optional<std::pair<std::uint64_t, ledger::Imprint>>()>&,
      std::uint64_t) override {
    return absl::UnimplementedError("");
  }

  void Hold(bool held) {
    base::MutexLock lock(mu_);
    held_ = held;
    changed_.SignalAll();
  }
  void AwaitReading(int count) {
    base::MutexLock lock(mu_);
    while (reading_ < count) changed_.Wait(mu_);
  }

 private:
  mutable base::Mutex mu_;
  mutable base::CondVar changed_;
  mutable int reading_ PITSER_GUARDED_BY(mu_) = 0;
  bool held_ PITSER_GUARDED_BY(mu_) = false;
};

class FakePublications final : public Publications {
 public:
  explicit FakePublications(ledger::PublicationsFile file)
      : file_(std::make_shared<const ledger::PublicationsFile>(std::move(file))) {}
  std::shared_ptr<const ledger::PublicationsFile> file() const override { return file_; }

 private:
  const std::shared_ptr<const ledger::PublicationsFile> file_;
};

// More than one message of them: some 1.5 MiB.
std::vector<ledger::PublicationRecord> ManyPublications() {
  std::vector<ledger::PublicationRecord> records;
  for (std::uint64_t i = 0; i < 30'000; ++i) {
    records.push_back({{kTestTime + i, pitser::testing::SomeImprint("root")}, {}, {}});
  }
  return records;
}

class GatewayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.listen = *net::ParseEndpoint("127.0.0.1:0", true);
    options_.version = "pitserd test";
    options_.limits.max_pending = 11;
    options_.limits.max_level = 12;
    options_.limits.max_message_bytes = 4096;
  }
  void TearDown() override {
    calendar_.Hold(false);
    gateway_.reset();
  }

  absl::Status Start() {
    auto gateway = GrpcGateway::Start(
        options_, {&clock_, &aggregator_, &extender_, &calendar_, &publications_, &head_watch_,
                   GrpcGatewayParts::Trust{TestTrust::Get().root, TestTrust::Get().constraint()}});
    if (!gateway.ok()) return gateway.status();
    gateway_ = *std::move(gateway);
    channel_ = Connect(grpc::InsecureChannelCredentials());
    return absl::OkStatus();
  }
  std::shared_ptr<grpc::Channel> Connect(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(gateway_->endpoint().ToString(), credentials, arguments);
  }
  // A call nobody answers ends the test, and does not hang it.
  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  }
  grpc::Status Sign(const v1::SignRequest& request, v1::SignResponse* response,
                    grpc::ClientContext* context) {
    SetDeadline(*context);
    return v1::Signer::NewStub(channel_)->Sign(context, request, response);
  }
  grpc::Status Sign(const v1::SignRequest& request) {
    grpc::ClientContext context;
    v1::SignResponse response;
    return Sign(request, &response, &context);
  }
  static v1::SignRequest Request(std::string_view label = "document") {
    v1::SignRequest request;
    request.set_imprint(ledger::ToString(pitser::testing::SomeImprint(label).bytes()));
    return request;
  }
  static SignAnswer SomeAnswer() {
    return {{0x88, 0x01, 0x00, 0x01, 0xAA},
            std::make_shared<const Seal>(Seal{.aggregation_time = kTestTime,
                                              .tail = {0x88, 0x02, 0x00, 0x01, 0xBB},
                                              .above = {},
                                              .clients = {}})};
  }
  // grpc.health.v1, by hand: field 1 of the request is the service, of the answer the status.
  int Health(std::string_view service) {
    std::string request;
    if (!service.empty()) {
      request = std::string("\x0a") + static_cast<char>(service.size()) + std::string(service);
    }
    const auto [status, answer] = Raw("/grpc.health.v1.Health/Check", request);
    if (!status.ok()) return -static_cast<int>(status.error_code());
    return answer.size() == 2 && answer[0] == '\x08' ? answer[1] : 0;
  }
  std::pair<grpc::Status, std::string> Raw(const std::string& method, const std::string& request) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    SetDeadline(context);
    grpc::CompletionQueue queue;
    const grpc::Slice slice(request);
    const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    std::string bytes;
    std::vector<grpc::Slice> slices;
    if (status.ok() && answer.Dump(&slices).ok()) {
      for (const grpc::Slice& s : slices) {
        bytes.append(reinterpret_cast<const char*>(s.begin()), s.size());
      }
    }
    return {status, bytes};
  }
  static std::string Trailer(const grpc::ClientContext& context, const std::string& key) {
    const auto& metadata = context.GetServerTrailingMetadata();
    const auto it = metadata.find(key);
    return it == metadata.end() ? "" : std::string(it->second.data(), it->second.size());
  }

  FakeClock clock_{absl::FromUnixSeconds(kTestTime)};
  FakeAggregator aggregator_;
  FakeCalendar calendar_;
  CalendarExtender extender_{&calendar_};
  HeadWatch head_watch_;
  FakePublications publications_{pitser::testing::MakePublicationsFile(
      {TestTrust::Get().calendar_record()}, ManyPublications())};
  GrpcGatewayOptions options_;
  std::unique_ptr<GrpcGateway> gateway_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(GatewayTest, SignIsAnsweredFromAnotherThread) {
  PITSER_ASSERT_OK(Start());
  v1::SignRequest request = Request();
  request.set_level(7);
  std::thread round([this] {
    const auto pending = aggregator_.Await();
    EXPECT_EQ(pending->hash(), pitser::testing::SomeImprint("document"));
    EXPECT_EQ(pending->level(), 7);
    EXPECT_EQ(pending->account(), "anonymous");
    EXPECT_EQ(pending->form(), AnswerForm::kSignature);
    EXPECT_FALSE(pending->Cancelled());
    pending->Answer(SomeAnswer());
  });
  grpc::ClientContext context;
  v1::SignResponse response;
  const grpc::Status status = Sign(request, &response, &context);
  round.join();
  ASSERT_TRUE(status.ok()) << status.error_message();
  // The header of the contract: 88 00 and the length.
  EXPECT_EQ(response.signature(),
            std::string("\x88\x00\x00\x0a\x88\x01\x00\x01\xAA\x88\x02\x00\x01\xBB", 14));
  EXPECT_EQ(response.aggregation_time(), kTestTime);
  ASSERT_EQ(response.account_path_size(), 1);
  EXPECT_EQ(response.account_path(0), "anonymous");
}

TEST_F(GatewayTest, TheDeadlineIsToldByTheServersClock) {
  PITSER_ASSERT_OK(Start());
  std::thread round([this] {
    const auto pending = aggregator_.Await();
    const absl::Duration left = pending->deadline() - clock_.Now();
    EXPECT_GT(left, absl::Seconds(0));
    EXPECT_LE(left, absl::Seconds(61));
    pending->Answer(SomeAnswer());
  });
  EXPECT_TRUE(Sign(Request()).ok());
  round.join();
}

TEST_F(GatewayTest, WhatTheRoundEndsWithReachesTheCaller) {
  PITSER_ASSERT_OK(Start());
  std::thread round([this] {
    aggregator_.Await()->Answer(absl::UnavailableError("signing is stopped: the disk is full"));
  });
  const grpc::Status status = Sign(Request());
  round.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "signing is stopped: the disk is full");
}

TEST_F(GatewayTest, ARefusalNamesItsLimitAndWhenToComeBack) {
  PITSER_ASSERT_OK(Start());
  aggregator_.Refuse(
      base::LimitReached("max_pending", "too many requests wait", absl::Milliseconds(250)));
  grpc::ClientContext context;
  v1::SignResponse response;
  const grpc::Status status = Sign(Request(), &response, &context);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Trailer(context, "pitser-limit"), "max_pending");
  EXPECT_EQ(Trailer(context, "pitser-retry-after-ms"), "250");
}

TEST_F(GatewayTest, MalformedRequestsNeverReachTheAggregator) {
  PITSER_ASSERT_OK(Start());
  aggregator_.Refuse(absl::InternalError("reached the aggregator"));
  v1::SignRequest request;
  EXPECT_EQ(Sign(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_imprint(std::string(33, '\x03'));
  EXPECT_EQ(Sign(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_imprint(std::string("\x01") + std::string(31, 'x'));
  EXPECT_EQ(Sign(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request = Request();
  request.set_level(255);
  EXPECT_EQ(Sign(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_level(256);  // Would be 0 in a byte.
  EXPECT_EQ(Sign(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GatewayTest, TooLargeMessagesAreRefusedByName) {
  PITSER_ASSERT_OK(Start());
  v1::SignRequest request;
  request.set_imprint(std::string(5000, 'x'));
  grpc::ClientContext context;
  v1::SignResponse response;
  EXPECT_EQ(Sign(request, &response, &context).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Trailer(context, "pitser-limit"), "max_message_bytes");
  request.set_imprint(std::string(100'000, 'x'));  // gRPC's own limit, not parsed at all.
  EXPECT_EQ(Sign(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GatewayTest, ACancelledCallEndsAtOnceAndIsMarked) {
  PITSER_ASSERT_OK(Start());
  grpc::ClientContext context;
  v1::SignResponse response;
  grpc::Status status;
  std::thread call([&] { status = Sign(Request(), &response, &context); });
  const auto pending = aggregator_.Await();
  EXPECT_FALSE(pending->Cancelled());
  context.TryCancel();
  call.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  // The server hears of it a little later; shutting down waits for its reactions.
  gateway_->Shutdown(absl::Seconds(60));
  EXPECT_TRUE(pending->Cancelled());
  pending->Answer(SomeAnswer());  // Finds nobody, and nothing breaks.
}

TEST_F(GatewayTest, AnswerAndCancelMayMeet) {
  PITSER_ASSERT_OK(Start());
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    v1::SignResponse response;
    std::thread round([&] {
      auto pending = aggregator_.Await();
      std::thread cancel([&context] { context.TryCancel(); });
      pending->Answer(SomeAnswer());
      pending.reset();
      cancel.join();
    });
    const grpc::StatusCode code = Sign(Request(), &response, &context).error_code();
    round.join();
    EXPECT_TRUE(code == grpc::StatusCode::OK || code == grpc::StatusCode::CANCELLED) << code;
  }
}

TEST_F(GatewayTest, ExtendGivesAChainThatIsAnElement) {
  PITSER_ASSERT_OK(Start());
  grpc::ClientContext context;
  SetDeadline(context);
  v1::ExtendRequest request;
  request.set_aggregation_time(kTestTime - 5);
  v1::ExtendResponse response;
  const grpc::Status status = v1::Extender::NewStub(channel_)->Extend(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.publication_time(), kTestTime);  // The head.
  ledger::TlvReader reader(ledger::AsBytes(response.calendar_hash_chain()));
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Element element, reader.Next());
  EXPECT_TRUE(reader.done());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto chain, ledger::ParseCalendarHashChain(element));
  EXPECT_EQ(chain.AggregationTime(), kTestTime - 5);
  EXPECT_EQ(chain.publication_time, kTestTime);
}

TEST_F(GatewayTest, ExtendTellsPublicationTimeZeroFromNone) {
  PITSER_ASSERT_OK(Start());
  grpc::ClientContext context;
  SetDeadline(context);
  v1::ExtendRequest request;
  request.set_aggregation_time(5);
  request.set_publication_time(0);
  v1::ExtendResponse response;
  EXPECT_EQ(v1::Extender::NewStub(channel_)->Extend(&context, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GatewayTest, ReadsWaitInABoundedQueue) {
  options_.limits.max_queued_reads = 1;
  PITSER_ASSERT_OK(Start());
  calendar_.Hold(true);
  const auto head = [this] {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::GetCalendarHeadResponse response;
    return v1::Calendar::NewStub(channel_)->GetCalendarHead(&context, {}, &response).error_code();
  };
  // Two reading threads, one place in the queue: of four calls one is refused at once.
  std::vector<std::thread> calls;
  std::atomic<int> good = 0;
  for (int i = 1; i <= 2; ++i) {
    calls.emplace_back([&] { good += head() == grpc::StatusCode::OK; });
    calendar_.AwaitReading(i);
  }
  base::Mutex mu;
  base::CondVar changed;
  std::vector<grpc::StatusCode> codes;
  for (int i = 0; i < 2; ++i) {
    calls.emplace_back([&] {
      const grpc::StatusCode code = head();
      base::MutexLock lock(mu);
      codes.push_back(code);
      changed.SignalAll();
    });
  }
  {
    base::MutexLock lock(mu);
    while (codes.empty()) changed.Wait(mu);
    EXPECT_EQ(codes.front(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  calendar_.Hold(false);
  for (std::thread& call : calls) call.join();
  EXPECT_EQ(good, 2);
  EXPECT_EQ(codes.back(), grpc::StatusCode::OK);
}

TEST_F(GatewayTest, ThePublicationsFileComesInPieces) {
  PITSER_ASSERT_OK(Start());
  grpc::ClientContext context;
  SetDeadline(context);
  const auto reader = v1::Publications::NewStub(channel_)->GetPublicationsFile(&context, {});
  std::string file;
  int pieces = 0;
  for (v1::GetPublicationsFileResponse piece; reader->Read(&piece); ++pieces) {
    EXPECT_LE(piece.ByteSizeLong(), std::size_t{1} << 20);
    file += piece.data();
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_GE(pieces, 2);
  EXPECT_EQ(file, ledger::AsText(publications_.file()->bytes()));
}

TEST_F(GatewayTest, AReaderThatGoesAwayIsNoTrouble) {
  PITSER_ASSERT_OK(Start());
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto reader = v1::Publications::NewStub(channel_)->GetPublicationsFile(&context, {});
    v1::GetPublicationsFileResponse piece;
    EXPECT_TRUE(reader->Read(&piece));
    context.TryCancel();
    EXPECT_FALSE(reader->Finish().ok());
  }
  gateway_->Shutdown(absl::Seconds(60));
}

TEST_F(GatewayTest, ServerInfoTellsWhatIsSet) {
  options_.limits.max_streams_per_connection = 13;
  options_.limits.max_queued_reads = 14;
  options_.limits.max_calendar_streams = 15;
  options_.limits.max_publication_streams = 16;
  options_.limits.stream_stall_ms = 1700;
  PITSER_ASSERT_OK(Start());
  grpc::ClientContext context;
  SetDeadline(context);
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(v1::Info::NewStub(channel_)->GetServerInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.version(), "pitserd test");
  EXPECT_EQ(info.round_length_ms(), 1000u);
  EXPECT_EQ(info.time_ms(), kTestTime * 1000);
  EXPECT_EQ(info.limits().max_pending(), 11u);
  EXPECT_EQ(info.limits().max_level(), 12u);
  EXPECT_EQ(info.limits().max_message_bytes(), 4096u);
  EXPECT_EQ(info.limits().max_batch(), 100'000u);
  EXPECT_EQ(info.limits().max_batch_digests(), 2'000'000u);
  EXPECT_EQ(info.limits().max_stream_in_flight(), 100'000u);
  EXPECT_EQ(info.limits().max_stream_unsent_bytes(), 64u << 20);
  EXPECT_EQ(info.limits().max_streams_per_connection(), 13u);
  EXPECT_EQ(info.limits().max_queued_reads(), 14u);
  EXPECT_EQ(info.limits().max_calendar_streams(), 15u);
  EXPECT_EQ(info.limits().max_publication_streams(), 16u);
  EXPECT_EQ(info.limits().stream_stall_ms(), 1700u);
  EXPECT_EQ(info.root_fingerprint(), ledger::ToString(TestTrust::Get().root.Fingerprint()));
  ASSERT_EQ(info.algorithms_size(), static_cast<int>(ledger::AllHashAlgorithms().size()));
  EXPECT_EQ(info.algorithms(0).name(), "SHA-1");
  EXPECT_FALSE(info.algorithms(0).may_be_signed());
  EXPECT_EQ(info.algorithms(1).id(), 1u);
  EXPECT_EQ(info.algorithms(1).digest_size(), 32u);
  EXPECT_TRUE(info.algorithms(1).may_be_signed());
}

TEST_F(GatewayTest, TrustIsTheRootAndTheConstraint) {
  PITSER_ASSERT_OK(Start());
  grpc::ClientContext context;
  SetDeadline(context);
  v1::GetTrustResponse trust;
  ASSERT_TRUE(v1::Info::NewStub(channel_)->GetTrust(&context, {}, &trust).ok());
  ASSERT_EQ(trust.root_certificates_size(), 1);
  EXPECT_EQ(trust.root_certificates(0), ledger::ToString(TestTrust::Get().root.der()));
  ASSERT_EQ(trust.constraints_size(), 1);
  EXPECT_EQ(trust.constraints(0).oid(), ledger::kEmailOid);
  EXPECT_EQ(trust.constraints(0).value(), TestTrust::Get().constraint().value);
}

TEST_F(GatewayTest, HealthIsToldPerService) {
  PITSER_ASSERT_OK(Start());
  constexpr int kServing = 1, kNotServing = 2;
  const std::vector<std::string_view> services = {
      "", kSignerService, kExtenderService, kPublicationsService, kCalendarService, kInfoService};
  for (std::string_view service : services) EXPECT_EQ(Health(service), kNotServing) << service;
  for (std::string_view service : services) {
    gateway_->SetServing(service, true);
    for (std::string_view other : services) {
      EXPECT_EQ(Health(other), other == service ? kServing : kNotServing) << service << other;
    }
    gateway_->SetServing(service, false);
  }
  EXPECT_EQ(Health("pitser.v1.Nonsense"), -static_cast<int>(grpc::StatusCode::NOT_FOUND));
  for (std::string_view service : services) gateway_->SetServing(service, true);
  gateway_->StopServing();
  for (std::string_view service : services) EXPECT_EQ(Health(service), kNotServing) << service;
}

TEST_F(GatewayTest, ReflectionKnowsTheServices) {
  PITSER_ASSERT_OK(Start());
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  const auto stream = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  const grpc::Slice list(std::string("\x3a\x01*"));  // list_services = "*"
  stream->Write(grpc::ByteBuffer(&list, 1), nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::ByteBuffer answer;
  stream->Read(&answer, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(answer.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& s : slices) {
    text.append(reinterpret_cast<const char*>(s.begin()), s.size());
  }
  for (std::string_view service :
       {kSignerService, kExtenderService, kPublicationsService, kCalendarService, kInfoService}) {
    EXPECT_NE(text.find(service), std::string::npos) << service;
  }
  context.TryCancel();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
}

TEST_F(GatewayTest, APortIsHadByOneServerOnly) {
  PITSER_ASSERT_OK(Start());
  const auto first = std::move(gateway_);
  options_.listen = first->endpoint();
  const absl::Status second = Start();
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kUnavailable,
                               "cannot listen on " + options_.listen.ToString()));
  EXPECT_EQ(second.message().find('\n'), absl::string_view::npos);
}

TEST_F(GatewayTest, PlainTextBeyondThisMachineMustBeAskedFor) {
  options_.listen = *net::ParseEndpoint("0.0.0.0:0", true);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, "insecure_listen"));
  options_.insecure_listen = true;
  PITSER_EXPECT_OK(Start());
}

// Whatever comes in on the port, the next caller is served.
TEST_F(GatewayTest, GarbageOnThePortHarmsNobody) {
  PITSER_ASSERT_OK(Start());
  std::uint64_t random = 20261123;
  for (int i = 0; i < 50; ++i) {
    std::string bytes = i % 2 == 0 ? "" : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (int n = 0; n < 200 + 40 * i; ++n) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      bytes.push_back(static_cast<char>(random >> 56));
    }
    pitser::testing::SendBytes(gateway_->endpoint().port, bytes);
  }
  EXPECT_EQ(Health(""), 2);  // An answer: nobody has said yet that it serves.
}

class TlsGatewayTest : public GatewayTest {
 protected:
  const pitser::testing::TlsFiles& tls_ = pitser::testing::TlsFiles::Get();

  std::shared_ptr<grpc::Channel> ConnectTls(const std::string& certificate = "",
                                            const std::string& key = "") const {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = tls_.ca;
    ssl.pem_cert_chain = certificate;
    ssl.pem_private_key = key;
    return Connect(grpc::SslCredentials(ssl));
  }
};

TEST_F(TlsGatewayTest, ServesThoseWhoTrustItsAuthority) {
  options_.listen = *net::ParseEndpoint("127.0.0.1:0", true);
  options_.tls = GrpcTls{tls_.server_certificate, tls_.server_key, ""};
  PITSER_ASSERT_OK(Start());
  channel_ = ConnectTls();
  std::thread round([this] {
    const auto pending = aggregator_.Await();
    EXPECT_EQ(pending->account(), "anonymous");
    pending->Answer(SomeAnswer());
  });
  const grpc::Status status = Sign(Request());
  EXPECT_TRUE(status.ok()) << status.error_message();
  if (!status.ok()) std::abort();  // The round thread would wait for ever.
  round.join();
  channel_ = Connect(grpc::InsecureChannelCredentials());
  EXPECT_EQ(Sign(Request()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsGatewayTest, AClientCertificateNamesTheAccount) {
  options_.tls = GrpcTls{tls_.server_certificate, tls_.server_key, tls_.ca};
  PITSER_ASSERT_OK(Start());
  channel_ = ConnectTls(tls_.client_certificate, tls_.client_key);
  v1::SignResponse response;
  grpc::ClientContext context;
  std::thread round([this] {
    const auto pending = aggregator_.Await();
    EXPECT_EQ(pending->account(), "acme");
    pending->Answer(SomeAnswer());
  });
  const grpc::Status status = Sign(Request(), &response, &context);
  if (!status.ok()) std::abort();
  round.join();
  EXPECT_EQ(response.account_path(0), "acme");
}

TEST_F(TlsGatewayTest, NobodyComesInWithoutACertificateOfTheAuthority) {
  options_.tls = GrpcTls{tls_.server_certificate, tls_.server_key, tls_.ca};
  PITSER_ASSERT_OK(Start());
  channel_ = ConnectTls();
  EXPECT_EQ(Sign(Request()).error_code(), grpc::StatusCode::UNAVAILABLE);
  channel_ = ConnectTls(tls_.stranger_certificate, tls_.stranger_key);
  EXPECT_EQ(Sign(Request()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsGatewayTest, ACertificateWithoutANameIsNobodys) {
  options_.tls = GrpcTls{tls_.server_certificate, tls_.server_key, tls_.ca};
  PITSER_ASSERT_OK(Start());
  channel_ = ConnectTls(tls_.nameless_certificate, tls_.nameless_key);
  const grpc::Status status = Sign(Request());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_NE(status.error_message().find("common name"), std::string::npos);
}

TEST_F(TlsGatewayTest, WrongFilesAreToldApart) {
  options_.tls = GrpcTls{"nonsense", tls_.server_key, ""};
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, "tls_cert"));
  options_.tls = GrpcTls{tls_.server_certificate, "nonsense", ""};
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, "tls_key"));
  options_.tls = GrpcTls{tls_.server_certificate, tls_.client_key, ""};
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, "is not the key of"));
  options_.tls = GrpcTls{tls_.server_certificate, tls_.server_key, "nonsense"};
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, "tls_client_ca"));
}

}  // namespace
}  // namespace pitser::server
