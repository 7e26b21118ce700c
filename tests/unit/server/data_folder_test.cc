#include "server/app/data_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

using ::pitser::testing::StatusIs;

class DataFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/pitser_data_folder_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string root_;
};

TEST_F(DataFolderTest, IsMadeWhereThereIsNone) {
  const std::string path = root_ + "/a/b";
  PITSER_ASSERT_OK_AND_ASSIGN(const auto folder, DataFolder::Open(path + "/"));
  EXPECT_EQ(folder->path(), path);
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755u);
}

TEST_F(DataFolderTest, OpensAgainWhenItIsFree) {
  { PITSER_ASSERT_OK_AND_ASSIGN(const auto folder, DataFolder::Open(root_)); }
  PITSER_EXPECT_OK(DataFolder::Open(root_));
}

TEST_F(DataFolderTest, IsHeldByOneOnly) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto folder, DataFolder::Open(root_));
  const auto second = DataFolder::Open(root_);
  EXPECT_THAT(second,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "is in use by another pitserd (process " + std::to_string(getpid()) + ")"));
}

TEST_F(DataFolderTest, TellsWhenItIsNotInPlaceAnyMore) {
  const std::string path = root_ + "/D", away = root_ + "/away";
  PITSER_ASSERT_OK_AND_ASSIGN(const auto folder, DataFolder::Open(path));
  std::filesystem::create_directory(folder->calendar());
  folder->Watch(folder->calendar());
  folder->Watch(folder->last_signed());  // Not there: not watched.
  PITSER_EXPECT_OK(folder->CheckInPlace());
  const auto gone = [&](const std::string& name, const std::string& how) {
    EXPECT_THAT(folder->CheckInPlace(),
                StatusIs(absl::StatusCode::kUnavailable, path + "/" + name + " was " + how));
  };
  for (const std::string name : {"calendar", "lock"}) {
    std::filesystem::rename(path + "/" + name, away);
    gone(name, "removed");
    std::filesystem::copy(away, path + "/" + name);
    gone(name, "replaced");
    std::filesystem::remove_all(path + "/" + name);
    std::filesystem::rename(away, path + "/" + name);
    PITSER_EXPECT_OK(folder->CheckInPlace());
  }
  std::filesystem::rename(path, away);
  gone("lock", "removed");
  PITSER_ASSERT_OK_AND_ASSIGN(const auto second, DataFolder::Open(path));
  gone("lock", "replaced");
  PITSER_EXPECT_OK(second->CheckInPlace());
}

TEST_F(DataFolderTest, RefusesAFolderOfSomethingElse) {
  std::ofstream(root_ + "/thesis.tex") << "x";
  EXPECT_THAT(DataFolder::Open(root_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "neither empty nor a data folder"));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/lock"));
}

TEST_F(DataFolderTest, RefusesAnotherVersion) {
  std::ofstream(root_ + "/format") << "pitser data folder, format 2\n";
  EXPECT_THAT(DataFolder::Open(root_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "another version"));
}

TEST_F(DataFolderTest, RefusesADamagedMark) {
  for (const char* text : {"", "something\n", "pitser data"}) {
    std::ofstream(root_ + "/format") << text;
    EXPECT_THAT(DataFolder::Open(root_),
                StatusIs(absl::StatusCode::kFailedPrecondition, "/format is damaged"))
        << text;
  }
}

TEST_F(DataFolderTest, GoesOnAfterAStartThatBrokeOffEarly) {
  std::ofstream(root_ + "/lock") << "1";
  std::ofstream(root_ + "/format.tmp") << "pit";
  PITSER_EXPECT_OK(DataFolder::Open(root_));
}

TEST_F(DataFolderTest, LocksNoFileThatALinkLeadsTo) {
  std::ofstream(root_ + "/format") << "pitser data folder, format 1\n";
  std::ofstream(root_ + "/other") << "precious";
  std::filesystem::create_symlink("other", root_ + "/lock");
  EXPECT_FALSE(DataFolder::Open(root_).ok());
  EXPECT_EQ(std::filesystem::file_size(root_ + "/other"), 8u);
  std::filesystem::remove(root_ + "/lock");
  ASSERT_EQ(mkfifo((root_ + "/lock").c_str(), 0600), 0);
  EXPECT_THAT(DataFolder::Open(root_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "not a regular file"));
}

TEST_F(DataFolderTest, SaysWhenThePathIsAFile) {
  std::ofstream(root_ + "/file") << "x";
  EXPECT_FALSE(DataFolder::Open(root_ + "/file").ok());
  EXPECT_FALSE(DataFolder::Open(root_ + "/file/below").ok());
}

}  // namespace
}  // namespace pitser::server
