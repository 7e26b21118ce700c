#include "client/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

#include "ledger/crypto/hasher.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::client {
namespace {

using ledger::AsBytes;
using testing::IsOk;
using testing::StatusIs;
using testing::TempFolder;

std::size_t FilesIn(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(WriteFile, WritesAndLeavesNothingElse) {
  const TempFolder folder;
  PITSER_ASSERT_OK(WriteFile(folder / "a", AsBytes("content"), {}));
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::ByteVector read, ReadFile(folder / "a", 100));
  EXPECT_EQ(ledger::AsText(read), "content");
  EXPECT_EQ(FilesIn(folder.path()), 1u);
}

TEST(WriteFile, LeavesAnExistingFileAloneUnlessTold) {
  const TempFolder folder;
  PITSER_ASSERT_OK(WriteFile(folder / "a", AsBytes("old"), {}));
  EXPECT_THAT(WriteFile(folder / "a", AsBytes("new"), {}),
              StatusIs(absl::StatusCode::kAlreadyExists, folder / "a"));
  EXPECT_EQ(ledger::AsText(*ReadFile(folder / "a", 100)), "old");
  PITSER_ASSERT_OK(WriteFile(folder / "a", AsBytes("new"), {.replace = true}));
  EXPECT_EQ(ledger::AsText(*ReadFile(folder / "a", 100)), "new");
  EXPECT_EQ(FilesIn(folder.path()), 1u);
}

TEST(WriteFile, SetsTheModeLessTheUmask) {
  const TempFolder folder;
  const mode_t before = umask(027);
  PITSER_ASSERT_OK(WriteFile(folder / "a", AsBytes("x"), {.replace = false, .mode = 0644}));
  umask(before);
  struct stat info {};
  ASSERT_EQ(stat((folder / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(WriteFile, SaysWhichFolderIsMissing) {
  const TempFolder folder;
  EXPECT_THAT(WriteFile(folder / "none/a", AsBytes("x"), {}),
              StatusIs(absl::StatusCode::kNotFound, "none/a"));
}

TEST(ReadFile, RefusesWhatIsLongerThanAllowed) {
  const TempFolder folder;
  PITSER_ASSERT_OK(WriteFile(folder / "a", AsBytes("12345"), {}));
  EXPECT_THAT(ReadFile(folder / "a", 5), IsOk());
  EXPECT_THAT(ReadFile(folder / "a", 4), StatusIs(absl::StatusCode::kInvalidArgument, "more than"));
}

TEST(ReadFile, NamesTheFileThatIsMissing) {
  EXPECT_THAT(ReadFile("/nowhere/x", 10), StatusIs(absl::StatusCode::kNotFound, "/nowhere/x"));
  EXPECT_FALSE(ReadFile("/", 10).ok());
}

// Nobody writes to it: whoever opened it as a file would wait for ever.
TEST(ReadFile, WaitsForNoPipeAndReadsNoDevice) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder / "pipe", folder.path(), std::string("/dev/null")}) {
    EXPECT_THAT(ReadFile(path, 10), StatusIs(absl::StatusCode::kFailedPrecondition, "not a file"));
    EXPECT_THAT(HashFile(path, ledger::HashAlgorithm::kSha256),
                StatusIs(absl::StatusCode::kFailedPrecondition, "not a file"));
  }
}

TEST(ReadFile, ReadsWhatTheProcessWasGivenByNumber) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "content", 7), 7);
  close(ends[1]);
  for (const char* folder : {"/dev/fd/", "/proc/self/fd/"}) {
    const auto read = ReadFile(folder + std::to_string(ends[0]), 10);
    PITSER_ASSERT_OK(read);
    EXPECT_EQ(ledger::AsText(*read), std::string_view(folder) == "/dev/fd/" ? "content" : "");
  }
  close(ends[0]);
  EXPECT_FALSE(ReadFile("/dev/fd/987654", 10).ok());
}

// A file that is reported on once while it is read, so that something can happen to it meanwhile.
class HashFileWhileRead : public ::testing::Test {
 protected:
  HashFileWhileRead() {
    EXPECT_TRUE(WriteFile(path_, AsBytes("begin"), {}).ok());
    std::filesystem::resize_file(path_, 9 << 20);
    // Long ago: a change of the same size shows by its time, however coarse that is.
    std::filesystem::last_write_time(
        path_, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }

  absl::Status Hash(const std::function<void()>& meanwhile,
                    WhileRead while_read = WhileRead::kMustNotChange) const {
    int reports = 0;
    const auto progress = [&](std::uint64_t /*done*/, std::uint64_t /*size*/) {
      ++reports;
      meanwhile();
    };
    const auto hash = HashFile(path_, ledger::HashAlgorithm::kSha256, progress, while_read);
    EXPECT_EQ(reports, 1);
    return hash.status();
  }
  void Overwrite(const std::string& text) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file << text;
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "a";
};

TEST_F(HashFileWhileRead, TellsThatItChanged) {
  EXPECT_THAT(Hash([] {}), IsOk());
  const auto changed = StatusIs(absl::StatusCode::kAborted, "changed while it was read");
  EXPECT_THAT(Hash([this] { Overwrite("other"); }), changed);
  EXPECT_THAT(Hash([this] { std::filesystem::resize_file(path_, 10 << 20); }), changed);
  EXPECT_THAT(Hash([this] {
                std::filesystem::copy_file(path_, folder_ / "b");
                std::filesystem::rename(folder_ / "b", path_);
              }),
              changed);
  EXPECT_THAT(Hash([this] { std::filesystem::remove(path_); }), changed);
}

TEST_F(HashFileWhileRead, MayChangeWhereThatIsSaid) {
  EXPECT_THAT(Hash([this] { Overwrite("other"); }, WhileRead::kMayChange), IsOk());
}

TEST(HashFile, IsTheHashOfTheContentAndReportsProgress) {
  const TempFolder folder;
  const std::string content(70u << 20, 'x');
  PITSER_ASSERT_OK(WriteFile(folder / "a", AsBytes(content), {}));
  std::vector<std::uint64_t> reports;
  PITSER_ASSERT_OK_AND_ASSIGN(
      const ledger::Imprint hash,
      HashFile(folder / "a", ledger::HashAlgorithm::kSha512, [&](auto done, auto size) {
        EXPECT_EQ(size, content.size());
        reports.push_back(done);
      }));
  EXPECT_EQ(hash, *ledger::Hash(ledger::HashAlgorithm::kSha512, {AsBytes(content)}));
  EXPECT_EQ(reports.size(), 8u);
}

TEST(SameFile, KnowsOtherNamesOfAFile) {
  const TempFolder folder;
  PITSER_ASSERT_OK(WriteFile(folder / "a", AsBytes("x"), {}));
  std::filesystem::create_symlink("a", folder / "b");
  EXPECT_TRUE(SameFile(folder / "a", folder / "./b"));
  EXPECT_FALSE(SameFile(folder / "a", folder / "c"));
  EXPECT_TRUE(FileExists(folder / "b"));
  EXPECT_FALSE(FileExists(folder / "c"));
}

}  // namespace
}  // namespace pitser::client
