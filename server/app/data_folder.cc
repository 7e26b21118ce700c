#include "server/app/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

namespace fs = std::filesystem;

constexpr char kFormat[] = "pitser data folder, format 1\n";
constexpr char kFormatStart[] = "pitser data folder, format ";

absl::Status CheckFormat(const std::string& path, const std::string& format) {
  if (format == kFormat) return absl::OkStatus();
  if (absl::StartsWith(format, kFormatStart)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is a data folder of another version of Pitser (",
                     absl::StripSuffix(format, "\n"), "): this program knows format 1"));
  }
  return absl::FailedPreconditionError(absl::StrCat(path, "/format is damaged: it should say '",
                                                    absl::StripSuffix(kFormat, "\n"), "'"));
}

// What a first start that broke off may leave.
bool IsLeftOver(const fs::path& name) { return name == "lock" || name == "format.tmp"; }

absl::StatusOr<bool> IsFresh(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (!IsLeftOver(it->path().filename())) return false;
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("reading ", path));
  return true;
}

// Whether the folder says that it is one of ours; an error when it may not be used.
absl::StatusOr<bool> CheckIsOurs(const std::string& path) {
  const std::string name = path + "/format";
  if (base::Exists(name)) {
    PITSER_ASSIGN_OR_RETURN(const std::string format, base::ReadFile(name, 256));
    PITSER_RETURN_IF_ERROR(CheckFormat(path, format));
    return true;
  }
  PITSER_ASSIGN_OR_RETURN(const bool fresh, IsFresh(path));
  if (fresh) return false;
  return absl::FailedPreconditionError(absl::StrCat(
      path, " is neither empty nor a data folder of Pitser: give another one with --data"));
}

std::string ReadHolder(int file) {
  char text[32];
  const ssize_t size = pread(file, text, sizeof(text), 0);
  return size > 0 ? absl::StrCat(" (process ",
                                 absl::string_view(text, static_cast<std::size_t>(size)), ")")
                  : std::string();
}

absl::StatusOr<int> TakeLock(const std::string& path) {
  const std::string name = path + "/lock";
  // Who can write to the folder could have it truncate another file, or wait for a pipe's reader.
  const int file = open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", name));
  struct stat info {};
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file);
    return absl::FailedPreconditionError(absl::StrCat(name, " is not a regular file"));
  }
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string holder = ReadHolder(file);
    close(file);
    if (error != EWOULDBLOCK) return absl::ErrnoToStatus(error, absl::StrCat("locking ", name));
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is in use by another pitserd", holder));
  }
  // For people only: the lock is what counts.
  const std::string pid = absl::StrCat(getpid());
  if (ftruncate(file, 0) == 0) (void)!pwrite(file, pid.data(), pid.size(), 0);
  return file;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataFolder>> DataFolder::Open(const std::string& given_path) {
  std::string path = given_path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  std::error_code error;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("creating ", parent.string()));
  PITSER_RETURN_IF_ERROR(
      ledger::Annotate(base::MakeDirectory(path, 0755), "creating the data folder"));
  PITSER_RETURN_IF_ERROR(CheckIsOurs(path));
  PITSER_ASSIGN_OR_RETURN(const int lock, TakeLock(path));
  std::unique_ptr<DataFolder> folder(new DataFolder(path, lock));
  struct stat info {};
  if (fstat(lock, &info) != 0) return absl::ErrnoToStatus(errno, "looking at the lock");
  folder->watched_.push_back({path + "/lock", info.st_dev, info.st_ino});
  PITSER_RETURN_IF_ERROR(folder->CheckInPlace());
  // Only under the lock: two first starts at once make one folder.
  PITSER_ASSIGN_OR_RETURN(const bool is_ours, CheckIsOurs(path));
  if (!is_ours) {
    PITSER_RETURN_IF_ERROR(
        base::WriteFileDurably(path + "/format", ledger::AsBytes(kFormat), 0644));
  }
  return folder;
}

void DataFolder::Watch(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) watched_.push_back({path, info.st_dev, info.st_ino});
}

absl::Status DataFolder::CheckInPlace() const {
  for (const Watched& watched : watched_) {
    struct stat info {};
    const bool there = stat(watched.path.c_str(), &info) == 0;
    if (there && info.st_dev == watched.device && info.st_ino == watched.inode) continue;
    return absl::UnavailableError(absl::StrCat(
        watched.path, there ? " was replaced" : " was removed",
        " while the node runs, and what is written to it is lost: put the data folder back as it "
        "was and start again"));
  }
  return absl::OkStatus();
}

DataFolder::~DataFolder() { close(lock_); }

}  // namespace pitser::server
