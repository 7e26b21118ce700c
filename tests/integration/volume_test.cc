// SignBatch and SignStream of a whole node: real connections, a calendar on disk, a clock that the
// test lets run.

#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "gtest/gtest.h"
#include "server/app/node.h"
#include "tests/integration/caller.h"
#include "tests/integration/key_folder.h"
#include "tests/integration/volume_caller.h"
#include "tests/support/fake_clock.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::server {
namespace {

using ::pitser::testing::BatchOf;
using ::pitser::testing::BatchResult;
using ::pitser::testing::Caller;
using ::pitser::testing::ItemResult;
using ::pitser::testing::ParseAndVerify;
using ::pitser::testing::SignBatch;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::StatusOf;
using ::pitser::testing::Stream;
using ::pitser::testing::VolumeStatus;

// Well after the source's date, before which no clock is believed.
constexpr std::int64_t kStart = 2'000'000'000;

std::vector<ledger::Imprint> Hashes(
    std::size_t count, const std::string& label = "document",
    ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256) {
  std::vector<ledger::Imprint> hashes;
  for (std::size_t i = 0; i < count; ++i) {
    hashes.push_back(SomeImprint(label + std::to_string(i), algorithm));
  }
  return hashes;
}

class VolumeTest : public ::testing::Test {
 protected:
  VolumeTest() {
    settings_.data = folder_.path() + "/node";
    settings_.grpc_listen = "127.0.0.1:0";
    settings_.stream_stall_ms = 3'600'000;  // The clock runs fast.
  }
  ~VolumeTest() override { Stop(); }

