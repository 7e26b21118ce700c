#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::base {
namespace {

using absl::StatusCode;
using ledger::AsBytes;
using testing::StatusIs;
using testing::TempFolder;

unsigned ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST(WriteFileDurably, IsReadBackWithItsExactMode) {
  const TempFolder dir;
  const mode_t before = umask(077);
  PITSER_EXPECT_OK(WriteFileDurably(dir / "a", AsBytes("one"), 0644));
  umask(before);
  EXPECT_EQ(ReadFile(dir / "a", 3).value(), "one");
  EXPECT_EQ(ModeOf(dir / "a"), 0644u);
  PITSER_EXPECT_OK(WriteFileDurably(dir / "a", AsBytes(""), 0600));
  EXPECT_EQ(ReadFile(dir / "a", 0).value(), "");
  EXPECT_EQ(ModeOf(dir / "a"), 0600u);
}

TEST(WriteFileDurably, TakesAwayWhatACrashLeft) {
  const TempFolder dir;
  std::ofstream(dir / "a.tmp") << "half a fi";
  PITSER_EXPECT_OK(WriteFileDurably(dir / "a", AsBytes("whole"), 0600));
  EXPECT_EQ(ReadFile(dir / "a", 100).value(), "whole");
  EXPECT_FALSE(Exists(dir / "a.tmp"));
}

TEST(WriteFileDurably, WritesThroughNoLink) {
  const TempFolder dir;
  std::ofstream(dir / "target") << "precious";
  ASSERT_EQ(symlink((dir / "target").c_str(), (dir / "a.tmp").c_str()), 0);
  PITSER_EXPECT_OK(WriteFileDurably(dir / "a", AsBytes("new"), 0600));
  EXPECT_EQ(ReadFile(dir / "target", 100).value(), "precious");
}

TEST(WriteFileDurably, LeavesTheOldOneWhenItFails) {
  const TempFolder dir;
  PITSER_ASSERT_OK(WriteFileDurably(dir / "a", AsBytes("old"), 0600));
  std::filesystem::create_directory(dir / "a.tmp");  // Cannot be unlinked as a file.
  EXPECT_FALSE(WriteFileDurably(dir / "a", AsBytes("new"), 0600).ok());
  EXPECT_EQ(ReadFile(dir / "a", 100).value(), "old");
  EXPECT_THAT(WriteFileDurably(dir / "no/such/folder", AsBytes("x"), 0600),
              StatusIs(StatusCode::kNotFound, "no/such/folder"));
}

TEST(ReadFile, RefusesWhatIsTooLongOrNoFile) {
  const TempFolder dir;
  PITSER_ASSERT_OK(WriteFileDurably(dir / "a", AsBytes("four"), 0600));
  EXPECT_THAT(ReadFile(dir / "a", 3), StatusIs(StatusCode::kInvalidArgument, "more than 3 bytes"));
  EXPECT_THAT(ReadFile(dir / "b", 3), StatusIs(StatusCode::kNotFound, "/b"));
  EXPECT_THAT(ReadFile(dir.path(), 3), StatusIs(StatusCode::kInvalidArgument, "regular file"));
  ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(dir / "pipe", 3), StatusIs(StatusCode::kInvalidArgument, "regular file"));
}

TEST(ReadSecretFile, RefusesWhatOthersMayTouch) {
  const TempFolder dir;
  for (unsigned mode : {0640u, 0604u, 0620u, 0601u}) {
    PITSER_ASSERT_OK(WriteFileDurably(dir / "key", AsBytes("secret"), mode));
    EXPECT_THAT(ReadSecretFile(dir / "key", 100),
                StatusIs(StatusCode::kFailedPrecondition, "chmod 600"));
  }
  PITSER_ASSERT_OK(WriteFileDurably(dir / "key", AsBytes("secret"), 0400));
  EXPECT_EQ(ReadSecretFile(dir / "key", 100).value(), "secret");
}

TEST(MakeDirectory, HasItsExactModeAndMayBeThere) {
  const TempFolder dir;
  const mode_t before = umask(0777);
  PITSER_EXPECT_OK(MakeDirectory(dir / "d", 0755));
  umask(before);
  EXPECT_EQ(ModeOf(dir / "d"), 0755u);
  PITSER_EXPECT_OK(MakeDirectory(dir / "d", 0700));
  EXPECT_EQ(ModeOf(dir / "d"), 0755u);
  PITSER_ASSERT_OK(WriteFileDurably(dir / "f", AsBytes(""), 0600));
  EXPECT_THAT(MakeDirectory(dir / "f", 0700), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(MakeDirectory(dir / "x/y", 0700), StatusIs(StatusCode::kNotFound));
}

TEST(RenameDurably, MovesAFolderOntoAnEmptyOneOnly) {
  const TempFolder dir;
  PITSER_ASSERT_OK(MakeDirectory(dir / "new", 0700));
  PITSER_ASSERT_OK(WriteFileDurably(dir / "new/file", AsBytes("x"), 0600));
  PITSER_ASSERT_OK(MakeDirectory(dir / "old", 0700));
  PITSER_EXPECT_OK(RenameDurably(dir / "new", dir / "old"));
  EXPECT_TRUE(Exists(dir / "old/file"));
  EXPECT_FALSE(Exists(dir / "new"));
  PITSER_ASSERT_OK(MakeDirectory(dir / "new", 0700));
  EXPECT_FALSE(RenameDurably(dir / "new", dir / "old").ok());
}

}  // namespace
}  // namespace pitser::base
