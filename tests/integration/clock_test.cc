// A node whose clock is wrong for a while, over start and run: once the clock is right again the
// node starts and signs, or says truly why not, and no key is lost.
//
// PITSER_CLOCK_TEST=long runs every offset at every moment; otherwise some of them.

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "gtest/gtest.h"
#include "pitser/control/v1/control.pb.h"
#include "server/app/control_client.h"
#include "tests/integration/node_fixture.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

namespace fs = std::filesystem;

using absl::StatusCode;
using ::pitser::testing::kNodeStart;
using ::pitser::testing::NodeTest;
using ::pitser::testing::ParseAndVerify;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::StatusIs;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear = 365 * kDay;
// The ends of certificates that are made at kNodeStart.
constexpr std::int64_t kCalendarEnd = kNodeStart + 2 * kYear;
constexpr std::int64_t kPublicationsEnd = kNodeStart + 5 * kYear;
constexpr std::int64_t kRootEnd = kNodeStart + 20 * kYear;

bool Long() {
  const char* const asked = std::getenv("PITSER_CLOCK_TEST");
  return asked != nullptr && std::string(asked) == "long";
}

// Log lines as they come, for whoever waits for one.
class LogWaiter {
 public:
  // Whether a line with `text` has come since the last call that found one, or comes soon.
  bool Await(const std::string& text) {
    base::MutexLock lock(mu_);
    while (true) {
      for (; next_ < lines_.size(); ++next_) {
        if (lines_[next_].find(text) != std::string::npos) return ++next_, true;
      }
      if (!came_.WaitFor(mu_, std::chrono::milliseconds(50))) return false;
    }
  }

 private:
  base::Mutex mu_;
  base::CondVar came_;
  std::vector<std::string> lines_ PITSER_GUARDED_BY(mu_);
  std::size_t next_ PITSER_GUARDED_BY(mu_) = 0;
  const base::ScopedLogSink sink_{[this](std::string_view line) {
    base::MutexLock lock(mu_);
    lines_.emplace_back(line);
    came_.SignalAll();
  }};
};

class ClockTest : public NodeTest {
 protected:
  ClockTest() { settings_.publish_every = absl::Hours(24 * 366 * 100); }

  void SetClock(std::int64_t to) { clock_.SetWall(absl::FromUnixSeconds(to)); }

  // Lets minutes pass until the log has a line with `text`: what the node does once a minute may
  // have begun just before the clock was moved.
  bool Logs(LogWaiter& log, const std::string& text) {
    for (int minute = 0; minute < 600; ++minute) {
      if (log.Await(text)) return true;
      clock_.Advance(absl::Minutes(1));
    }
    return false;
  }

  // What is in DIR/keys, and the trust anchor.
  std::map<std::string, std::string> Keys() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(settings_.data + "/keys")) {
      files[entry.path()] = *base::ReadFile(entry.path(), 1 << 20);
    }
    files["root"] = *base::ReadFile(settings_.data + "/trust/root.pem", 1 << 20);
    return files;
  }
  void ExpectNoKeyLost(const std::map<std::string, std::string>& before) const {
    const auto now = Keys();
    for (const auto& [name, bytes] : before) {
      const auto it = now.find(name);
      ASSERT_NE(it, now.end()) << name;
      EXPECT_EQ(it->second, bytes) << name;
    }
  }

  // Signs, and verifies by the publications file as it is trusted now. It may take a second until
  // the node notices that it can.
  void ExpectSigns() {
    Tick();
    const ledger::Imprint hash = SomeImprint("document");
    auto answer = caller_->Sign(hash);
    for (int i = 0; answer.status.error_code() == grpc::StatusCode::UNAVAILABLE && i < 5000; ++i) {
      answer = caller_->Sign(hash);
    }
    StopTicking();
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    PITSER_ASSERT_OK_AND_ASSIGN(const auto file, caller_->VerifiedPublicationsFile(Now()));
    PITSER_EXPECT_OK(ParseAndVerify(answer.response.signature(), hash, 0, file));
  }

  // A ledger with keys of kNodeStart that has signed at `now`.
  void Begin(std::int64_t now) {
    fs::remove_all(settings_.data);
    SetClock(now);
    settings_.accept_gap = true;
    PITSER_ASSERT_OK(StartWithKeys());
    ExpectSigns();
    Stop();
    settings_.accept_gap = false;
  }

  // One start with a clock that is wrong by `offset`, and one with the clock set right.
  void StartWrongThenRight(std::int64_t offset, bool accept_gap) {
    const auto keys = Keys();
    const std::int64_t right = absl::ToUnixSeconds(clock_.Now());
    SetClock(right + offset);
    settings_.accept_gap = accept_gap;
    Start().IgnoreError();
    Stop();
    settings_.accept_gap = false;
    ExpectNoKeyLost(keys);
    SetClock(right + 2);
    PITSER_ASSERT_OK(Start());
    ExpectSigns();
    Stop();
    ExpectNoKeyLost(keys);
  }
};

