#include "storage/internal/files.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "storage/internal/rocks.h"

namespace pitser::storage::internal {

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncFolder(rocksdb::Env& env, const std::string& folder) {
  std::unique_ptr<rocksdb::Directory> directory;
  PITSER_RETURN_IF_ERROR(FromRocks(env.NewDirectory(folder, &directory)));
  return FromRocks(directory->Fsync());
}

absl::Status MakeFolder(rocksdb::Env& env, const std::string& folder) {
  if (env.FileExists(folder).ok()) return absl::OkStatus();
  PITSER_RETURN_IF_ERROR(FromRocks(env.CreateDirIfMissing(folder)));
  return SyncFolder(env, FolderOf(folder));
}

absl::Status CheckRoom(rocksdb::Env& env, const std::string& folder, std::uint64_t needed) {
  std::uint64_t room = 0;
  if (!env.GetFreeSpace(folder, &room).ok() || room >= needed) return absl::OkStatus();
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  return absl::ResourceExhaustedError(
      absl::StrFormat("the disk of %s is full: %d MiB are free and %d are needed", folder,
                      room / kMiB, (needed + kMiB - 1) / kMiB));
}

std::uint64_t LogBytes(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  if (!env.GetChildren(folder, &names).ok()) return 0;
  std::uint64_t bytes = 0;
  for (const std::string& name : names) {
    std::uint64_t size = 0;
    if (name.ends_with(".log") && env.GetFileSize(folder + "/" + name, &size).ok()) bytes += size;
  }
  return bytes;
}

absl::Status WriteWholeFile(rocksdb::Env& env, const std::string& path, ledger::Bytes content) {
  const std::string temporary = path + ".new";
  std::unique_ptr<rocksdb::WritableFile> file;
  PITSER_RETURN_IF_ERROR(FromRocks(env.NewWritableFile(temporary, &file, rocksdb::EnvOptions())));
  PITSER_RETURN_IF_ERROR(FromRocks(file->Append(ToSlice(content))));
  PITSER_RETURN_IF_ERROR(FromRocks(file->Sync()));
  PITSER_RETURN_IF_ERROR(FromRocks(file->Close()));
  PITSER_RETURN_IF_ERROR(FromRocks(env.RenameFile(temporary, path)));
  return SyncFolder(env, FolderOf(path));
}

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::Take(rocksdb::Env& env,
                                                             const std::string& folder) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status status = env.LockFile(folder + "/LOCK", &lock);
  if (status.ok()) return std::unique_ptr<FolderLock>(new FolderLock(env, lock));
  const std::string text = status.ToString();
  // RocksDB tells a held lock from an unwritable folder in its words only.
  if (text.find("lock file") != std::string::npos || text.find("lock hold") != std::string::npos) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "another pitserd has this calendar open: stop it first, or use another data folder (%s)",
        text));
  }
  return FromRocks(status);
}

FolderLock::~FolderLock() { env_.UnlockFile(lock_).PermitUncheckedError(); }

}  // namespace pitser::storage::internal
