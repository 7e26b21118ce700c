// The record of what was signed lies outside of the calendar's folder, so that an old copy of the
// folder is noticed; one that lies inside still is moved, whatever happens meanwhile.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/calendar.h"
#include "storage/last_signed.h"
#include "tests/support/forgetful_fs.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::storage {
namespace {

using ::testing::ElementsAre;
using testing::ForgetfulFileSystem;
using ::testing::HasSubstr;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestImprint;
namespace fs = std::filesystem;

class LastSignedMoveTest : public ::testing::Test {
 protected:
  enum class Place { kInside, kOutside };

  absl::StatusOr<std::unique_ptr<Calendar>> Open(Place place, rocksdb::Env* env = nullptr) {
    notices_.clear();
    CalendarOptions options;
    options.env = env;
    if (place == Place::kOutside) options.last_signed = outer_;
    options.on_notice = [this](std::string_view notice) { notices_.emplace_back(notice); };
    return Calendar::Open(calendar_, options);
  }
  // Opens, closes seconds up to `last`, and closes the calendar.
  void Sign(Place place, std::uint64_t last) {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto calendar, Open(place));
    for (std::uint64_t t = calendar->head().value_or(99) + 1; t <= last; ++t) {
      PITSER_ASSERT_OK_AND_ASSIGN(const auto preview, calendar->Preview(t, TestImprint(t)));
      PITSER_ASSERT_OK(calendar->Apply(preview));
    }
  }
  void BackUp() const { fs::copy(calendar_, backup_, fs::copy_options::recursive); }
  void Restore() const {
    fs::remove_all(calendar_);
    fs::copy(backup_, calendar_, fs::copy_options::recursive);
  }
  void ExpectOldBackup(std::uint64_t signed_up_to) {
    const auto opened = Open(Place::kOutside);
    EXPECT_THAT(opened.status(),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         "was signed up to second " + std::to_string(signed_up_to)));
    EXPECT_THAT(std::string(opened.status().message()), HasSubstr("old backup"));
  }
  static std::uint64_t Recorded(const std::string& path) {
    if (!fs::exists(path)) return 0;
    const auto record = LastSigned::Open(path);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() && (*record)->Read() ? (*record)->Read()->t : 0;
  }

  const TempFolder folder_;
  const std::string calendar_ = folder_ / "calendar";
  const std::string inner_ = calendar_ + "/last-signed";
  const std::string outer_ = folder_ / "last-signed";
  const std::string backup_ = folder_ / "backup";
  std::vector<std::string> notices_;
};

TEST_F(LastSignedMoveTest, ANewCalendarKeepsItOutside) {
  Sign(Place::kOutside, 105);
  EXPECT_EQ(Recorded(outer_), 105u);
  EXPECT_FALSE(fs::exists(inner_));
  EXPECT_THAT(notices_, ElementsAre());
}

TEST_F(LastSignedMoveTest, OneThatLiesInsideIsMovedOnce) {
  Sign(Place::kInside, 105);
  Sign(Place::kOutside, 105);
  EXPECT_EQ(Recorded(outer_), 105u);
  EXPECT_FALSE(fs::exists(inner_));
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("was moved")));
  Sign(Place::kOutside, 110);
  EXPECT_THAT(notices_, ElementsAre());
  EXPECT_EQ(Recorded(outer_), 110u);
}

TEST_F(LastSignedMoveTest, AnOldCopyOfTheWholeFolderIsRefused) {
  Sign(Place::kOutside, 105);
  BackUp();
  Sign(Place::kOutside, 110);
  Restore();
  ExpectOldBackup(110);
}

TEST_F(LastSignedMoveTest, AnOldCopyWithItsOwnRecordIsRefused) {
  Sign(Place::kInside, 105);
  BackUp();
  Sign(Place::kOutside, 110);
  Restore();
  ASSERT_TRUE(fs::exists(inner_));
  ExpectOldBackup(110);
  ExpectOldBackup(110);  // Also when that record is gone.
}

TEST_F(LastSignedMoveTest, AFolderThatVanishedIsRefused) {
  Sign(Place::kOutside, 105);
  fs::remove_all(calendar_);
  ExpectOldBackup(105);
}

// An older program that ran meanwhile wrote inside.
TEST_F(LastSignedMoveTest, TheNewerOfTheTwoCounts) {
  Sign(Place::kOutside, 105);
  BackUp();
  Sign(Place::kInside, 110);
  fs::remove_all(calendar_ + "/db");
  fs::copy(backup_ + "/db", calendar_ + "/db", fs::copy_options::recursive);
  ExpectOldBackup(110);
}

TEST_F(LastSignedMoveTest, ADamagedOneIsNotTakenForNone) {
  Sign(Place::kInside, 105);
  fs::resize_file(inner_, 100);
  EXPECT_THAT(Open(Place::kOutside).status(), StatusIs(absl::StatusCode::kDataLoss, inner_));
  EXPECT_THAT(Open(Place::kOutside).status(), StatusIs(absl::StatusCode::kDataLoss, inner_));
}

// The power fails at each step of the move, one after the other.
TEST_F(LastSignedMoveTest, ACrashAtAnyStepLosesNothing) {
  Sign(Place::kInside, 105);
  BackUp();
  int steps = 0;
  for (bool done = false; !done; ++steps) {
    Restore();
    fs::remove(outer_);
    auto file_system = std::make_shared<ForgetfulFileSystem>();
    const auto env = rocksdb::NewCompositeEnv(file_system);
    int step = 0;
    bool failed = false;
    file_system->SetFaultHook(
        [&](auto, const std::string&) -> std::optional<ForgetfulFileSystem::Fault> {
          failed = failed || step++ == steps;
          if (!failed) return std::nullopt;
          return ForgetfulFileSystem::Fault{rocksdb::IOStatus::IOError("power cut")};
        });
    {
      const auto opened = Open(Place::kOutside, env.get());
      done = opened.ok();
      file_system->Crash();
    }
    EXPECT_EQ(std::max(Recorded(inner_), Recorded(outer_)), 105u) << steps;
    Sign(Place::kOutside, 105);
    EXPECT_EQ(Recorded(outer_), 105u) << steps;
    EXPECT_FALSE(fs::exists(inner_)) << steps;
  }
  EXPECT_GT(steps, 8);  // The move alone: a file of two syncs, a deletion, two folders.
}

}  // namespace
}  // namespace pitser::storage
