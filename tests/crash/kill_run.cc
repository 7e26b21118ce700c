#include "tests/crash/kill_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/crash/auditor.h"
#include "tests/crash/load.h"
#include "tests/integration/caller.h"
#include "tests/integration/server_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::testing {
namespace {

constexpr unsigned kSeed = 20261123;
constexpr int kKills = 50;
constexpr int kInFlight = 64;
// Every so many lives end while the server still starts.
constexpr int kEarlyKillEvery = 10;

class KillRun {
 public:
  explicit KillRun(std::string program) : program_(std::move(program)) {
    std::printf("seed %u\n", kSeed);
  }

  void Run() {
    std::vector<ReceivedSignature> received;
    for (int kill = 0; kill < kKills; ++kill) {
      SCOPED_TRACE("life " + std::to_string(kill));
      if (kill % kEarlyKillEvery == kEarlyKillEvery - 1) {
        KillAtStart();
      } else {
        received = Live(received);
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    LastLife(received);
    Report();
  }

  // What the server said in its last life, for whoever looks for the cause of a failure.
  const std::string& log() const { return log_; }

 private:
  std::unique_ptr<ServerProcess> Start() {
    // Publications often, so that kills hit them too.
    return std::make_unique<ServerProcess>(
        std::vector<std::string>{"--data", Data(), "--grpc-listen", "127.0.0.1:0",
                                 "--publish-every", "3s", "--test-schedule", "--log-level",
                                 "warning"},
        program_);
  }

  void Kill(ServerProcess& server) {
    server.Signal(SIGKILL);
    server.Wait();
    log_ = server.err();
  }

  std::unique_ptr<Caller> StartAndConnect(std::unique_ptr<ServerProcess>& server) {
    const absl::Time start = absl::Now();
    server = Start();
    const std::string endpoint = server->AwaitReady();
    if (endpoint.empty()) {
      Kill(*server);
      return nullptr;
    }
    if (first_start_) {
      first_start_ = false;  // It makes keys.
    } else {
      restarts_.push_back(absl::Now() - start);
    }
    return std::make_unique<Caller>(endpoint);
  }

  // One life: what the life before gave out is checked, then there is load until the kill.
  std::vector<ReceivedSignature> Live(const std::vector<ReceivedSignature>& before) {
    std::unique_ptr<ServerProcess> server;
    const std::unique_ptr<Caller> caller = StartAndConnect(server);
    if (caller == nullptr) {
      [] { FAIL() << "the server did not start again"; }();
      return {};
    }
    SignLoad load(caller->channel(), kInFlight, next_hash_);
    next_hash_ += 1'000'000;
    auditor_.CheckAfterRestart(*caller, before);
    std::this_thread::sleep_for(Random(300, 2000));  // The random moment: waits for nothing.
    Kill(*server);
    return load.Finish();
  }

  void KillAtStart() {
    const std::unique_ptr<ServerProcess> server = Start();
    std::this_thread::sleep_for(Random(0, 100));
    Kill(*server);
  }

  void LastLife(const std::vector<ReceivedSignature>& before) {
    std::unique_ptr<ServerProcess> server;
    const std::unique_ptr<Caller> caller = StartAndConnect(server);
    ASSERT_NE(caller, nullptr);
    auditor_.CheckAfterRestart(*caller, before);
    const RunResult published = RunServer({"publish", "--data", Data()}, program_);
    ASSERT_EQ(published.exit_code, 0) << published.err;
    PITSER_ASSERT_OK_AND_ASSIGN(const ledger::PublicationsFile file,
                                caller->VerifiedPublicationsFile(
                                    static_cast<std::uint64_t>(absl::ToUnixSeconds(absl::Now()))));
    auditor_.CheckAll(*caller, file);
    server->Signal(SIGTERM);
    EXPECT_EQ(server->Wait(), 0) << server->err();
    auditor_.CheckCalendarFolder(Data() + "/calendar");
  }

  void Report() {
    EXPECT_GE(auditor_.seconds(), static_cast<std::size_t>(kKills / 4)) << "hardly any load";
    std::sort(restarts_.begin(), restarts_.end());
    std::printf("%d kills, %zu signatures of %zu seconds\n", kKills, auditor_.signatures(),
                auditor_.seconds());
    std::printf(
        "restart: p50 %s, max %s (of %zu)\n",
        absl::FormatDuration(absl::Trunc(restarts_[restarts_.size() / 2], absl::Milliseconds(1)))
            .c_str(),
        absl::FormatDuration(absl::Trunc(restarts_.back(), absl::Milliseconds(1))).c_str(),
        restarts_.size());
  }

  std::string Data() const { return folder_ / "data"; }
  std::chrono::milliseconds Random(int from, int to) {
    return std::chrono::milliseconds(std::uniform_int_distribution<int>(from, to)(random_));
  }

  const std::string program_;
  const TempFolder folder_;
  std::mt19937 random_{kSeed};
  Auditor auditor_;
  std::uint64_t next_hash_ = 0;
  bool first_start_ = true;
  std::string log_;
  std::vector<absl::Duration> restarts_;
};

}  // namespace

void KillAgainAndAgain(const std::string& program) {
  KillRun run(program);
  run.Run();
  if (::testing::Test::HasFailure())
    std::printf("what the server said last:\n%s", run.log().c_str());
}

}  // namespace pitser::testing