TEST_F(ClockTest, AfterAStartWithAWrongClockItGoesOn) {
  std::vector<std::int64_t> moments = {kCalendarEnd - 35 * kDay};
  std::vector<std::int64_t> offsets = {-3 * kYear, 20 * kDay, 3 * kYear};
  if (Long()) {
    moments = {kNodeStart + kDay,        kCalendarEnd - 61 * kDay,     kCalendarEnd - 35 * kDay,
               kCalendarEnd - 29 * kDay, kPublicationsEnd - 35 * kDay, kPublicationsEnd + 1,
               kRootEnd - 35 * kDay};
    offsets = {-3 * kYear, -kYear,    -31 * kDay, -20 * kDay, -kDay, -3600,     -61,      61,
               3600,       20 * kDay, 29 * kDay,  31 * kDay,  kYear, 2 * kYear, 3 * kYear};
  }
  for (const std::int64_t moment : moments) {
    Begin(moment);
    const fs::path kept = folder_.path() + "/kept";
    fs::remove_all(kept);
    fs::copy(settings_.data, kept, fs::copy_options::recursive);
    const absl::Time then = clock_.Now();
    for (const std::int64_t offset : offsets) {
      for (const bool accept_gap : {false, true}) {
        SCOPED_TRACE(absl::StrCat("at ", moment - kNodeStart, " off by ", offset, " ", accept_gap));
        fs::remove_all(settings_.data);
        fs::copy(kept, settings_.data, fs::copy_options::recursive);
        clock_.SetWall(then);
        ASSERT_NO_FATAL_FAILURE(StartWrongThenRight(offset, accept_gap));
      }
    }
  }
}

TEST_F(ClockTest, WhatAWrongClockClosedIsTold) {
  settings_.publish_every = absl::Hours(24);
  ASSERT_NO_FATAL_FAILURE(Begin(kCalendarEnd - 35 * kDay));
  const auto keys = Keys();
  const absl::Time right = clock_.Now();
  clock_.SetWall(right + absl::Hours(24 * 20));
  PITSER_ASSERT_OK(Start());  // Twenty publications are made up for.
  Stop();
  clock_.SetWall(right);
  EXPECT_THAT(Start(), StatusIs(StatusCode::kFailedPrecondition, "in the future"));
  ExpectNoKeyLost(keys);
  clock_.SetWall(right + absl::Hours(24 * 21));
  PITSER_ASSERT_OK(Start());
  ASSERT_NO_FATAL_FAILURE(ExpectSigns());
}

