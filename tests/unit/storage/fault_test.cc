// The fault table of docs/decisions/0002-wal-recovery.md, row by row: each step of a write fails
// once, and what is on disk afterwards, what the caller hears and whether the process may go on is
// as the table says.

#include <memory>
#include <optional>
#include <string>

#include "storage/calendar.h"
#include "tests/support/forgetful_fs.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::storage {
namespace {

using rocksdb::IOStatus;
using testing::ForgetfulFileSystem;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestImprint;
using Step = ForgetfulFileSystem::Step;

bool EndsWith(const std::string& path, std::string_view end) { return path.ends_with(end); }

class FaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PITSER_ASSERT_OK(Restart());
    for (std::uint64_t t = 100; t < 110; ++t) PITSER_ASSERT_OK(Append(t));
  }
  void TearDown() override { calendar_.reset(); }

  // What a kill and a new process do: the unsynced is forgotten.
  absl::Status Restart() {
    if (fs_ != nullptr) fs_->Crash();
    calendar_.reset();
    env_.reset();
    fs_ = std::make_shared<ForgetfulFileSystem>();
    env_ = rocksdb::NewCompositeEnv(fs_);
    CalendarOptions options;
    options.env = env_.get();
    options.write_buffer_bytes = std::size_t{64} << 10;  // Tables are written soon.
    options.on_sync_failure = [this](const absl::Status&) { ++fatal_; };
    fatal_ = 0;
    auto opened = Calendar::Open(folder_ / "calendar", options);
    if (!opened.ok()) return opened.status();
    calendar_ = *std::move(opened);
    return absl::OkStatus();
  }

  absl::Status Append(std::uint64_t t, std::uint64_t value = 0) {
    const auto preview = calendar_->Preview(t, TestImprint(value == 0 ? t : value));
    return preview.ok() ? calendar_->Apply(*preview) : preview.status();
  }

  // From now on this step fails for files with this ending.
  void Break(Step step, std::string ending, IOStatus status, std::size_t written = 0) {
    fs_->SetFaultHook(
        [=](Step at, const std::string& path) -> std::optional<ForgetfulFileSystem::Fault> {
          if (at != step || !EndsWith(path, ending)) return std::nullopt;
          return ForgetfulFileSystem::Fault{status, written};
        });
  }
  void Mend() { fs_->SetFaultHook(nullptr); }

  // After a fatal failure nothing is written any more in this process.
  void ExpectFatal(const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "process must end"));
    EXPECT_EQ(fatal_, 1);
    EXPECT_EQ(calendar_->head(), 109u);
    Mend();
    EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kUnavailable, "restart"));
    EXPECT_THAT(calendar_->AdvanceHead(120), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(*calendar_->Leaf(109), TestImprint(109));  // Reading goes on.
  }

  // After the next start: what stood stands, at this head, and the calendar goes on.
  void ExpectHeadAfterRestart(std::uint64_t head) {
    PITSER_ASSERT_OK(Restart());
    EXPECT_EQ(calendar_->head(), head);
    for (std::uint64_t t = 100; t <= head; ++t) EXPECT_EQ(*calendar_->Leaf(t), TestImprint(t));
    PITSER_EXPECT_OK(Append(head + 1));
    PITSER_ASSERT_OK(Restart());
    EXPECT_EQ(calendar_->head(), head + 1);
  }

  const TempFolder folder_;
  std::shared_ptr<ForgetfulFileSystem> fs_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<Calendar> calendar_;
  int fatal_ = 0;
};

TEST_F(FaultTest, NoFault) { ExpectHeadAfterRestart(109); }

TEST_F(FaultTest, AppendingToTheLogFails) {
  Break(Step::kAppend, ".log", IOStatus::IOError("broken"));
  ExpectFatal(Append(110));
  ExpectHeadAfterRestart(109);
}

TEST_F(FaultTest, AppendingHalfARecordToTheLogFails) {
  Break(Step::kAppend, ".log", IOStatus::IOError("broken"), 30);
  ExpectFatal(Append(110));
  ExpectHeadAfterRestart(109);
}

