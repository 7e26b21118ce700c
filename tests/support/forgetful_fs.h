#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace pitser::testing {

// A file system for RocksDB that forgets everything unsynced when its process is killed, as a
// machine does that loses power; a killed process alone loses no page cache.
//
// - Bytes stay in the memory of this process until Sync() or Fsync() of their file.
// - Names that are created, renamed or deleted stay in memory until their folder is synced. A file
//   that is synced and whose name is not is lost as a whole.
// - The process itself reads everything as if it were on disk.
//
// Not modelled: folders (made and removed at once), lock files and RocksDB's information log
// (LOG*), which go straight to the machine's file system.
// In one process, Crash() has the effect of a kill: a second instance over the same folder sees
// what survived.
// Thread: any. Do not fork a process that has used one.
class ForgetfulFileSystem : public rocksdb::FileSystemWrapper {
 public:
  // What a fault can be staged for.
  enum class Step { kCreate, kAppend, kSync, kRename, kDelete, kSyncFolder };
  struct Fault {
    rocksdb::IOStatus status;
    std::size_t written = 0;  // Of an append: so many bytes of it arrive before it fails.
  };
  // Asked before each step with the file's (or folder's) path; nothing: go on. Called under no
  // lock, from any thread.
  using FaultHook = std::function<std::optional<Fault>(Step, const std::string& path)>;

  ForgetfulFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "ForgetfulFileSystem"; }

  void SetFaultHook(FaultHook hook);
  // What GetFreeSpace() says from now on; nothing: the truth.
  void SetFreeSpace(std::optional<std::uint64_t> bytes);
  // From now on nothing reaches the disk, and every step fails.
  void Crash();

  // The rest is rocksdb::FileSystem's.
  using Options = rocksdb::IOOptions;
  using Context = rocksdb::IODebugContext;
  using Status = rocksdb::IOStatus;
  Status NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSSequentialFile>* result,
                           Context* context) override;
  Status NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                             Context* context) override;
  Status NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                         std::unique_ptr<rocksdb::FSWritableFile>* result,
                         Context* context) override;
  Status ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                            std::unique_ptr<rocksdb::FSWritableFile>* result,
                            Context* context) override;
  Status ReuseWritableFile(const std::string& path, const std::string& old_path,
                           const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           Context* context) override;
  Status NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                         std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                         Context* context) override;
  Status NewMemoryMappedFileBuffer(
      const std::string& path, std::unique_ptr<rocksdb::MemoryMappedFileBuffer>* result) override;
  Status NewDirectory(const std::string& path, const Options& options,
                      std::unique_ptr<rocksdb::FSDirectory>* result, Context* context) override;
  Status FileExists(const std::string& path, const Options& options, Context* context) override;
  Status GetChildren(const std::string& folder, const Options& options,
                     std::vector<std::string>* result, Context* context) override;
  Status GetChildrenFileAttributes(const std::string& folder, const Options& options,
                                   std::vector<rocksdb::FileAttributes>* result,
                                   Context* context) override;
  Status DeleteFile(const std::string& path, const Options& options, Context* context) override;
  Status Truncate(const std::string& path, std::size_t size, const Options& options,
                  Context* context) override;
  Status DeleteDir(const std::string& path, const Options& options, Context* context) override;
  Status GetFileSize(const std::string& path, const Options& options, std::uint64_t* size,
                     Context* context) override;
  Status GetFileModificationTime(const std::string& path, const Options& options,
                                 std::uint64_t* time, Context* context) override;
  Status RenameFile(const std::string& from, const std::string& to, const Options& options,
                    Context* context) override;
  Status LinkFile(const std::string& from, const std::string& to, const Options& options,
                  Context* context) override;
  Status GetFreeSpace(const std::string& path, const Options& options, std::uint64_t* bytes,
                      Context* context) override;

 private:
  // A file's content, whatever its names are.
  struct File {
    std::string content;                 // As this process sees it.
    std::string synced;                  // What is synced of it, while it has no durable name.
    std::optional<std::size_t> changed;  // From here on it differs from what is synced.
    int descriptor = -1;                 // The file on disk, once it has a durable name.
    std::string durable_name;
    ~File();
  };
  // A change of names that waits for its folder's sync.
  struct NameChange {
    enum class Kind { kCreate, kRename, kDelete } kind;
    std::string path;  // The new name of a rename.
    std::shared_ptr<File> file;
  };
  class Writable;
  class Sequential;
  class RandomAccess;
  class RandomReadWrite;
  class Folder;

  std::optional<Fault> Staged(Step step, const std::string& path) PITSER_EXCLUDES(mu_);
  // The file in memory, or null if the name is (only) on disk or nowhere.
  std::shared_ptr<File> Find(const std::string& path) PITSER_REQUIRES(mu_);
  // The file in memory, taken in from disk if need be; null if there is none.
  std::shared_ptr<File> Load(const std::string& path) PITSER_REQUIRES(mu_);
  std::shared_ptr<File> Create(const std::string& path) PITSER_REQUIRES(mu_);

  Status Append(const std::string& path, File& file, const rocksdb::Slice& data)
      PITSER_EXCLUDES(mu_);
  Status Write(const std::string& path, File& file, std::uint64_t offset,
               const rocksdb::Slice& data) PITSER_EXCLUDES(mu_);
  Status Sync(const std::string& path, File& file) PITSER_EXCLUDES(mu_);
  Status SyncFolder(const std::string& folder) PITSER_EXCLUDES(mu_);
  Status ApplyNameChanges(const std::string& folder) PITSER_REQUIRES(mu_);
  static void MakeDurable(const std::string& path, File& file);

  base::Mutex mu_;  // No other lock is taken under it.
  FaultHook hook_ PITSER_GUARDED_BY(mu_);
  std::optional<std::uint64_t> free_space_ PITSER_GUARDED_BY(mu_);
  bool crashed_ PITSER_GUARDED_BY(mu_) = false;
  std::map<std::string, std::shared_ptr<File>> files_ PITSER_GUARDED_BY(mu_);
  std::set<std::string> gone_ PITSER_GUARDED_BY(mu_);  // Names on disk that are deleted here.
  std::map<std::string, std::vector<NameChange>> pending_ PITSER_GUARDED_BY(mu_);  // By folder.
};

}  // namespace pitser::testing
