// The file system that crash tests trust: what it forgets, and what not.

#include "tests/support/forgetful_fs.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "tests/support/temp_folder.h"

namespace pitser::testing {
namespace {

using ::testing::UnorderedElementsAre;

class ForgetfulTest : public ::testing::Test {
 protected:
  ForgetfulTest() { Restart(); }

  // What a kill and a new process do.
  void Restart() {
    if (fs_ != nullptr) fs_->Crash();
    env_.reset();
    fs_ = std::make_shared<ForgetfulFileSystem>();
    env_ = rocksdb::NewCompositeEnv(fs_);
  }

  std::unique_ptr<rocksdb::WritableFile> Create(const std::string& name) {
    std::unique_ptr<rocksdb::WritableFile> file;
    EXPECT_TRUE(env_->NewWritableFile(folder_ / name, &file, {}).ok());
    return file;
  }
  void SyncFolder() {
    std::unique_ptr<rocksdb::Directory> directory;
    ASSERT_TRUE(env_->NewDirectory(folder_.path(), &directory).ok());
    ASSERT_TRUE(directory->Fsync().ok());
  }
  void Durable(const std::string& name, const std::string& content) {
    auto file = Create(name);
    ASSERT_TRUE(file->Append(content).ok());
    ASSERT_TRUE(file->Sync().ok());
    SyncFolder();
  }
  // As the process sees it; "-" for no file.
  std::string Read(const std::string& name) {
    std::string content;
    const auto status = rocksdb::ReadFileToString(env_.get(), folder_ / name, &content);
    return status.ok() ? content : "-";
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    EXPECT_TRUE(env_->GetChildren(folder_.path(), &names).ok());
    std::erase(names, ".");
    std::erase(names, "..");
    return names;
  }

  const TempFolder folder_;
  std::shared_ptr<ForgetfulFileSystem> fs_;
  std::unique_ptr<rocksdb::Env> env_;
};

TEST_F(ForgetfulTest, KeepsWhatIsSyncedWithItsName) {
  Durable("a", "one");
  Restart();
  EXPECT_EQ(Read("a"), "one");
}

TEST_F(ForgetfulTest, ForgetsBytesAfterTheLastSync) {
  auto file = Create("a");
  ASSERT_TRUE(file->Append("one").ok());
  ASSERT_TRUE(file->Sync().ok());
  SyncFolder();
  ASSERT_TRUE(file->Append("two").ok());
  ASSERT_TRUE(file->Flush().ok());
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(Read("a"), "onetwo");
  Restart();
  EXPECT_EQ(Read("a"), "one");
}

TEST_F(ForgetfulTest, ForgetsANameThatItsFolderDoesNotKnow) {
  auto file = Create("a");
  ASSERT_TRUE(file->Append("one").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_THAT(Names(), UnorderedElementsAre("a"));
  Restart();
  EXPECT_THAT(Names(), UnorderedElementsAre());
  EXPECT_EQ(Read("a"), "-");
}

TEST_F(ForgetfulTest, KeepsANameWithoutUnsyncedBytes) {
  auto file = Create("a");
  ASSERT_TRUE(file->Append("one").ok());
  SyncFolder();
  EXPECT_EQ(Read("a"), "one");
  Restart();
  EXPECT_EQ(Read("a"), "");
}

TEST_F(ForgetfulTest, SyncsGrowingFilesBitByBit) {
  auto file = Create("a");
  SyncFolder();
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    expected += std::to_string(i);
    ASSERT_TRUE(file->Append(std::to_string(i)).ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  Restart();
  EXPECT_EQ(Read("a"), expected);
}

TEST_F(ForgetfulTest, ForgetsARename) {
  Durable("a", "one");
  Durable("b", "old");
  ASSERT_TRUE(env_->RenameFile(folder_ / "a", folder_ / "b").ok());
  EXPECT_EQ(Read("b"), "one");
  EXPECT_EQ(Read("a"), "-");
  Restart();
  EXPECT_EQ(Read("a"), "one");
  EXPECT_EQ(Read("b"), "old");
  ASSERT_TRUE(env_->RenameFile(folder_ / "a", folder_ / "b").ok());
  SyncFolder();
  Restart();
  EXPECT_EQ(Read("b"), "one");
  EXPECT_THAT(Names(), UnorderedElementsAre("b"));
}

TEST_F(ForgetfulTest, ForgetsADeletion) {
  Durable("a", "one");
  ASSERT_TRUE(env_->DeleteFile(folder_ / "a").ok());
  EXPECT_EQ(Read("a"), "-");
  EXPECT_TRUE(env_->FileExists(folder_ / "a").IsNotFound());
  Restart();
  EXPECT_EQ(Read("a"), "one");
  ASSERT_TRUE(env_->DeleteFile(folder_ / "a").ok());
  SyncFolder();
  Restart();
  EXPECT_EQ(Read("a"), "-");
}

TEST_F(ForgetfulTest, ForgetsWritesInPlace) {
  Durable("a", "0123456789");
  std::unique_ptr<rocksdb::RandomRWFile> file;
  ASSERT_TRUE(env_->NewRandomRWFile(folder_ / "a", &file, {}).ok());
  ASSERT_TRUE(file->Write(2, "xx").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Write(5, "yy").ok());
  EXPECT_EQ(Read("a"), "01xx4yy789");
  Restart();
  EXPECT_EQ(Read("a"), "01xx456789");
}

TEST_F(ForgetfulTest, StagesFaults) {
  auto file = Create("a");
  fs_->SetFaultHook([&](ForgetfulFileSystem::Step step,
                        const std::string& path) -> std::optional<ForgetfulFileSystem::Fault> {
    EXPECT_EQ(path, folder_ / "a");
    if (step != ForgetfulFileSystem::Step::kAppend) return std::nullopt;
    return ForgetfulFileSystem::Fault{rocksdb::IOStatus::NoSpace("full"), 2};
  });
  EXPECT_TRUE(file->Append("one").IsNoSpace());
  fs_->SetFaultHook(nullptr);
  EXPECT_EQ(Read("a"), "on");
}

// RocksDB lives on it: what is written with sync survives, what is not does not.
TEST_F(ForgetfulTest, CarriesADatabase) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.env = env_.get();
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder_ / "db", &db).ok());
  rocksdb::WriteOptions synced;
  synced.sync = true;
  ASSERT_TRUE(db->Put(synced, "synced", "1").ok());
  ASSERT_TRUE(db->Put({}, "unsynced", "1").ok());
  std::string value;
  EXPECT_TRUE(db->Get({}, "unsynced", &value).ok());
  fs_->Crash();
  delete db;
  Restart();
  options.env = env_.get();
  options.create_if_missing = false;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder_ / "db", &db).ok());
  EXPECT_TRUE(db->Get({}, "synced", &value).ok());
  EXPECT_TRUE(db->Get({}, "unsynced", &value).IsNotFound());
  delete db;
}

}  // namespace
}  // namespace pitser::testing
