#include <thread>

#include "client/ksi_ledger.h"
#include "gtest/gtest.h"
#include "ledger/service/status_codes.h"
#include "net/ksi/client.h"
#include "server/extender/calendar_extender.h"
#include "server/gateway/ksi/gateway.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_node.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

// The client of the service protocol against the gateway, over real sockets. The rounds' clock is a
// fake one that a thread moves on.
namespace pitser {
namespace {

using absl::StatusCode;
using testing::kTestTime;
using testing::StatusIs;
using testing::TestImprint;
using testing::ValueOf;
using Scheme = net::KsiAddress::Scheme;

constexpr absl::Duration kTimeout = absl::Seconds(20);

// The gateway needs one to serve its file.
class FilePublications final : public server::Publications {
 public:
  std::shared_ptr<const ledger::PublicationsFile> file() const override { return file_; }

 private:
  const std::shared_ptr<const ledger::PublicationsFile> file_ =
      std::make_shared<const ledger::PublicationsFile>(
          testing::MakePublicationsFile({testing::TestTrust::Get().calendar_record()}, {}));
};

class KsiClientTest : public ::testing::TestWithParam<Scheme> {
 protected:
  void SetUp() override {
    accounts_ = ValueOf(server::AccountStore::Open(folder_ / "accounts.json"));
    server::Account alice;
    alice.login = "alice";
    alice.key = ledger::ToVector(ledger::AsBytes("wonderland"));
    PITSER_ASSERT_OK(accounts_->Add(alice));
    server::KsiGatewayOptions options;
    options.sign_listen = options.extend_listen = net::Endpoint{"127.0.0.1", 0};
    gateway_ = ValueOf(server::KsiGateway::Start(
        options,
        {&node_.clock(), accounts_.get(), &node_.aggregator(), &extender_, &publications_}));
    ticking_ = std::thread([this] {
      // Nothing waits for the sleep: it only keeps the fake time from running away from real
      // sockets.
      while (!done_) {
        node_.clock().Advance(absl::Milliseconds(200));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  void TearDown() override {
    done_ = true;
    ticking_.join();
    gateway_->Shutdown(absl::Seconds(5));
  }

  net::KsiClientOptions OptionsTo(const net::Endpoint& endpoint) const {
    net::KsiClientOptions options;
    options.transport.address = {GetParam(), endpoint, "/gt-signingservice"};
    options.credentials = {"alice", ledger::ToVector(ledger::AsBytes("wonderland")),
                           ledger::HashAlgorithm::kSha256};
    return options;
  }
  net::KsiClientOptions ToSign() const { return OptionsTo(*gateway_->sign_endpoint()); }
  net::KsiClientOptions ToExtend() const { return OptionsTo(*gateway_->extend_endpoint()); }

  testing::TempFolder folder_;
  testing::TestNode node_;
  std::unique_ptr<server::AccountStore> accounts_;
  FilePublications publications_;
  server::CalendarExtender extender_{&node_.storage(),
                                     {.first_second = kTestTime - 100,
                                      .core = &node_.core(),
                                      .clock = &node_.clock(),
                                      .round_seconds = 1}};
  std::unique_ptr<server::KsiGateway> gateway_;
  std::atomic<bool> done_ = false;
  std::thread ticking_;
};

TEST_P(KsiClientTest, SignsOneAndMany) {
  client::KsiLedger ledger({.aggregator = ToSign(), .extender = ToExtend(), .timeout = kTimeout});
  PITSER_ASSERT_OK_AND_ASSIGN(const auto one, ledger.Sign(TestImprint(1)));
  EXPECT_EQ(one.input_hash(), TestImprint(1));
  std::vector<client::SignInput> inputs;
  for (std::uint64_t i = 0; i < 300; ++i) {
    inputs.push_back({TestImprint(i), static_cast<ledger::Level>(i % 5)});
  }
  const auto many = ledger.SignMany(inputs);
  ASSERT_EQ(many.size(), inputs.size());
  for (std::size_t i = 0; i < many.size(); ++i) {
    PITSER_ASSERT_OK(many[i]);
    EXPECT_EQ(many[i]->input_hash(), inputs[i].hash);
    // What the client added: a verifier that begins at level 0 gets to the root.
    EXPECT_EQ(many[i]->allowed_level(), inputs[i].level);
  }
}

// Over HTTP the last of them waits for its turn longer than any request may take.
TEST_P(KsiClientTest, CountsTheTimeOfARequestFromWhenItIsSent) {
  auto options = ToSign();
  options.max_connections = 1;
  client::KsiLedger ledger({.aggregator = options, .extender = {}, .timeout = kTimeout});
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 5; ++i) PITSER_ASSERT_OK(ledger.Sign(TestImprint(i)));
  const auto five = absl::FromChrono(std::chrono::steady_clock::now() - begin);
  // Many times what one takes, under whatever load, and less than sixty of them.
  client::KsiLedger hasty(
      {.aggregator = options, .extender = {}, .timeout = std::max(absl::Seconds(1), 8 * five)});
  std::vector<client::SignInput> inputs;
  for (std::uint64_t i = 0; i < 60; ++i) inputs.push_back({TestImprint(i), 0});
  for (const auto& result : hasty.SignMany(inputs)) PITSER_EXPECT_OK(result);
}

TEST_P(KsiClientTest, Extends) {
  client::KsiLedger ledger({.aggregator = ToSign(), .extender = ToExtend(), .timeout = kTimeout});
  PITSER_ASSERT_OK_AND_ASSIGN(const auto signature, ledger.Sign(TestImprint(1)));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto newest, ledger.Extend(signature, {}));
  EXPECT_EQ(newest.signing_time(), signature.signing_time());
  EXPECT_THAT(ledger.Extend(signature, {.publication = {}, .time = kTestTime + 1'000'000'000}),
              StatusIs(StatusCode::kOutOfRange, "0x107"));
  EXPECT_THAT(ledger.GetChain(kTestTime - 101, kTestTime),
              StatusIs(StatusCode::kOutOfRange, "0x105"));
}

TEST_P(KsiClientTest, ReadsConfigurationsAndThePublicationsFile) {
  net::KsiClient aggregator(ToSign()), extender(ToExtend());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto signing, aggregator.GetAggregatorConfiguration(kTimeout));
  EXPECT_EQ(signing.max_level, 20u);
  PITSER_ASSERT_OK(aggregator.Sign({TestImprint(1)}, kTimeout));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto extending, extender.GetExtenderConfiguration(kTimeout));
  EXPECT_EQ(extending.first_time, kTestTime - 100);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, extender.GetPublicationsFile(1 << 20, kTimeout));
  EXPECT_TRUE(ledger::Equal(file, publications_.file()->bytes()));
  ASSERT_GT(file.size(), 1000u);
  EXPECT_THAT(extender.GetPublicationsFile(100, kTimeout),
              StatusIs(StatusCode::kInvalidArgument, "too long"));
}

TEST_P(KsiClientTest, TellsWhatIsWrong) {
  auto wrong_key = ToSign();
  wrong_key.credentials.key.push_back('x');
  EXPECT_THAT(net::KsiClient(wrong_key).Sign({TestImprint(1)}, kTimeout),
              StatusIs(StatusCode::kUnauthenticated, "0x102"));
  EXPECT_THAT(net::KsiClient(ToExtend()).Sign({TestImprint(1)}, kTimeout),
              StatusIs(StatusCode::kInvalidArgument, "another service"));
  EXPECT_THAT(net::KsiClient(ToSign()).Sign({TestImprint(1), 21}, kTimeout),
              StatusIs(StatusCode::kInvalidArgument, "0x104"));
  auto nobody = ToSign();
  nobody.transport.address.endpoint.port = 1;
  EXPECT_THAT(net::KsiClient(nobody).Sign({TestImprint(1)}, kTimeout),
              StatusIs(StatusCode::kUnavailable));
}

// A connection that was kept and closed meanwhile by the server is no failure.
TEST_P(KsiClientTest, OutlivesAConnection) {
  net::KsiClient aggregator(ToSign());
  PITSER_ASSERT_OK(aggregator.GetAggregatorConfiguration(kTimeout));
  const net::Endpoint endpoint = *gateway_->sign_endpoint();
  gateway_->Shutdown(absl::Seconds(5));
  server::KsiGatewayOptions options;
  options.sign_listen = endpoint;
  options.extend_listen = net::Endpoint{"127.0.0.1", 0};
  gateway_ = ValueOf(server::KsiGateway::Start(
      options, {&node_.clock(), accounts_.get(), &node_.aggregator(), &extender_, &publications_}));
  PITSER_EXPECT_OK(aggregator.GetAggregatorConfiguration(kTimeout));
}

INSTANTIATE_TEST_SUITE_P(Transports, KsiClientTest, ::testing::Values(Scheme::kHttp, Scheme::kTcp),
                         [](const auto& each) {
                           return each.param == Scheme::kTcp ? "Tcp" : "Http";
                         });

}  // namespace
}  // namespace pitser