TEST_F(FaultTest, SyncingTheLogFails) {
  Break(Step::kSync, ".log", IOStatus::IOError("broken"));
  ExpectFatal(Append(110));
  ExpectHeadAfterRestart(109);
}

TEST_F(FaultTest, SyncingTheLogFailsForAHead) {
  Break(Step::kSync, ".log", IOStatus::IOError("broken"));
  ExpectFatal(calendar_->AdvanceHead(120));
  ExpectHeadAfterRestart(109);
}

TEST_F(FaultTest, SyncingTheLogFailsForARepetition) {
  const absl::Status first = Append(110);
  PITSER_ASSERT_OK(first);
  Break(Step::kSync, ".log", IOStatus::IOError("broken"));
  // Nothing is unsynced, so there is nothing to fail; the promise holds either way.
  const absl::Status again = Append(110);
  EXPECT_TRUE(again.ok() || fatal_ == 1) << again;
  Mend();
  ExpectHeadAfterRestart(110);
}

TEST_F(FaultTest, WritingLastSignedFails) {
  Break(Step::kAppend, "/last-signed", IOStatus::IOError("broken"), 50);
  ExpectFatal(Append(110));
  ExpectHeadAfterRestart(110);  // The leaf was on disk: it stands.
}

TEST_F(FaultTest, SyncingLastSignedFails) {
  Break(Step::kSync, "/last-signed", IOStatus::IOError("broken"));
  ExpectFatal(Append(110));
  ExpectHeadAfterRestart(110);
}

TEST_F(FaultTest, ACrashBetweenLogAndLastSignedLeavesTheLeaf) {
  Break(Step::kSync, "/last-signed", IOStatus::IOError("power cut"));
  EXPECT_FALSE(Append(110).ok());
  PITSER_ASSERT_OK(Restart());
  EXPECT_EQ(calendar_->head(), 110u);
  EXPECT_THAT(Append(110, 7), StatusIs(absl::StatusCode::kFailedPrecondition, "never changes"));
}

TEST_F(FaultTest, AFullDiskPasses) {
  for (const std::size_t written : {0u, 1u, 30u}) {
    SCOPED_TRACE(written);
    const std::uint64_t head = *calendar_->head();
    Break(Step::kAppend, ".log", IOStatus::NoSpace("full"), written);
    EXPECT_THAT(Append(head + 1), StatusIs(absl::StatusCode::kResourceExhausted, "full"));
    EXPECT_THAT(Append(head + 1), StatusIs(absl::StatusCode::kResourceExhausted, "full"));
    EXPECT_EQ(calendar_->head(), head);
    EXPECT_EQ(fatal_, 0);
    Mend();
    PITSER_ASSERT_OK(Append(head + 1));
    PITSER_ASSERT_OK(Append(head + 2));
    EXPECT_EQ(*calendar_->Leaf(head + 2), TestImprint(head + 2));
    ExpectHeadAfterRestart(head + 2);
  }
}

// The disk was full for the sync only: the record is there and stands, and the second try finds it.
TEST_F(FaultTest, AFullDiskThatTookTheWholeRecordKeepsIt) {
  Break(Step::kAppend, ".log", IOStatus::NoSpace("full"), 1000);
  EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_EQ(calendar_->head(), 109u);
  Mend();
  PITSER_EXPECT_OK(Append(110));
  EXPECT_THAT(Append(110, 7), StatusIs(absl::StatusCode::kFailedPrecondition, "never changes"));
  ExpectHeadAfterRestart(110);
}

// The log has nothing in it but half a record: what RocksDB's own recovery would go on writing
// behind.
TEST_F(FaultTest, AFullDiskRightAfterAStartPasses) {
  PITSER_ASSERT_OK(Restart());
  Break(Step::kAppend, ".log", IOStatus::NoSpace("full"), 30);
  EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kResourceExhausted));
  Mend();
  PITSER_ASSERT_OK(Append(110));
  PITSER_ASSERT_OK(Append(111));
  ExpectHeadAfterRestart(111);
}