  void Start() {
    pitser::testing::MakeDataFolderWithKeys(settings_.data, kStart);
    auto node = Node::Start(settings_, {&clock_, nullptr});
    ASSERT_TRUE(node.ok()) << node.status();
    node_ = *std::move(node);
    const std::string faces = node_->Faces();
    endpoint_ = faces.substr(faces.find('=') + 1);
    caller_.emplace(endpoint_);
    auto file = caller_->PublicationsFile();
    ASSERT_TRUE(file.ok()) << file.status();
    publications_.emplace(*std::move(file));
  }
  void Tick() {
    ticking_ = true;
    ticker_ = std::thread([this] {
      while (ticking_) {
        clock_.Advance(absl::Milliseconds(50));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  void Stop() {
    clock_.Advance(absl::Hours(2));  // Past the end of any round.
    node_.reset();
    ticking_ = false;
    if (ticker_.joinable()) ticker_.join();
  }

  absl::Status Check(const std::string& signature, const ledger::Imprint& hash,
                     ledger::Level level = 0) const {
    return ParseAndVerify(signature, hash, level, *publications_).status();
  }
  void ExpectWhole(const BatchResult& batch, const std::vector<ledger::Imprint>& hashes) const {
    ASSERT_TRUE(batch.status.ok()) << batch.status.message;
    ASSERT_EQ(batch.signatures.size(), hashes.size());
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      PITSER_EXPECT_OK(Check(batch.signatures[i], hashes[i])) << i;
    }
    EXPECT_LE(batch.largest_message, std::size_t{1} << 20);
    EXPECT_EQ(batch.account_path, std::vector<std::string>{"anonymous"});
  }

  pitser::testing::TempFolder folder_;
  Settings settings_;
  pitser::testing::FakeClock clock_{absl::FromUnixSeconds(kStart)};
  std::unique_ptr<Node> node_;
  std::string endpoint_;
  std::optional<Caller> caller_;
  std::optional<ledger::PublicationsFile> publications_;

 private:
  std::atomic<bool> ticking_ = false;
  std::thread ticker_;
};

TEST_F(VolumeTest, BatchesOfAnySizeVerifyByTheKey) {
  Start();
  Tick();
  for (const std::size_t size : {1U, 2U, 3U, 5U, 8U, 100U, 1000U}) {
    const auto hashes = Hashes(size);
    const BatchResult batch = SignBatch(caller_->channel(), BatchOf(hashes));
    ExpectWhole(batch, hashes);
    const auto signature =
        ParseAndVerify(batch.signatures.at(0), hashes[0], 0, *publications_).value();
    EXPECT_EQ(signature.signing_time(), batch.aggregation_time);
    EXPECT_EQ(signature.aggregation_chains().size(), size == 1 ? 1u : 2u);
    EXPECT_EQ(signature.allowed_level(), 0);
    ASSERT_EQ(signature.Identities().size(), 1u);
  }
}

TEST_F(VolumeTest, ALargeBatchComesInManyMessages) {
  Start();
  Tick();
  const auto hashes = Hashes(20'000);
  const BatchResult batch = SignBatch(caller_->channel(), BatchOf(hashes));
  ExpectWhole(batch, hashes);
  EXPECT_GT(batch.messages, 10);
}

TEST_F(VolumeTest, BatchesOfOtherAlgorithmsVerify) {
  Start();
  Tick();
  const auto hashes = Hashes(7, "document", ledger::HashAlgorithm::kSha512);
  ExpectWhole(SignBatch(caller_->channel(), BatchOf(hashes)), hashes);
  // Equal digests have a signature each.
  const std::vector<ledger::Imprint> equal(5, SomeImprint("the same"));
  ExpectWhole(SignBatch(caller_->channel(), BatchOf(equal)), equal);
}

TEST_F(VolumeTest, EverythingOnAStreamVerifies) {
  Start();
  Tick();
  Stream stream(caller_->channel());
  std::vector<ledger::Imprint> all;
  // Alone, in small trees that share a message, and in trees with a tail of their own.
  for (const std::size_t size : {1U, 1U, 2U, 3U, 15U, 16U, 17U, 1024U, 1025U, 3000U}) {
    const auto hashes = Hashes(size, "message" + std::to_string(all.size()) + "/");
    ASSERT_TRUE(stream.Write(all.size(), hashes));
    all.insert(all.end(), hashes.begin(), hashes.end());
  }
  stream.HalfClose();
  const VolumeStatus status = stream.Finish();
  EXPECT_TRUE(status.ok()) << status.message;
  ASSERT_EQ(stream.answers().size(), all.size());
  std::uint64_t id = 0;
  for (const auto& [answered, result] : stream.answers()) {
    ASSERT_EQ(answered, id);
    ASSERT_EQ(result.error.code(), 0u) << result.error.message();
    PITSER_ASSERT_OK(Check(result.signature, all[id])) << id;
    ++id;
  }
  EXPECT_LE(stream.largest_message(), std::size_t{1} << 20);
}

TEST_F(VolumeTest, AnIdThatIsUsedTwiceIsAnsweredTwice) {
  Start();
  Tick();
  Stream stream(caller_->channel());
  const auto hashes = Hashes(2);
  ASSERT_TRUE(stream.Write(5, {hashes[0]}));
  ASSERT_TRUE(stream.Write(5, {hashes[0]}));
  v1::SignStreamRequest twice;
  for (int i = 0; i < 2; ++i) {
    v1::SignItem& item = *twice.add_items();
    item.set_id(0);
    item.set_imprint(ledger::ToString(hashes[1].bytes()));
  }
  ASSERT_TRUE(stream.Write(twice));
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_EQ(stream.answers().count(5), 2u);
  ASSERT_EQ(stream.answers().count(0), 2u);
  for (const auto& [id, result] : stream.answers()) {
    PITSER_EXPECT_OK(Check(result.signature, hashes[id == 5 ? 0 : 1]));
  }
}

// An item that is answered at once, when all that was written before it was taken.
v1::SignStreamRequest Marker(std::uint64_t id) {
  v1::SignStreamRequest request;
  request.add_items()->set_id(id);
  return request;
}
constexpr std::uint64_t kMarker = std::uint64_t{1} << 40;

TEST_F(VolumeTest, AHundredThousandItemsWaitOnOneStream) {
  Start();
  Stream stream(caller_->channel());
  constexpr std::size_t kItems = 100'000;
  const auto hashes = Hashes(1000);
  for (std::size_t id = 0; id < kItems; id += hashes.size()) {
    ASSERT_TRUE(stream.Write(id, hashes));
  }
  // All are in flight now, so one more is refused. It says so before the round is over.
  ASSERT_TRUE(stream.Write(kMarker, {hashes[0]}));
  stream.ReadUntil(1);
  ASSERT_EQ(stream.answers().size(), 1u);
  EXPECT_EQ(stream.answers().begin()->first, kMarker);
  EXPECT_EQ(stream.answers().begin()->second.error.limit(), "max_stream_in_flight");
  EXPECT_EQ(stream.answers().begin()->second.error.code(),
            static_cast<std::uint32_t>(grpc::StatusCode::RESOURCE_EXHAUSTED));
  Tick();
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_EQ(stream.answers().size(), kItems + 1);
  std::uint64_t id = 0;
  for (const auto& [answered, result] : stream.answers()) {
    if (answered == kMarker) continue;
    ASSERT_EQ(answered, id);
    ASSERT_FALSE(result.signature.empty()) << result.error.message();
    if (id % 97 == 0) {
      PITSER_ASSERT_OK(Check(result.signature, hashes[id % hashes.size()]));
    }
    ++id;
  }
}

// Bad items, too many, a deadline that is too short: each item has its own answer, and the stream
// goes on.
TEST_F(VolumeTest, EveryItemHasItsOwnError) {
  settings_.round_seconds = 3600;
  settings_.max_level = 5;
  Start();
  Stream stream(caller_->channel(), std::chrono::seconds(50));
  v1::SignStreamRequest request = Marker(1);
  v1::SignItem* item = request.add_items();
  item->set_id(2);
  item->set_imprint(ledger::ToString(SomeImprint("x", ledger::HashAlgorithm::kSha1).bytes()));
  item = request.add_items();
  item->set_id(3);
  item->set_imprint(ledger::ToString(SomeImprint("x").bytes()));
  item->set_level(6);
  item = request.add_items();
  item->set_id(4);
  item->set_imprint(ledger::ToString(SomeImprint("x").bytes()));
  ASSERT_TRUE(stream.Write(request));
  stream.ReadUntil(4);
  ASSERT_EQ(stream.answers().size(), 4u);
  const auto error = [&](std::uint64_t id) { return stream.answers().find(id)->second.error; };
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    EXPECT_EQ(error(id).code(), static_cast<std::uint32_t>(grpc::StatusCode::INVALID_ARGUMENT));
  }
  EXPECT_EQ(error(3).limit(), "max_level");
  // The round ends after the stream's deadline.
  EXPECT_EQ(error(4).code(), static_cast<std::uint32_t>(grpc::StatusCode::DEADLINE_EXCEEDED));
  ASSERT_TRUE(stream.Write(Marker(5)));
  stream.ReadUntil(5);
  EXPECT_EQ(stream.answers().size(), 5u);
  stream.HalfClose();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(VolumeTest, ADeadlineEndsAStream) {
  settings_.round_seconds = 3600;
  Start();
  Stream stream(caller_->channel(), std::chrono::seconds(1));
  ASSERT_TRUE(stream.Write(Marker(1)));
  EXPECT_EQ(stream.Finish().code, grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(stream.answers().size(), 1u);
}

TEST_F(VolumeTest, OversizedMessagesAndBatchesAreRefusedByName) {
  settings_.max_message_bytes = 10'000;
  settings_.max_batch = 100;
  Start();
  Tick();
  BatchResult batch = SignBatch(caller_->channel(), BatchOf(Hashes(101)));
  EXPECT_EQ(batch.status.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(batch.status.limit, "max_batch");
  batch = SignBatch(caller_->channel(), BatchOf(Hashes(400)));
  EXPECT_EQ(batch.status.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(batch.status.limit, "max_message_bytes");
  batch = SignBatch(caller_->channel(), BatchOf(Hashes(1000)));  // gRPC's own word.
  EXPECT_EQ(batch.status.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(batch.signatures.size(), 0u);
  {
    Stream stream(caller_->channel());
    stream.Write(0, Hashes(400));
    const VolumeStatus status = stream.Finish();
    EXPECT_EQ(status.code, grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.limit, "max_message_bytes");
  }
  {
    Stream stream(caller_->channel());
    stream.Write(0, Hashes(1000));
    EXPECT_EQ(stream.Finish().code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  ExpectWhole(SignBatch(caller_->channel(), BatchOf(Hashes(100))), Hashes(100));
}

TEST_F(VolumeTest, MalformedBatchesAreRefused) {
  Start();
  const auto refused = [this](std::uint32_t algorithm, const std::string& digests) {
    v1::SignBatchRequest request;
    request.set_algorithm(algorithm);
    request.set_digests(digests);
    return SignBatch(caller_->channel(), request).status;
  };
  EXPECT_EQ(refused(0, std::string(40, 'x')).code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused(3, std::string(40, 'x')).code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused(1, "").code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused(1, std::string(33, 'x')).code, grpc::StatusCode::INVALID_ARGUMENT);
}

class HeldDigests : public VolumeTest {
 protected:
  // What a batch of one digest is refused with in a round that lasts an hour: its digest was taken
  // when it is its deadline.
  VolumeStatus Probe() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    const auto reader =
        v1::Signer::NewStub(caller_->channel())->SignBatch(&context, BatchOf(Hashes(1)));
    v1::SignBatchResponse answer;
    while (reader->Read(&answer)) {
    }
    return StatusOf(context, reader->Finish());
  }
  // Blocks until a probe is refused for the limit, or no more.
  void AwaitProbe(bool refused) {
    while ((Probe().limit == "max_batch_digests") != refused) {
    }
  }
};

TEST_F(HeldDigests, ACancelledBatchFreesItsMemoryAtOnce) {
  settings_.round_seconds = 3600;
  settings_.max_batch = settings_.max_batch_digests = 5000;
  Start();
  grpc::ClientContext context;  // Without a deadline: it waits for its round.
  const auto reader =
      v1::Signer::NewStub(caller_->channel())->SignBatch(&context, BatchOf(Hashes(5000)));
  AwaitProbe(true);
  const VolumeStatus refused = Probe();
  EXPECT_EQ(refused.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.retry_after_ms, "3600000");
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  AwaitProbe(false);  // Long before the round.
  EXPECT_EQ(Probe().code, grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HeldDigests, ABatchThatNobodyReadsIsEndedAndFreed) {
  settings_.round_seconds = 3600;
  settings_.max_batch = settings_.max_batch_digests = 50'000;
  settings_.stream_stall_ms = 30'000;
  Start();
  grpc::ClientContext context;
  const auto reader =
      v1::Signer::NewStub(caller_->channel())->SignBatch(&context, BatchOf(Hashes(50'000)));
  AwaitProbe(true);
  clock_.Advance(absl::Hours(1));
  // It is signed, and its 30 MB are more than a connection takes unread.
  while (Probe().limit == "max_batch_digests") clock_.Advance(absl::Seconds(1));
  int messages = 0;
  for (v1::SignBatchResponse answer; reader->Read(&answer);) ++messages;
  const VolumeStatus status = StatusOf(context, reader->Finish());
  EXPECT_EQ(status.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.message.find("stream_stall_ms"), std::string::npos);
  EXPECT_LT(messages, 50);
}

TEST_F(VolumeTest, AStreamThatNobodyReadsIsNotReadFromAndEnded) {
  settings_.stream_stall_ms = 30'000;
  settings_.max_stream_unsent_bytes = 1 << 20;
  Start();
  Tick();
  Stream stream(caller_->channel());
  const auto hashes = Hashes(1000);
  // The server stops reading, so that this blocks; then it ends the stream.
  std::uint64_t written = 0;
  while (stream.Write(written, hashes)) written += hashes.size();
  const VolumeStatus status = stream.Finish();
  EXPECT_EQ(status.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.message.find("stream_stall_ms"), std::string::npos);
  EXPECT_LT(stream.answers().size(), written);
  ExpectWhole(SignBatch(caller_->channel(), BatchOf(Hashes(10))), Hashes(10));
}

TEST_F(VolumeTest, ASlowReaderGetsEverythingInTheEnd) {
  settings_.max_stream_unsent_bytes = 1 << 20;
  Start();
  Tick();
  Stream stream(caller_->channel());
  const auto hashes = Hashes(1000);
  std::thread writer([&] {
    for (std::uint64_t id = 0; id < 60'000; id += hashes.size()) {
      EXPECT_TRUE(stream.Write(id, hashes));
    }
    stream.HalfClose();
  });
  // Not before the writer is held up, or through.
  std::uint64_t seen = 0;
  while (stream.Read()) {
    if (++seen % 10 == 0) std::this_thread::yield();
  }
  writer.join();
  EXPECT_TRUE(stream.Finish().ok());
  ASSERT_EQ(stream.answers().size(), 60'000u);
  for (std::uint64_t id = 0; id < 60'000; id += 1999) {
    PITSER_EXPECT_OK(Check(stream.answers().find(id)->second.signature, hashes[id % 1000]));
  }
}

TEST_F(VolumeTest, AShutdownAnswersAllThatIsInFlight) {
  Start();
  constexpr std::size_t kStreams = 4;
  std::vector<std::unique_ptr<Stream>> streams;
  const auto hashes = Hashes(3000);
  for (std::size_t i = 0; i < kStreams; ++i) {
    streams.push_back(std::make_unique<Stream>(caller_->channel()));
    ASSERT_TRUE(streams.back()->Write(0, hashes));
    ASSERT_TRUE(streams.back()->Write(Marker(kMarker)));
    streams.back()->ReadUntil(1);  // The clock stands still: all are in flight.
    ASSERT_EQ(streams.back()->answers().size(), 1u);
  }
  streams[0]->HalfClose();
  std::vector<std::thread> calls;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 4; ++i) {
    calls.emplace_back([&, i] {
      // They come in before the shutdown, during it or after it.
      const BatchResult batch = SignBatch(caller_->channel(), BatchOf(Hashes(500)));
      if (batch.status.ok()) {
        ExpectWhole(batch, Hashes(500));
      } else {
        EXPECT_EQ(batch.status.code, grpc::StatusCode::UNAVAILABLE) << i;
      }
      ++answered;
    });
  }
  for (std::size_t i = 0; i < kStreams; ++i) {
    calls.emplace_back([&, i] {
      const VolumeStatus status = streams[i]->Finish();
      EXPECT_EQ(status.code, i == 0 ? grpc::StatusCode::OK : grpc::StatusCode::UNAVAILABLE)
          << status.message;
      ++answered;
    });
  }
  Tick();
  node_->Stop();
  for (std::thread& call : calls) call.join();
  for (const auto& stream : streams) {
    ASSERT_EQ(stream->answers().size(), hashes.size() + 1);
    for (std::uint64_t id = 0; id < hashes.size(); ++id) {
      const ItemResult& result = stream->answers().find(id)->second;
      ASSERT_FALSE(result.signature.empty()) << result.error.message();
      if (id % 100 == 0) {
        PITSER_EXPECT_OK(Check(result.signature, hashes[id]));
      }
    }
  }
  EXPECT_EQ(answered, 4 + static_cast<int>(kStreams));
}

// Callers that come and go, on several connections, while rounds are closed.
TEST_F(VolumeTest, CallsThatAreBrokenOffAreNoTrouble) {
  Start();
  Tick();
  std::vector<std::thread> callers;
  for (int number = 0; number < 3; ++number) {
    callers.emplace_back([&, number] {
      const Caller caller(endpoint_);
      for (int i = 0; i < 30; ++i) {
        Stream stream(caller.channel());
        stream.Write(0, Hashes(static_cast<std::size_t>(1 + (number + i) % 40)));
        if (i % 3 == 0) stream.Read();
        if (i % 3 == 1) stream.Cancel();
        grpc::ClientContext context;
        const auto reader =
            v1::Signer::NewStub(caller.channel())->SignBatch(&context, BatchOf(Hashes(100)));
        v1::SignBatchResponse answer;
        if (i % 2 == 0) reader->Read(&answer);
        context.TryCancel();
        const grpc::StatusCode code = reader->Finish().error_code();
        EXPECT_TRUE(code == grpc::StatusCode::OK || code == grpc::StatusCode::CANCELLED) << code;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  ExpectWhole(SignBatch(caller_->channel(), BatchOf(Hashes(10))), Hashes(10));
}

TEST_F(VolumeTest, LimitsThatContradictEachOtherAreRefused) {
  settings_.max_batch = 1000;
  settings_.max_batch_digests = 999;
  pitser::testing::MakeDataFolderWithKeys(settings_.data, kStart);
  EXPECT_THAT(Node::Start(settings_, {&clock_, nullptr}),
              pitser::testing::StatusIs(absl::StatusCode::kInvalidArgument, "max_batch_digests"));
}

}  // namespace
}  // namespace pitser::server