TEST_F(ClockTest, AFirstStartByAClockThatWasBehindIsMadeUpFor) {
  PITSER_ASSERT_OK(StartWithKeys());
  Stop();
  const auto keys = Keys();
  SetClock(kNodeStart + 3 * kYear);
  // Which clock was wrong, this one or that of then?
  EXPECT_THAT(Start(), StatusIs(StatusCode::kFailedPrecondition, "--accept-gap"));
  EXPECT_EQ(Keys(), keys);
  settings_.accept_gap = true;
  PITSER_ASSERT_OK(Start());  // The calendar's certificate of then has ended.
  ASSERT_NO_FATAL_FAILURE(ExpectSigns());
  ExpectNoKeyLost(keys);
}

TEST_F(ClockTest, AFirstStartByAClockThatWasAheadIsTold) {
  PITSER_ASSERT_OK(StartWithKeys());
  Stop();
  const auto keys = Keys();
  SetClock(kNodeStart - 3 * kYear);  // The root itself is not valid yet.
  EXPECT_THAT(Start(),
              StatusIs(StatusCode::kFailedPrecondition, "look whether the clock is right"));
  ExpectNoKeyLost(keys);
}

TEST_F(ClockTest, RunsOverTheEndOfItsCertificates) {
  ASSERT_NO_FATAL_FAILURE(Begin(kNodeStart + 2));
  PITSER_ASSERT_OK(Start());
  const auto keys = Keys();
  LogWaiter log;
  clock_.SetWall(clock_.Now() +
                 absl::Seconds(3 * kYear));  // Nothing is renewed by a clock that steps.
  ASSERT_TRUE(Logs(log, "signing_stopped"));
  clock_.SetWall(clock_.Now() - absl::Seconds(3 * kYear));
  ASSERT_TRUE(Logs(log, "signing_resumed"));
  EXPECT_EQ(Keys(), keys);

  const auto go_to = [this](std::int64_t time) {
    clock_.Advance(absl::FromUnixSeconds(time) - clock_.Now());
  };
  go_to(kCalendarEnd - 59 * kDay);
  ASSERT_TRUE(Logs(log, "certificate_runs_out certificate=calendar"));
  go_to(kCalendarEnd - 20 * kDay);
  ASSERT_TRUE(Logs(log, "certificate_renewed"));
  ASSERT_TRUE(Logs(log, "keys_in_use"));
  ASSERT_NO_FATAL_FAILURE(ExpectSigns());
  go_to(kCalendarEnd + kDay);
  ASSERT_NO_FATAL_FAILURE(ExpectSigns());
  ExpectNoKeyLost(keys);
  go_to(kPublicationsEnd - 20 * kDay);  // The calendar's second one has ended before.
  ASSERT_TRUE(Logs(log, "keys_in_use"));
  ASSERT_NO_FATAL_FAILURE(ExpectSigns());
  ExpectNoKeyLost(keys);
}

TEST_F(ClockTest, GoesOnWhenTheRootsKeyIsPutBack) {
  ASSERT_NO_FATAL_FAILURE(Begin(kCalendarEnd - 61 * kDay));
  const std::string root_key = settings_.data + "/keys/root.key.pem";
  fs::rename(root_key, folder_.path() + "/safe");
  LogWaiter log;
  PITSER_ASSERT_OK(Start());
  clock_.Advance(absl::Hours(24 * 50));
  ASSERT_TRUE(Logs(log, "put the root's key back as"));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto status, StatusThroughSocket(run(), absl::Seconds(60)));
  ASSERT_EQ(status.certificates_size(), 3);
  EXPECT_EQ(status.certificates(0).advice(), "");
  EXPECT_THAT(status.certificates(2).advice(), ::testing::HasSubstr(root_key));
  EXPECT_EQ(status.certificates(2).days_left(), 10);
  clock_.Advance(absl::Hours(24 * 11));
  ASSERT_TRUE(Logs(log, "signing_stopped"));
  fs::rename(folder_.path() + "/safe", root_key);
  ASSERT_TRUE(Logs(log, "keys_in_use"));
  ASSERT_NO_FATAL_FAILURE(ExpectSigns());
}

}  // namespace
}  // namespace pitser::server
