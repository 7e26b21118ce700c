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
    caller_.emplace(faces.substr(faces.find('=') + 1));
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
  std::optional<Caller> caller_;
  std::optional<ledger::PublicationsFile> publications_;

 private:
  std::atomic<bool> ticking_ = false;
  std::thread ticker_;
};

TEST_F(VolumeTest, BatchesOfAnySizeVerifyByTheKey) {
  Start();
  Tick();
  for (const std::size_t size : {1, 2, 3, 5, 8, 100, 1000}) {
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
  for (const std::size_t size : {1, 1, 2, 3, 15, 16, 17, 1024, 1025, 3000}) {
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

}  // namespace
}  // namespace pitser::server