TEST_F(FaultTest, AFullDiskAndAKillLeaveWhatStood) {
  Break(Step::kAppend, ".log", IOStatus::NoSpace("full"), 30);
  EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kResourceExhausted));
  ExpectHeadAfterRestart(109);
}

TEST_F(FaultTest, AFullDiskIsNotTriedAgainWithoutRoom) {
  Break(Step::kAppend, ".log", IOStatus::NoSpace("full"));
  EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kResourceExhausted));
  Mend();
  fs_->SetFreeSpace(1 << 20);
  EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kResourceExhausted, "1 MiB are free"));
  EXPECT_EQ(*calendar_->Leaf(109), TestImprint(109));  // Reading goes on meanwhile.
  fs_->SetFreeSpace(std::uint64_t{1} << 30);
  PITSER_EXPECT_OK(Append(110));
}

// Room that is gone again before the database is open: reading goes on, writing is tried again.
TEST_F(FaultTest, ADiskThatIsFullWhileReopeningIsTriedAgain) {
  fs_->SetFaultHook(
      [](Step at, const std::string& path) -> std::optional<ForgetfulFileSystem::Fault> {
        const bool file = EndsWith(path, ".log") || EndsWith(path, ".sst") ||
                          path.find("MANIFEST") != std::string::npos;
        if (at != Step::kAppend || !file) return std::nullopt;
        return ForgetfulFileSystem::Fault{IOStatus::NoSpace("full")};
      });
  EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Append(110), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(*calendar_->Leaf(109), TestImprint(109));
  EXPECT_EQ(calendar_->head(), 109u);
  EXPECT_EQ(fatal_, 0);
  Mend();
  PITSER_EXPECT_OK(Append(110));
  ExpectHeadAfterRestart(110);
}

// Enough seconds to fill the write buffer: tables are written in the background.
TEST_F(FaultTest, AFullDiskWhileATableIsWrittenPasses) {
  Break(Step::kAppend, ".sst", IOStatus::NoSpace("full"));
  std::uint64_t t = 110;
  absl::Status status;
  for (; status.ok() && t < 200'000; ++t) status = Append(t);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_EQ(fatal_, 0);
  const std::uint64_t head = *calendar_->head();
  Mend();
  PITSER_EXPECT_OK(Append(head + 1));
  ExpectHeadAfterRestart(head + 1);
}

TEST_F(FaultTest, ATableThatCannotBeWrittenEndsTheProcess) {
  Break(Step::kSync, ".sst", IOStatus::IOError("broken"));
  std::uint64_t t = 110;
  absl::Status status;
  for (; status.ok() && t < 200'000; ++t) status = Append(t);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "process must end"));
  EXPECT_EQ(fatal_, 1);
  ExpectHeadAfterRestart(*calendar_->head());
}

// Creating a calendar: a kill at any step leaves one that opens, empty.
TEST(CreateFaultTest, AnInterruptedCreationIsBegunAgain) {
  bool done = false;
  int faults = 0;
  for (int n = 0; !done; ++n) {
    SCOPED_TRACE(n);
    const TempFolder folder;
    {
      auto fs = std::make_shared<ForgetfulFileSystem>();
      const auto env = rocksdb::NewCompositeEnv(fs);
      int left = n;
      fs->SetFaultHook([&](Step, const std::string&) -> std::optional<ForgetfulFileSystem::Fault> {
        if (left-- > 0) return std::nullopt;
        fs->Crash();
        return ForgetfulFileSystem::Fault{IOStatus::IOError("power cut")};
      });
      CalendarOptions options;
      options.env = env.get();
      options.on_sync_failure = [](const absl::Status&) {};
      const auto opened = Calendar::Open(folder / "calendar", options);
      done = opened.ok();
      faults += done ? 0 : 1;
    }
    const auto again = Calendar::Open(folder / "calendar", {});
    PITSER_ASSERT_OK(again);
    EXPECT_EQ((*again)->head(), std::nullopt);
    ASSERT_LT(n, 500);
  }
  EXPECT_GT(faults, 10);
}

}  // namespace
}  // namespace pitser::storage
