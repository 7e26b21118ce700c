// The client library's calls for volume against a real pitserd.

#include <atomic>
#include <csignal>

#include "base/clock.h"
#include "base/thread.h"
#include "client/client.h"
#include "client/sign_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/key_folder.h"
#include "tests/integration/server_process.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/value_of.h"

namespace pitser::client {
namespace {

using ledger::Imprint;
using ledger::Signature;
using testing::ServerProcess;
using testing::SomeImprint;
using testing::ValueOf;

class ClientPitserdTest : public ::testing::Test {
 protected:
  ClientPitserdTest() {
    const auto now = absl::ToUnixSeconds(base::Clock::System().Now());
    testing::MakeDataFolderWithKeys(data(), static_cast<std::uint64_t>(now));
  }

  std::string data() const { return folder_ / "node"; }

  std::unique_ptr<ServerProcess> Start(const std::string& listen,
                                       std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"--data", data(),        "--grpc-listen",
                                          listen,   "--log-level", "warning"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<ServerProcess>(arguments);
  }

  static std::unique_ptr<Client> Connect(const std::string& endpoint) {
    ClientOptions options;
    options.channel.endpoint = ValueOf(net::ParseEndpoint(endpoint));
    options.timeout = absl::Seconds(60);
    options.retry.max_attempts = 100;
    options.retry.max_delay = absl::Milliseconds(500);
    return ValueOf(Client::Create(std::move(options)));
  }

  testing::TempFolder folder_;
};

TEST_F(ClientPitserdTest, SignsABatch) {
  const auto server = Start("127.0.0.1:0");
  const auto client = Connect(server->AwaitReady());
  std::vector<Imprint> hashes;
  for (int i = 0; i < 10'000; ++i) hashes.push_back(SomeImprint(std::to_string(i)));
  std::size_t visited = 0;
  PITSER_ASSERT_OK(client->SignBatch(hashes, [&](std::size_t index, const Signature& signature) {
    EXPECT_EQ(index, visited++);
    EXPECT_EQ(signature.input_hash(), hashes[index]);
  }));
  EXPECT_EQ(visited, hashes.size());
}

TEST_F(ClientPitserdTest, SignsAStreamAtANodeThatKeepsRefusing) {
  const auto server =
      Start("127.0.0.1:0", {"--max-pending", "2000", "--max-stream-in-flight", "5000"});
  const auto client = Connect(server->AwaitReady());
  const auto stream = ValueOf(SignStream::Open(*client));
  constexpr int kThreads = 3;
  constexpr int kEach = 3000;
  std::atomic<int> right{0};
  {
    std::vector<base::Thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back("caller", [&, t] {
        for (int i = 0; i < kEach; ++i) {
          const Imprint hash = SomeImprint(std::to_string(t * kEach + i));
          PITSER_EXPECT_OK(stream->Sign(hash, 0, [&right, hash](const auto& signature) {
            PITSER_ASSERT_OK(signature);
            if (signature->input_hash() == hash) ++right;
          }));
        }
      });
    }
  }
  stream->Close();
  EXPECT_EQ(right, kThreads * kEach);
}

TEST_F(ClientPitserdTest, AStreamSurvivesARestartOfTheNode) {
  auto server = Start("127.0.0.1:0");
  const std::string endpoint = server->AwaitReady();
  const auto client = Connect(endpoint);
  const auto stream = ValueOf(SignStream::Open(*client));
  std::vector<std::future<absl::StatusOr<Signature>>> futures;
  const auto sign = [&](int count) {
    for (int i = 0; i < count; ++i) {
      futures.push_back(stream->Sign(SomeImprint(std::to_string(futures.size()))));
    }
  };
  sign(500);
  server->Signal(SIGTERM);
  sign(500);
  EXPECT_EQ(server->Wait(), 0) << server->err();
  sign(500);
  server = Start(endpoint);
  EXPECT_EQ(server->AwaitReady(), endpoint) << server->err();
  sign(500);
  for (std::size_t i = 0; i < futures.size(); ++i) {
    PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, futures[i].get());
    EXPECT_EQ(signature.input_hash(), SomeImprint(std::to_string(i)));
  }
}

}  // namespace
}  // namespace pitser::client
