// What a damaged write-ahead log may do, and what not: an interrupted write that nobody was told of
// is dropped, a record that was said yes to is never lost in silence.
// Decision: docs/decisions/0002-wal-recovery.md.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "rocksdb/db.h"
#include "storage/calendar.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestImprint;
namespace fs = std::filesystem;

std::string Slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Spill(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// A calendar as a kill leaves it: closing RocksDB writes nothing, so the log still has the records.
// Seconds 1000 .. 1039, and the sizes of the log after each.
class WalDamageTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kFirst = 1000;
  static constexpr std::uint64_t kLast = 1039;

  void SetUp() override {
    PITSER_ASSERT_OK_AND_ASSIGN(auto calendar, Calendar::Open(path_, {}));
    for (std::uint64_t t = kFirst; t <= kLast; ++t) {
      PITSER_ASSERT_OK_AND_ASSIGN(const auto preview, calendar->Preview(t, TestImprint(t)));
      PITSER_ASSERT_OK(calendar->Apply(preview));
      ends_.push_back(Slurp(LogFile()).size());
    }
    calendar.reset();
    log_ = Slurp(LogFile());
    ASSERT_EQ(log_.size(), ends_.back());
  }

  fs::path LogFile() const {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(path_ + "/db")) {
      if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
    }
    return newest;
  }

  // The log up to and including this second's record.
  std::string Until(std::uint64_t t) const { return log_.substr(0, ends_[t - kFirst]); }

  absl::StatusOr<std::optional<std::uint64_t>> HeadOf(const std::string& log) {
    Spill(LogFile(), log);
    notices_.clear();
    CalendarOptions options;
    options.on_notice = [this](std::string_view line) { notices_.emplace_back(line); };
    const auto opened = Calendar::Open(path_, options);
    if (!opened.ok()) return opened.status();
    return (*opened)->head();
  }

  // Refused, as damage, and every byte is still there to be looked at.
  void ExpectRefused(const std::string& log) {
    const std::string file = LogFile();
    EXPECT_THAT(HeadOf(log), StatusIs(absl::StatusCode::kDataLoss, "Nothing was changed"));
    EXPECT_EQ(Slurp(file), log);
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "calendar";
  std::vector<std::size_t> ends_;
  std::string log_;
  std::vector<std::string> notices_;
};

TEST_F(WalDamageTest, AWholeLogIsReplayed) {
  EXPECT_EQ(*HeadOf(log_), kLast);
  EXPECT_THAT(notices_, ElementsAre());
}

TEST_F(WalDamageTest, AFlippedByteInTheMiddleIsRefused) {
  std::string log = log_;
  log[ends_[20] - 10] ^= 0x01;
  ExpectRefused(log);
}

TEST_F(WalDamageTest, AFlippedByteInTheLastRecordIsRefused) {
  std::string log = log_;
  log[log.size() - 1] ^= 0x01;
  ExpectRefused(log);
}

TEST_F(WalDamageTest, ACutThroughTheLastRecordIsRefused) {
  ExpectRefused(log_.substr(0, log_.size() - 5));
}

TEST_F(WalDamageTest, ALostLastRecordIsRefused) {
  // Cut between records, the log itself looks sound.
  EXPECT_THAT(HeadOf(Until(kLast - 1)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "signed up to second 1039"));
}

TEST_F(WalDamageTest, AnEmptiedLogIsRefused) {
  EXPECT_THAT(HeadOf(""), StatusIs(absl::StatusCode::kFailedPrecondition, "calendar is empty"));
}

TEST_F(WalDamageTest, AStretchOfZerosInTheMiddleIsRefused) {
  // RocksDB skips zeros to the end of its 32 KiB block without a word.
  std::string log = log_;
  std::fill(log.begin() + static_cast<std::ptrdiff_t>(ends_[10]),
            log.begin() + static_cast<std::ptrdiff_t>(ends_[12]), '\0');
  EXPECT_FALSE(HeadOf(log).ok());
}

// From here on: what a crash leaves of a write that never came to its yes.
class InterruptedWriteTest : public WalDamageTest {
 protected:
  void SetUp() override {
    WalDamageTest::SetUp();
    // `last-signed` of one second earlier: its record of the last one was never written.
    const TempFolder other;
    PITSER_ASSERT_OK_AND_ASSIGN(auto calendar, Calendar::Open(other / "calendar", {}));
    for (std::uint64_t t = kFirst; t < kLast; ++t) {
      PITSER_ASSERT_OK_AND_ASSIGN(const auto preview, calendar->Preview(t, TestImprint(t)));
      PITSER_ASSERT_OK(calendar->Apply(preview));
    }
    calendar.reset();
    fs::copy_file(other / "calendar/last-signed", path_ + "/last-signed",
                  fs::copy_options::overwrite_existing);
  }
  void ExpectDropped(const std::string& log) {
    EXPECT_EQ(*HeadOf(log), kLast - 1);
    EXPECT_THAT(notices_, ElementsAre(HasSubstr("nobody was told of")));
    const auto again = Calendar::Open(path_, {});
    PITSER_ASSERT_OK(again);
    EXPECT_EQ((*again)->head(), kLast - 1);
    EXPECT_EQ(*(*again)->Leaf(kLast - 1), TestImprint(kLast - 1));
  }
};

TEST_F(InterruptedWriteTest, AWholeRecordStands) {
  EXPECT_EQ(*HeadOf(log_), kLast);
  EXPECT_THAT(notices_, ElementsAre());
}

TEST_F(InterruptedWriteTest, ACutRecordIsDropped) {
  ExpectDropped(log_.substr(0, log_.size() - 5));
}

TEST_F(InterruptedWriteTest, ARecordCutInItsHeaderIsDropped) {
  ExpectDropped(Until(kLast - 1) + log_.substr(ends_[ends_.size() - 2], 3));
}

TEST_F(InterruptedWriteTest, ARecordOfWhichOnlyAPartArrivedIsDropped) {
  std::string log = log_;
  std::fill(log.end() - 40, log.end(), '\0');
  ExpectDropped(log);
}

TEST_F(InterruptedWriteTest, ARecordThatNeverArrivedLeavesNothing) {
  EXPECT_EQ(*HeadOf(Until(kLast - 1) + std::string(200, '\0')), kLast - 1);
}

TEST_F(InterruptedWriteTest, DamageBeforeItIsStillRefused) {
  std::string log = log_.substr(0, log_.size() - 5);
  log[ends_[30] - 3] ^= 0x10;
  ExpectRefused(log);
}

TEST_F(InterruptedWriteTest, WithoutTheWitnessItIsRefused) {
  fs::remove(path_ + "/last-signed");
  ExpectRefused(log_.substr(0, log_.size() - 5));
}

TEST_F(InterruptedWriteTest, ADamagedTableIsRefusedToo) {
  // Two starts: the first writes the log out as a table.
  EXPECT_EQ(*HeadOf(log_), kLast);
  bool damaged = false;
  for (const auto& entry : fs::directory_iterator(path_ + "/db")) {
    if (entry.path().extension() != ".sst") continue;
    std::string table = Slurp(entry.path());
    for (std::size_t i = 100; i < table.size(); i += 50) table[i] ^= 0x04;
    Spill(entry.path(), table);
    damaged = true;
  }
  ASSERT_TRUE(damaged);
  EXPECT_THAT(Calendar::Open(path_, {}), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace pitser::storage
