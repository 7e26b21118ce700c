// The program as its operator meets it: a process with arguments, two streams, signals and an exit
// code.

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/caller.h"
#include "tests/integration/key_folder.h"
#include "tests/integration/server_process.h"
#include "tests/integration/tls_files.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser {
namespace {

using ::pitser::testing::Caller;
using ::pitser::testing::RunServer;
using ::pitser::testing::ServerProcess;
using ::pitser::testing::SomeImprint;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class PitserdTest : public ::testing::Test {
 protected:
  std::vector<std::string> Arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"--data",      data(),        "--grpc-listen",
                                          "127.0.0.1:0", "--log-level", "warning"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string data() const { return folder_ / "node"; }
  void MakeKeys() const {
    const auto now = absl::ToUnixSeconds(base::Clock::System().Now());
    testing::MakeDataFolderWithKeys(data(), static_cast<std::uint64_t>(now));
  }
  // A refusal is one line that says "pitserd: ...".
  static void ExpectRefusal(const testing::RunResult& result, int exit_code,
                            const std::string& says) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, MatchesRegex("pitserd: [^\n]+\n"));
    EXPECT_THAT(result.err, HasSubstr(says));
  }

  testing::TempFolder folder_;
};

TEST_F(PitserdTest, SaysOneLineAndServesUntilItIsToldToStop) {
  MakeKeys();
  ServerProcess server(Arguments());
  const std::string endpoint = server.AwaitReady();
  ASSERT_THAT(endpoint, MatchesRegex("127.0.0.1:[0-9]+")) << server.err();
  const ledger::Imprint hash = SomeImprint("document");
  const Caller caller(endpoint);
  const auto result = caller.Sign(hash);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller.PublicationsFile());
  PITSER_EXPECT_OK(testing::ParseAndVerify(result.response.signature(), hash, 0, file));

  const auto published = RunServer({"publish", "--data", data()});
  EXPECT_EQ(published.exit_code, 0) << published.err;
  EXPECT_THAT(published.out, MatchesRegex("20[0-9-]+T[0-9:]+Z [A-Z2-7]+(-[A-Z2-7]+)+\n"));

  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  EXPECT_EQ(server.out(), "pitserd ready grpc=" + endpoint + "\n");
  EXPECT_EQ(server.err(), "");
  ExpectRefusal(RunServer({"publish", "--data", data()}), 6, "no pitserd runs here");
}

TEST_F(PitserdTest, AFirstStartMakesItsKeys) {
  ServerProcess server(Arguments());
  ASSERT_NE(server.AwaitReady(), "") << server.err();
  EXPECT_TRUE(std::filesystem::exists(data() + "/trust/root.pem"));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
}

// The sum of `leaves=N` over the log: how many requests were signed.
int CountLeaves(const std::string& log) {
  const std::string key = " leaves=";
  int sum = 0;
  for (std::size_t at = log.find(key); at != std::string::npos; at = log.find(key, at + 1)) {
    sum += std::stoi(log.substr(at + key.size()));
  }
  return sum;
}

TEST_F(PitserdTest, AnswersUnderLoadWhatIsPendingWhenItIsStopped) {
  MakeKeys();
  ServerProcess server({"--data", data(), "--grpc-listen", "127.0.0.1:0"});
  const std::string endpoint = server.AwaitReady();
  ASSERT_NE(endpoint, "") << server.err();
  constexpr int kThreads = 20;
  std::atomic<int> settled = 0, answered = 0;  // Settled: the first call has ended.
  std::vector<grpc::StatusCode> ends(kThreads);
  std::vector<std::thread> callers;
  for (int i = 0; i < kThreads; ++i) {
    callers.emplace_back([&, i] {
      const Caller caller(endpoint);
      for (int n = 0;; ++n) {
        const auto result = caller.Sign(SomeImprint(std::to_string(1000 * i + n)));
        ends[static_cast<std::size_t>(i)] = result.status.error_code();
        if (n == 0) ++settled;
        if (!result.status.ok()) return;
        ++answered;
      }
    });
  }
  while (settled < kThreads) std::this_thread::yield();
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(answered, kThreads);
  // Whatever was taken was signed, and whatever was signed was received: nothing was cut off.
  EXPECT_EQ(CountLeaves(server.err()), answered) << server.err();
  // The others were refused, or dropped by gRPC as they came in (CANCELLED).
  EXPECT_THAT(ends, ::testing::Each(::testing::AnyOf(grpc::StatusCode::UNAVAILABLE,
                                                     grpc::StatusCode::CANCELLED)));
}

TEST_F(PitserdTest, ASecondOneOnTheSameFolderSaysSo) {
  MakeKeys();
  ServerProcess server(Arguments());
  ASSERT_NE(server.AwaitReady(), "") << server.err();
  ExpectRefusal(RunServer(Arguments()), 7, "is in use by another pitserd (process ");
}

TEST_F(PitserdTest, ASecondOneOnTheSamePortSaysSo) {
  MakeKeys();
  ServerProcess server(Arguments());
  const std::string endpoint = server.AwaitReady();
  ASSERT_NE(endpoint, "") << server.err();
  ExpectRefusal(
      RunServer({"--data", folder_ / "other", "--grpc-listen", endpoint, "--log-level", "warning"}),
      6, "cannot listen on " + endpoint);
}

