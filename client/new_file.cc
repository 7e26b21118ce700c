#include "client/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "client/standing_file.h"
#include "ledger/base/status.h"

namespace pitser::client {
namespace {

absl::Status SystemError(std::string_view what, const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrFormat("cannot %s '%s'", what, path));
}

std::string FolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

std::string ProcName(int fd) { return absl::StrFormat("/proc/self/fd/%d", fd); }

// A file without a name in the folder of `path`; -1 where there is no such thing.
int OpenUnnamed(const std::string& path, mode_t mode) {
  static const bool has_proc = access("/proc/self/fd", X_OK) == 0;  // It takes that to name it.
  if (!has_proc) return -1;
  return open(FolderOf(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

// A name that nobody has, besides `path`.
std::string TemporaryName(const std::string& path) { return path + ".tmp-XXXXXX"; }

mode_t Umask() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

}  // namespace

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Create(const std::string& path,
                                                         const WriteOptions& options, bool named) {
  if (!options.replace) return Open(path, options, named);
  PITSER_ASSIGN_OR_RETURN(const StandingFile standing, LookAtStanding(path));
  if (!standing.rights) return Open(standing.path, options, named);
  // Nobody else's until it has the rights of the one that it replaces.
  WriteOptions private_options = options;
  private_options.mode = 0600;
  PITSER_ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file,
                          Open(standing.path, private_options, named));
  PITSER_RETURN_IF_ERROR(KeepRights(file->fd(), *standing.rights, standing.path));
  return file;
}

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Open(const std::string& path,
                                                       const WriteOptions& options, bool named) {
  if (!named) {
    const int fd = OpenUnnamed(path, static_cast<mode_t>(options.mode));
    if (fd >= 0) return std::unique_ptr<NewFile>(new NewFile(path, "", fd, options));
    // These are answers; others mean that this file system or kernel cannot do it.
    if (errno == ENOSPC || errno == EDQUOT || errno == EMFILE || errno == ENFILE) {
      return SystemError("write", path, errno);
    }
  }
  std::string temporary = TemporaryName(path);
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return SystemError("write", path, errno);
  static const mode_t mask = Umask();
  std::unique_ptr<NewFile> file(new NewFile(path, std::move(temporary), fd, options));
  if (fchmod(fd, static_cast<mode_t>(options.mode) & ~mask) != 0) {
    return SystemError("set the mode of", path, errno);
  }
  return file;
}

NewFile::~NewFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
  close(fd_);
}

absl::Status NewFile::Write(ledger::Bytes piece) {
  while (!piece.empty()) {
    const ssize_t put = write(fd_, piece.data(), piece.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return SystemError("write", path_, errno);
    written_ += put;
    piece = piece.subspan(static_cast<std::size_t>(put));
  }
  return absl::OkStatus();
}

void NewFile::StartWriteback() {
  // Only a hint: whether it was done, Sync() says.
  (void)sync_file_range(fd_, started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
  started_ = written_;
}

absl::Status NewFile::Sync() {
  return fdatasync(fd_) == 0 ? absl::OkStatus() : SystemError("sync", path_, errno);
}

absl::Status NewFile::Appear() {
  const bool unnamed = temporary_.empty();
  if (!options_.replace) {
    // A link and not a rename: it fails when the file is there, whoever was faster.
    const int result = unnamed ? linkat(AT_FDCWD, ProcName(fd_).c_str(), AT_FDCWD, path_.c_str(),
                                        AT_SYMLINK_FOLLOW)
                               : link(temporary_.c_str(), path_.c_str());
    return result == 0 ? absl::OkStatus() : SystemError("write", path_, errno);
  }
  if (unnamed) {
    // Nothing but a rename replaces a file in one step, and it takes a name to begin with. mktemp's
    // race is harmless here: link fails when the name is there.
    std::string temporary = TemporaryName(path_);
    const int fd = mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0) return SystemError("write", path_, errno);
    close(fd);
    unlink(temporary.c_str());
    if (linkat(AT_FDCWD, ProcName(fd_).c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW) !=
        0) {
      return SystemError("write", path_, errno);
    }
    temporary_ = std::move(temporary);
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return SystemError("write", path_, errno);
  }
  temporary_.clear();
  return absl::OkStatus();
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", folder, errno);
  const int error = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
  close(fd);
  return error == 0 ? absl::OkStatus() : SystemError("sync", folder, error);
}

absl::Status SyncFileSystemOf(int fd, const std::string& path) {
  return syncfs(fd) == 0 ? absl::OkStatus() : SystemError("sync the file system of", path, errno);
}

}  // namespace pitser::client
