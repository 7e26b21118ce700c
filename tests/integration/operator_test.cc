// What an operator does to a running node through its socket, and what the commands of pitserd say
// and end with.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "server/app/control_client.h"
#include "server/gateway/grpc/gateway.h"
#include "tests/integration/node_fixture.h"
#include "tests/integration/server_process.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

using ::pitser::testing::Caller;
using ::pitser::testing::kNodeStart;
using ::pitser::testing::NodeTest;
using ::pitser::testing::RunResult;
using ::pitser::testing::RunServer;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr int kServing = 1, kNotServing = 2;
constexpr absl::Duration kPatience = absl::Seconds(60);

class OperatorTest : public NodeTest {
 protected:
  control::v1::GetStatusResponse Status() const {
    const auto status = StatusThroughSocket(run(), kPatience);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? *status : control::v1::GetStatusResponse();
  }
  RunResult Command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--data", settings_.data});
    return RunServer(arguments);
  }
  // A refusal is one line that says "pitserd: ...".
  static void ExpectRefusal(const RunResult& result, int exit_code, const std::string& says) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, MatchesRegex("pitserd: [^\n]+\n"));
    EXPECT_THAT(result.err, HasSubstr(says));
  }
  // A request that waits for its round, which does not end while the clock stands.
  std::thread Pending(grpc::Status& status) {
    const std::uint64_t before = Status().rounds().pending_requests();
    std::thread call([this, &status] { status = caller_->Sign(SomeImprint("waits")).status; });
    while (Status().rounds().pending_requests() == before) std::this_thread::yield();
    return call;
  }
  void AwaitHealth(std::string_view service, int health) {
    while (caller_->Health(service) != health) clock_.Advance(absl::Seconds(1));
  }
};

