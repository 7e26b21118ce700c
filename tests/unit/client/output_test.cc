// Files and archives that many signatures go into.

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "client/archive.h"
#include "client/file_batch.h"
#include "client/new_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/value_of.h"

namespace pitser::client {
namespace {

using ledger::AsBytes;
using ledger::ByteVector;
using testing::StatusIs;
using testing::TempFolder;
using testing::ValueOf;

std::string Content(const std::string& path) {
  const auto content = ReadFile(path, 1 << 20);
  return content.ok() ? ledger::ToString(*content) : std::string(content.status().message());
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

// What there is in an archive, in its order.
struct Entry {
  std::string name, content;
  std::int64_t time;
  unsigned mode;
};
std::vector<Entry> ReadArchive(const ByteVector& bytes) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // Or libarchive gives no name of a ZIP but ASCII.
  std::vector<Entry> entries;
  archive* const in = archive_read_new();
  archive_read_support_format_tar(in);
  archive_read_support_format_zip(in);
  EXPECT_EQ(archive_read_open_memory(in, bytes.data(), bytes.size()), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(in, &entry)) == ARCHIVE_OK) {
    std::string content(4096, '\0');
    const la_ssize_t got = archive_read_data(in, content.data(), content.size());
    EXPECT_GE(got, 0) << archive_error_string(in);
    content.resize(static_cast<std::size_t>(got));
    entries.push_back({archive_entry_pathname(entry), content, archive_entry_mtime(entry),
                       archive_entry_perm(entry)});
  }
  EXPECT_EQ(result, ARCHIVE_EOF) << archive_error_string(in);
  archive_read_free(in);
  std::setlocale(LC_CTYPE, "C");  // As the writer finds it in a program that says nothing.
  return entries;
}

class ArchiveTest : public ::testing::TestWithParam<ArchiveFormat> {
 protected:
  std::unique_ptr<ArchiveWriter> Open() {
    return ValueOf(ArchiveWriter::Create(GetParam(), [this](ledger::Bytes piece) {
      if (!sink_status_.ok()) return sink_status_;
      ledger::Append(bytes_, piece);
      return absl::OkStatus();
    }));
  }