TEST_F(PitserdTest, AFreePortAndFolderAreTakenAgainAfterAKill) {
  MakeKeys();
  std::string endpoint;
  {
    ServerProcess server(Arguments());
    endpoint = server.AwaitReady();
    ASSERT_NE(endpoint, "") << server.err();
    server.Signal(SIGKILL);
    EXPECT_EQ(server.Wait(), 128 + SIGKILL);
  }
  // The operator's socket is still there as a file.
  EXPECT_TRUE(std::filesystem::exists(data() + "/run/pitserd.sock"));
  EXPECT_EQ(RunServer({"publish", "--data", data()}).exit_code, 6);
  ServerProcess server(Arguments());
  ASSERT_NE(server.AwaitReady(), "") << server.err();
  EXPECT_TRUE(std::filesystem::is_socket(data() + "/run/pitserd.sock"));
}

TEST_F(PitserdTest, ASecondSignalEndsItAtOnce) {
  // A round of an hour: the graceful end would take as long.
  MakeKeys();
  ServerProcess server(Arguments({"--round-seconds", "3600"}));
  const std::string endpoint = server.AwaitReady();
  ASSERT_NE(endpoint, "") << server.err();
  const Caller caller(endpoint);
  grpc::Status status;
  std::thread call(
      [&] { status = caller.Sign(SomeImprint("x"), 0, std::chrono::hours(3)).status; });
  // Signals until it is gone: the first asks, any later one ends. (Whether the call has come in by
  // then is not certain, and not needed.)
  while (!server.Ended()) {
    server.Signal(SIGTERM);
    std::this_thread::yield();
  }
  const int code = server.Wait();
  call.join();
  EXPECT_TRUE(code == 128 + SIGTERM || code == 0) << code;
  EXPECT_FALSE(status.ok());
}

TEST_F(PitserdTest, TheCommandLineAndTheFileAreChecked) {
  ExpectRefusal(RunServer({"--nonsense"}), 2, "--nonsense");
  const std::string file = folder_ / "pitserd.toml";
  std::ofstream(file) << "# comment\nmax_pendign = 7\n";
  ExpectRefusal(RunServer({"--config", file}), 2, file + ":2: unknown key 'max_pendign'");
  ExpectRefusal(RunServer(Arguments({"--account", ""})), 2, "account");
  ExpectRefusal(RunServer({"--data", data(), "--grpc-listen", "0.0.0.0:0"}), 2,
                "refusing to serve plain text on 0.0.0.0:0");
  ExpectRefusal(RunServer(Arguments({"--log-level", "loud"})), 2, "log");
  EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_F(PitserdTest, AFolderOfSomethingElseIsLeftAlone) {
  std::filesystem::create_directory(data());
  std::ofstream(data() + "/thesis.tex") << "x";
  ExpectRefusal(RunServer(Arguments()), 7, "neither empty nor a data folder of Pitser");
}

TEST_F(PitserdTest, HelpIsAResult) {
  const auto help = RunServer({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("--grpc-listen"));
  EXPECT_EQ(help.err, "");
  EXPECT_THAT(RunServer({"--version"}).out, MatchesRegex("pitserd [0-9.]+\n"));
}

TEST_F(PitserdTest, ServesTlsToThoseWithACertificate) {
  const auto& tls = testing::TlsFiles::Get();
  const auto write = [this](const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    std::filesystem::permissions(folder_ / name, std::filesystem::perms(0600));
    return folder_ / name;
  };
  ServerProcess server(
      Arguments({"--tls-cert", write("cert.pem", tls.server_certificate), "--tls-key",
                 write("key.pem", tls.server_key), "--tls-client-ca", write("ca.pem", tls.ca)}));
  const std::string endpoint = server.AwaitReady();
  ASSERT_NE(endpoint, "") << server.err();
  const std::string open_key = write("open.pem", tls.server_key);
  std::filesystem::permissions(open_key, std::filesystem::perms(0644));
  ExpectRefusal(RunServer(Arguments({"--tls-cert", folder_ / "cert.pem", "--tls-key", open_key})),
                7, "tls_key: " + open_key + " holds a secret");
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = tls.ca;
  ssl.pem_cert_chain = tls.client_certificate;
  ssl.pem_private_key = tls.client_key;
  const Caller caller(endpoint, grpc::SslCredentials(ssl));
  const auto result = caller.Sign(SomeImprint("document"));
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_EQ(result.response.account_path(0), "acme");
  EXPECT_FALSE(Caller(endpoint).Sign(SomeImprint("document")).status.ok());
}

TEST_F(PitserdTest, GarbageOnThePortHarmsNobody) {
  MakeKeys();
  ServerProcess server(Arguments());
  const std::string endpoint = server.AwaitReady();
  ASSERT_NE(endpoint, "") << server.err();
  const auto port = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.find(':') + 1)));
  for (int i = 0; i < 20; ++i) {
    std::string bytes(static_cast<std::size_t>(100 * i), static_cast<char>(i * 37));
    if (i % 2 == 0) bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes;
    testing::SendBytes(port, bytes);
  }
  EXPECT_TRUE(Caller(endpoint).Sign(SomeImprint("document")).status.ok());
  server.Signal(SIGINT);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_EQ(server.err(), "");
}

}  // namespace
}  // namespace pitser