TEST_F(OperatorTest, StatusOfANodeThatHasDoneNothingYet) {
  PITSER_ASSERT_OK(StartWithKeys());
  const auto status = Status();
  EXPECT_NE(status.version(), "");
  EXPECT_EQ(status.time(), static_cast<std::uint64_t>(kNodeStart));
  EXPECT_EQ(status.uptime_seconds(), 0u);
  EXPECT_EQ(status.data_folder(), settings_.data);
  EXPECT_EQ(status.faces(), "grpc=" + endpoint_);
  EXPECT_TRUE(status.signing().serving());
  EXPECT_FALSE(status.signing().draining());
  EXPECT_EQ(status.signing().reason(), "");
  EXPECT_EQ(status.rounds().rounds(), 0u);
  EXPECT_FALSE(status.rounds().has_last_round());
  EXPECT_FALSE(status.calendar().has_head());
  EXPECT_FALSE(status.calendar().damaged());
  EXPECT_EQ(status.publications().count(), 0u);
  EXPECT_FALSE(status.publications().has_newest());
  EXPECT_EQ(status.publications().next_due() % 86'400, 0u);
  EXPECT_GT(status.publications().next_due(), status.time());
  EXPECT_LE(status.publications().next_due(), status.time() + 86'400);
  ASSERT_EQ(status.certificates_size(), 3);
  EXPECT_EQ(status.certificates(0).name(), "root");
  EXPECT_GT(status.certificates(0).days_left(), 19 * 365);
  EXPECT_EQ(status.certificates(1).name(), "publications");
  EXPECT_EQ(status.certificates(2).name(), "calendar");
  EXPECT_GT(status.certificates(2).days_left(), 700);
  EXPECT_EQ(
      status.certificates(2).days_left(),
      static_cast<std::int64_t>((status.certificates(2).not_after() - status.time()) / 86'400));
  bool max_pending = false;
  for (const auto& limit : status.limits()) {
    max_pending = max_pending || (limit.name() == "max_pending" && limit.value() == "200000");
  }
  EXPECT_TRUE(max_pending);
  EXPECT_GT(status.memory().resident_bytes(), 1u << 20);
  EXPECT_GE(status.memory().peak_resident_bytes(), status.memory().resident_bytes());
}

TEST_F(OperatorTest, StatusTellsWhatWasDone) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  const auto signed_document = caller_->Sign(SomeImprint("document"));
  ASSERT_TRUE(signed_document.status.ok());
  EXPECT_FALSE(caller_->Sign(SomeImprint("x"), 254).status.ok());
  PITSER_ASSERT_OK_AND_ASSIGN(const auto publication, PublishThroughSocket(run(), kPatience));
  StopTicking();
  const auto status = Status();
  EXPECT_EQ(status.uptime_seconds(), status.time() - static_cast<std::uint64_t>(kNodeStart));
  EXPECT_EQ(status.rounds().rounds(), 1u);
  EXPECT_EQ(status.rounds().signed_requests(), 1u);
  EXPECT_EQ(status.rounds().refused_requests(), 1u);
  EXPECT_EQ(status.rounds().failed_requests(), 0u);
  EXPECT_EQ(status.rounds().pending_requests(), 0u);
  EXPECT_EQ(status.rounds().last_round().time(), signed_document.response.aggregation_time());
  EXPECT_EQ(status.rounds().last_round().requests(), 1u);
  EXPECT_EQ(status.calendar().head(), publication.time);
  EXPECT_EQ(status.publications().count(), 1u);
  EXPECT_EQ(status.publications().newest().time(), publication.time);
  EXPECT_EQ(status.publications().newest().code(), ledger::EncodePublicationCode(publication));
}

TEST_F(OperatorTest, TheStatusCommandTellsPeopleAndPrograms) {
  PITSER_ASSERT_OK(StartWithKeys());
  const RunResult text = Command({"status"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(text.err, "");
  EXPECT_THAT(text.out, HasSubstr("signing       yes\n"));
  EXPECT_THAT(text.out, HasSubstr("calendar      no second is closed yet, 0 followers\n"));
  EXPECT_THAT(text.out, HasSubstr("limit         max_pending = 200000\n"));
  const RunResult json = Command({"status", "--json"});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_THAT(json.out, HasSubstr("\"schema\": \"pitserd.status/1\""));
  EXPECT_THAT(json.out, HasSubstr("\"head\": null"));
}

TEST_F(OperatorTest, StatusWaitsForAServerThatStarts) {
  // Before the thread: a child that begins just then would hold the folder's lock for a moment.
  testing::MakeDataFolderWithKeys(settings_.data, kNodeStart);
  RunResult waited;
  std::thread command([&] { waited = Command({"status", "--wait"}); });
  PITSER_EXPECT_OK(StartWithKeys());
  command.join();
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_THAT(waited.out, HasSubstr("signing       yes\n"));
}

TEST_F(OperatorTest, StatusWaitsNoLongerThanItIsTold) {
  ExpectRefusal(Command({"status", "--wait", "--timeout", "0s"}), 6, "no pitserd runs here");
  PITSER_ASSERT_OK(StartWithKeys());
  PITSER_ASSERT_OK(DrainThroughSocket(run(), /*undo=*/false, kPatience));
  ExpectRefusal(Command({"status", "--wait", "--timeout", "0s"}), 6, "draining");
}

TEST_F(OperatorTest, DrainingAnswersWhatIsPendingAndTakesNothingNew) {
  PITSER_ASSERT_OK(StartWithKeys());
  grpc::Status pending;
  std::thread call = Pending(pending);
  RunResult drained;
  std::thread command([&] { drained = Command({"drain"}); });
  while (!Status().signing().draining()) std::this_thread::yield();

  EXPECT_EQ(caller_->Health(kSignerService), kNotServing);
  EXPECT_EQ(caller_->Health(kExtenderService), kServing);
  EXPECT_EQ(caller_->Health(""), kServing);
  const grpc::Status refused = caller_->Sign(SomeImprint("late")).status;
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(refused.error_message(), HasSubstr("draining"));
  EXPECT_FALSE(Status().signing().serving());
  EXPECT_THAT(Status().signing().reason(), HasSubstr("pitserd drain --undo"));

  Tick();
  call.join();
  command.join();
  EXPECT_TRUE(pending.ok()) << pending.error_message();
  EXPECT_EQ(drained.exit_code, 0) << drained.err;
  EXPECT_EQ(drained.out, "drained: nothing is pending\n");
  PITSER_EXPECT_OK(caller_->Head());  // Reading goes on.
  EXPECT_EQ(caller_->Health(kSignerService), kNotServing);

  const RunResult undone = Command({"drain", "--undo"});
  EXPECT_EQ(undone.exit_code, 0) << undone.err;
  EXPECT_EQ(undone.out, "requests are taken again\n");
  EXPECT_EQ(caller_->Health(kSignerService), kServing);
  EXPECT_TRUE(caller_->Sign(SomeImprint("again")).status.ok());
}

TEST_F(OperatorTest, DrainingSaysWhenItTakesTooLong) {
  PITSER_ASSERT_OK(StartWithKeys());
  grpc::Status pending;
  std::thread call = Pending(pending);
  ExpectRefusal(Command({"drain", "--timeout", "0"}), 6, "1 request is still pending after 0");
  EXPECT_TRUE(Status().signing().draining());
  Tick();
  call.join();
  EXPECT_TRUE(pending.ok());
}

TEST_F(OperatorTest, DrainingThatIsUndoneMeanwhileSaysSo) {
  PITSER_ASSERT_OK(StartWithKeys());
  grpc::Status pending;
  std::thread call = Pending(pending);
  RunResult drained;
  std::thread command([&] { drained = Command({"drain"}); });
  while (!Status().signing().draining()) std::this_thread::yield();
  PITSER_EXPECT_OK(DrainThroughSocket(run(), /*undo=*/true, kPatience));
  command.join();
  ExpectRefusal(drained, 5, "somebody undid it");
  Tick();
  call.join();
}

TEST_F(OperatorTest, WithoutAServerEveryCommandSaysSo) {
  for (const std::string command : {"publish", "status", "drain"}) {
    ExpectRefusal(Command({command}), 6, "no pitserd runs here: there is no " + run());
  }
}

TEST_F(OperatorTest, ASocketThatNobodyListensOnIsNoServer) {
  std::filesystem::create_directories(run());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = run() + "/pitserd.sock";
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(socket_fd);  // As a kill leaves it.
  for (const std::string command : {"publish", "status", "drain"}) {
    ExpectRefusal(Command({command}), 6, path);
  }
}

TEST_F(OperatorTest, WhatTheServerRefusesIsToldFromNoServer) {
  PITSER_ASSERT_OK(StartWithKeys());
  clock_.Advance(absl::Seconds(100));
  PITSER_ASSERT_OK(PublishThroughSocket(run(), kPatience));
  clock_.SetWall(absl::FromUnixSeconds(kNodeStart + 50));
  ExpectRefusal(Command({"publish"}), 5, "before the newest publication");
}

TEST_F(OperatorTest, WrongCommandLinesAreUsageErrors) {
  ExpectRefusal(Command({"drain", "--timeout", "soon"}), 2, "--timeout: expected a duration");
  ExpectRefusal(Command({"drain", "--timeout", "-1s"}), 2, "--timeout: expected a duration");
  ExpectRefusal(Command({"status", "--nonsense"}), 2, "--nonsense");
}

TEST_F(OperatorTest, AClockThatIsWrongShowsInHealthAndStatus) {
  PITSER_ASSERT_OK(StartWithKeys());
  for (std::string_view service : {std::string_view(), kSignerService, kExtenderService,
                                   kPublicationsService, kCalendarService, kInfoService}) {
    EXPECT_EQ(caller_->Health(service), kServing) << service;
  }
  clock_.SetWall(clock_.Now() + absl::Hours(2));
  AwaitHealth(kSignerService, kNotServing);
  EXPECT_THAT(Status().signing().reason(), HasSubstr("clock"));
  EXPECT_EQ(caller_->Health(kCalendarService), kServing);
  EXPECT_EQ(caller_->Health(""), kServing);
}

TEST_F(OperatorTest, APublicationThatFailsShowsInHealthAndStatus) {
  settings_.publish_every = absl::Seconds(1);
  settings_.test_schedule = true;
  PITSER_ASSERT_OK(StartWithKeys());
  const std::string trust = settings_.data + "/trust", away = settings_.data + "/trust-away";
  std::filesystem::rename(trust, away);
  AwaitHealth(kPublicationsService, kNotServing);
  EXPECT_THAT(Status().publications().reason(), HasSubstr("publications.bin"));
  EXPECT_EQ(caller_->Health(kSignerService), kServing);
  std::filesystem::rename(away, trust);
  AwaitHealth(kPublicationsService, kServing);
  EXPECT_EQ(Status().publications().reason(), "");
}

TEST_F(OperatorTest, TheEndOfAScheduleIsToldAndOneThatIsNearIsRefused) {
  PITSER_ASSERT_OK(StartWithKeys());
  EXPECT_GT(Status().publications().file_full(), kNodeStart + 1000 * std::uint64_t{366 * 86'400});
  Stop();
  settings_.publish_every = absl::Seconds(1);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, "test_schedule"));
  settings_.data = folder_.path() + "/another";
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, "publish_every"));
  EXPECT_FALSE(std::filesystem::exists(settings_.data));
  settings_.test_schedule = true;
  PITSER_ASSERT_OK(Start());
  EXPECT_LT(Status().publications().file_full(), kNodeStart + std::uint64_t{366 * 86'400});
}

// An operator restores the calendar's folder from a backup, and it is not the newest.
TEST_F(OperatorTest, AnOldCopyOfTheCalendarIsRefused) {
  PITSER_ASSERT_OK(StartWithKeys());
  Tick();
  ASSERT_TRUE(caller_->Sign(SomeImprint("first")).status.ok());
  Stop();
  const std::string calendar = settings_.data + "/calendar", backup = folder_.path() + "/backup";
  EXPECT_TRUE(std::filesystem::exists(settings_.data + "/last-signed"));
  EXPECT_FALSE(std::filesystem::exists(calendar + "/last-signed"));
  std::filesystem::copy(calendar, backup, std::filesystem::copy_options::recursive);
  PITSER_ASSERT_OK(Start());
  Tick();
  ASSERT_TRUE(caller_->Sign(SomeImprint("second")).status.ok());
  Stop();
  std::filesystem::remove_all(calendar);
  std::filesystem::copy(backup, calendar, std::filesystem::copy_options::recursive);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition, "looks like an old backup"));
}

}  // namespace
}  // namespace pitser::server