  ByteVector bytes_;
  absl::Status sink_status_;
};

TEST_P(ArchiveTest, HoldsWhatWasAdded) {
  const std::vector<Entry> entries = {
      {"a.ksig", "first", 1'700'000'000, 0644},
      {"folder/two\nlines.ksig", "second", 1'700'000'001, 0644},
      {std::string(250, 'x') + "/" + std::string(250, 'y') + ".ksig", "long", 1'700'000'002, 0644},
      {"empty", "", 1'700'000'003, 0644},
      {"k\xc3\xbcla.ksig", "in UTF-8", 1'700'000'004, 0644}};
  const auto archive = Open();
  for (const Entry& entry : entries) {
    PITSER_ASSERT_OK(
        archive->Add(entry.name, AsBytes(entry.content), static_cast<std::uint64_t>(entry.time)));
  }
  PITSER_ASSERT_OK(archive->Finish());
  std::vector<Entry> read = ReadArchive(bytes_);
  ASSERT_EQ(read.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // A ZIP that is read as a stream tells modes in its directory only.
    if (GetParam() == ArchiveFormat::kZip) read[i].mode = 0644;
    EXPECT_EQ(read[i].name, entries[i].name);
    EXPECT_EQ(read[i].content, entries[i].content);
    EXPECT_EQ(read[i].time, entries[i].time);
    EXPECT_EQ(read[i].mode, entries[i].mode);
  }
}

TEST_P(ArchiveTest, IsAnArchiveWithoutEntriesToo) {
  const auto archive = Open();
  PITSER_ASSERT_OK(archive->Finish());
  EXPECT_FALSE(bytes_.empty());
  if (GetParam() == ArchiveFormat::kTar) {
    EXPECT_TRUE(ReadArchive(bytes_).empty());
  }
}

TEST_P(ArchiveTest, TakesAnyBytesInATarAndTextInAZip) {
  const auto archive = Open();
  const absl::Status status = archive->Add("\xff\xfe.ksig", AsBytes("x"), 1);
  if (GetParam() == ArchiveFormat::kZip) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "UTF-8"));
    PITSER_ASSERT_OK(archive->Add("after", AsBytes("y"), 1));
    PITSER_ASSERT_OK(archive->Finish());
    EXPECT_EQ(ReadArchive(bytes_).front().name, "after");
  } else {
    PITSER_ASSERT_OK(status);
    PITSER_ASSERT_OK(archive->Finish());
    EXPECT_EQ(ReadArchive(bytes_).front().name, "\xff\xfe.ksig");
  }
}

TEST_P(ArchiveTest, TellsTheSinksError) {
  const auto archive = Open();
  sink_status_ = absl::ResourceExhaustedError("the disk is full");
  absl::Status status;
  const ByteVector large(1 << 20);
  for (int i = 0; i < 10 && status.ok(); ++i) {
    status = archive->Add(std::to_string(i), large, 1);
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, "disk is full"));
}

TEST_P(ArchiveTest, WritesNothingMoreWhenItIsGivenUp) {
  {
    const auto archive = Open();
    PITSER_ASSERT_OK(archive->Add("a", AsBytes("x"), 1));
  }
  EXPECT_TRUE(bytes_.empty());
}

TEST_P(ArchiveTest, IsTheSameForTheSameEntries) {
  for (int i = 0; i < 2; ++i) {
    const auto archive = Open();
    PITSER_ASSERT_OK(archive->Add("a", AsBytes("x"), 1'700'000'000));
    PITSER_ASSERT_OK(archive->Finish());
  }
  const std::size_t half = bytes_.size() / 2;
  EXPECT_TRUE(
      ledger::Equal(ledger::Bytes(bytes_).first(half), ledger::Bytes(bytes_).subspan(half)));
}

INSTANTIATE_TEST_SUITE_P(Formats, ArchiveTest,
                         ::testing::Values(ArchiveFormat::kTar, ArchiveFormat::kZip),
                         [](const auto& kind) {
                           return kind.param == ArchiveFormat::kTar ? "Tar" : "Zip";
                         });

class NewFileTest : public ::testing::TestWithParam<bool> {
 protected:
  absl::StatusOr<std::unique_ptr<NewFile>> Create(const std::string& name,
                                                  const WriteOptions& options = {}) {
    return NewFile::Create(folder_ / name, options, GetParam());
  }
  TempFolder folder_;
};

TEST_P(NewFileTest, AppearsWhenItIsToldTo) {
  const auto file = ValueOf(Create("a"));
  PITSER_ASSERT_OK(file->Write(AsBytes("one ")));
  file->StartWriteback();
  PITSER_ASSERT_OK(file->Write(AsBytes("two")));
  PITSER_ASSERT_OK(file->Sync());
  EXPECT_FALSE(FileExists(folder_ / "a"));
  PITSER_ASSERT_OK(file->Appear());
  EXPECT_EQ(Content(folder_ / "a"), "one two");
  PITSER_EXPECT_OK(SyncFolderOf(folder_ / "a"));
  PITSER_EXPECT_OK(SyncFileSystemOf(file->fd(), file->path()));
}

TEST_P(NewFileTest, LeavesNothingBehindOtherwise) {
  {
    const auto file = ValueOf(Create("a"));
    PITSER_ASSERT_OK(file->Write(AsBytes("x")));
    // Without a name where the file system can do that.
    EXPECT_EQ(NamesIn(folder_.path()).size(), GetParam() ? 1u : 0u);
  }
  EXPECT_TRUE(NamesIn(folder_.path()).empty());
}

TEST_P(NewFileTest, LeavesAloneWhatIsThereUnlessItMayReplaceIt) {
  PITSER_ASSERT_OK(WriteFile(folder_ / "a", AsBytes("old"), {}));
  {
    const auto file = ValueOf(Create("a"));
    PITSER_ASSERT_OK(file->Write(AsBytes("new")));
    EXPECT_THAT(file->Appear(), StatusIs(absl::StatusCode::kAlreadyExists, "a"));
  }
  EXPECT_EQ(Content(folder_ / "a"), "old");
  {
    const auto file = ValueOf(Create("a", {.replace = true}));
    PITSER_ASSERT_OK(file->Write(AsBytes("new")));
    PITSER_ASSERT_OK(file->Appear());
  }
  EXPECT_EQ(Content(folder_ / "a"), "new");
  EXPECT_EQ(NamesIn(folder_.path()), std::vector<std::string>{"a"});
}

TEST_P(NewFileTest, HasItsModeLessTheUmask) {
  for (const unsigned mode : {0600u, 0644u}) {
    const auto file = ValueOf(Create("m" + std::to_string(mode), {.replace = false, .mode = mode}));
    PITSER_ASSERT_OK(file->Appear());
    struct stat info {};
    ASSERT_EQ(stat(file->path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0177, mode & 0177 & info.st_mode);
    EXPECT_EQ(info.st_mode & 0600, 0600u);
    EXPECT_EQ(info.st_mode & ~mode & 0777, 0u);
  }
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST_P(NewFileTest, KeepsWhatTheFileWasThatItReplaces) {
  for (const mode_t mode : {0600u, 0640u, 0666u, 0400u}) {
    const std::string path = folder_ / std::to_string(mode);
    PITSER_ASSERT_OK(WriteFile(path, AsBytes("old"), {}));
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    const auto file = ValueOf(Create(std::to_string(mode), {.replace = true}));
    PITSER_ASSERT_OK(file->Write(AsBytes("new")));
    PITSER_ASSERT_OK(file->Appear());
    EXPECT_EQ(ModeOf(path), mode);  // Whatever the umask.
  }
}

TEST_P(NewFileTest, KeepsOwnerAndGroupWhereItMay) {
  if (geteuid() != 0) GTEST_SKIP() << "takes root";
  PITSER_ASSERT_OK(WriteFile(folder_ / "a", AsBytes("old"), {}));
  ASSERT_EQ(chown((folder_ / "a").c_str(), 1234, 5678), 0);
  const auto file = ValueOf(Create("a", {.replace = true}));
  PITSER_ASSERT_OK(file->Appear());
  struct stat info {};
  ASSERT_EQ(stat((folder_ / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1234u);
  EXPECT_EQ(info.st_gid, 5678u);
}

TEST_P(NewFileTest, ReplacesWhatASymbolicLinkLeadsTo) {
  std::filesystem::create_directory(folder_ / "there");
  PITSER_ASSERT_OK(WriteFile(folder_ / "there/target", AsBytes("old"), {}));
  std::filesystem::create_symlink("there/second", folder_ / "first");
  std::filesystem::create_symlink(folder_ / "there/target", folder_ / "there/second");
  {
    const auto file = ValueOf(Create("first", {.replace = true}));
    PITSER_ASSERT_OK(file->Write(AsBytes("new")));
    PITSER_ASSERT_OK(file->Appear());
    EXPECT_EQ(file->path(), folder_ / "there/target");
  }
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "first"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "there/second"));
  EXPECT_EQ(Content(folder_ / "there/target"), "new");
  std::filesystem::create_symlink("loop", folder_ / "loop");
  EXPECT_FALSE(Create("loop", {.replace = true}).ok());
}

TEST_P(NewFileTest, FollowsNoLinkOfSomebodyElses) {
  if (geteuid() != 0) GTEST_SKIP() << "takes root";
  PITSER_ASSERT_OK(WriteFile(folder_ / "target", AsBytes("old"), {}));
  std::filesystem::create_symlink("target", folder_ / "link");
  ASSERT_EQ(lchown((folder_ / "link").c_str(), 1234, 1234), 0);
  EXPECT_THAT(Create("link", {.replace = true}), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(Content(folder_ / "target"), "old");
}

TEST_P(NewFileTest, ReplacesNothingButFiles) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  std::filesystem::create_directory(folder_ / "folder");
  for (const char* name : {"pipe", "folder"}) {
    EXPECT_THAT(Create(name, {.replace = true}), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_THAT(NewFile::Create("/dev/null", {.replace = true}, GetParam()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "no regular file"));
}

TEST_P(NewFileTest, NeedsAFolder) {
  EXPECT_THAT(Create("none/a"), StatusIs(absl::StatusCode::kNotFound, "none/a"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, NewFileTest, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Named" : "Unnamed"; });

class FileBatchTest : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<FileBatch> Make(bool replace = false) {
    return std::make_unique<FileBatch>(
        FileBatchOptions{.replace = replace, .max_open = 4, .named = GetParam()},
        [this](std::size_t id, const absl::Status& status) {
          EXPECT_TRUE(done_.emplace(id, status).second);
        });
  }

  TempFolder folder_;
  std::map<std::size_t, absl::Status> done_;
};

TEST_P(FileBatchTest, GivesEveryFileItsNameInTheEnd) {
  const auto batch = Make();
  for (std::size_t i = 0; i < 10; ++i) {
    PITSER_ASSERT_OK(batch->Add(i, folder_ / std::to_string(i), AsBytes(std::to_string(i))));
    EXPECT_EQ(done_.size(), (i + 1) / 4 * 4);
  }
  PITSER_ASSERT_OK(batch->Finish());
  EXPECT_EQ(NamesIn(folder_.path()).size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    PITSER_EXPECT_OK(done_.at(i));
    EXPECT_EQ(Content(folder_ / std::to_string(i)), std::to_string(i));
  }
  PITSER_EXPECT_OK(batch->Finish());
}

TEST_P(FileBatchTest, TellsOfEachFileThatCannotBe) {
  PITSER_ASSERT_OK(WriteFile(folder_ / "1", AsBytes("old"), {}));
  const auto batch = Make();
  PITSER_ASSERT_OK(batch->Add(0, folder_ / "0", AsBytes("new")));
  PITSER_ASSERT_OK(batch->Add(1, folder_ / "1", AsBytes("new")));
  EXPECT_THAT(batch->Add(2, folder_ / "none/2", AsBytes("new")),
              StatusIs(absl::StatusCode::kNotFound));
  PITSER_ASSERT_OK(batch->Finish());
  PITSER_EXPECT_OK(done_.at(0));
  EXPECT_THAT(done_.at(1), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_FALSE(done_.contains(2));
  EXPECT_EQ(Content(folder_ / "1"), "old");

  done_.clear();
  const auto replacing = Make(true);
  PITSER_ASSERT_OK(replacing->Add(1, folder_ / "1", AsBytes("new")));
  PITSER_ASSERT_OK(replacing->Finish());
  EXPECT_EQ(Content(folder_ / "1"), "new");
}

TEST_P(FileBatchTest, LeavesNothingBehindWithoutFinish) {
  {
    const auto batch = Make();
    PITSER_ASSERT_OK(batch->Add(0, folder_ / "0", AsBytes("x")));
  }
  EXPECT_TRUE(NamesIn(folder_.path()).empty());
  EXPECT_TRUE(done_.empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, FileBatchTest, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Named" : "Unnamed"; });

}  // namespace
}  // namespace pitser::client
