#include "storage/last_signed.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::storage {
namespace {

using testing::StatusIs;
using testing::TempFolder;
using testing::TestImprint;

constexpr std::size_t kSlotStride = 4096;

class LastSignedTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<LastSigned>> Open() { return LastSigned::Open(path_); }

  // What the file tells after it is opened anew.
  std::optional<std::uint64_t> SecondOnDisk() {
    const auto opened = Open();
    EXPECT_THAT(opened, testing::IsOk());
    if (!opened.ok() || !(*opened)->Read()) return std::nullopt;
    EXPECT_EQ((*opened)->Read()->root, TestImprint((*opened)->Read()->t));
    return (*opened)->Read()->t;
  }

  void Record(std::uint64_t t) {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto file, Open());
    PITSER_ASSERT_OK(file->Record(t, TestImprint(t)));
  }

  void FlipByte(std::size_t offset) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x40));
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "last-signed";
};

TEST_F(LastSignedTest, BeginsWithNothing) {
  EXPECT_EQ(SecondOnDisk(), std::nullopt);
  EXPECT_EQ(std::filesystem::file_size(path_), 2 * kSlotStride);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(LastSignedTest, KeepsTheNewest) {
  for (std::uint64_t t : {5u, 6u, 9u}) {
    Record(t);
    EXPECT_EQ(SecondOnDisk(), t);
  }
}

TEST_F(LastSignedTest, KeepsAnyAlgorithm) {
  const ledger::Imprint root = TestImprint(1, ledger::HashAlgorithm::kSha3_512);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, Open());
  PITSER_ASSERT_OK(file->Record(1, root));
  EXPECT_EQ((*Open())->Read()->root, root);
}

TEST_F(LastSignedTest, RefusesToGoBack) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto file, Open());
  PITSER_ASSERT_OK(file->Record(7, TestImprint(7)));
  EXPECT_THAT(file->Record(6, TestImprint(6)), StatusIs(absl::StatusCode::kFailedPrecondition));
  PITSER_EXPECT_OK(file->Record(7, TestImprint(7)));
}

// A crash in the middle of a write spoils one slot; the entry before it stands in the other.
TEST_F(LastSignedTest, ATornEntryLeavesTheOneBeforeIt) {
  Record(5);  // In the second slot.
  Record(6);  // In the first.
  for (std::size_t offset : {0u, 20u, 60u, 120u}) {
    FlipByte(offset);
    EXPECT_EQ(SecondOnDisk(), 5u) << offset;
    FlipByte(offset);
    EXPECT_EQ(SecondOnDisk(), 6u);
  }
  FlipByte(0);
  Record(7);
  EXPECT_EQ(SecondOnDisk(), 7u);
}

TEST_F(LastSignedTest, RefusesAFileWithoutAWholeEntry) {
  Record(5);
  Record(6);
  FlipByte(30);
  FlipByte(kSlotStride + 30);
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "neither"));
  std::filesystem::resize_file(path_, 0);
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, "last-signed"));
}

}  // namespace
}  // namespace pitser::storage
