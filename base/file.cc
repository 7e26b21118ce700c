#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::base {
namespace {

// What others than the owner may not have. A file of root's that this process reads through its
// group, as /etc/ssl/private has them, may be read by that group.
unsigned Forbidden(const struct stat& info) {
  return info.st_uid == 0 && geteuid() != 0 ? 037 : 077;
}

absl::Status FromErrno(absl::string_view doing, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(doing, " ", path));
}

// A file descriptor, closed with it.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  const int fd_;
};

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A name in a folder is on disk once the folder is synced.
absl::Status SyncDirectory(const std::string& path) {
  const Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok()) return FromErrno("opening", path);
  if (fsync(folder.get()) != 0) return FromErrno("syncing", path);
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, ledger::Bytes bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno("writing", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(const std::string& path, ledger::Bytes bytes, unsigned mode) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return FromErrno("removing", path);
  // Nobody else may read it before it is what it shall be.
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.ok()) return FromErrno("creating", path);
  PITSER_RETURN_IF_ERROR(WriteAll(file.get(), bytes, path));
  if (fchmod(file.get(), mode) != 0) return FromErrno("setting the mode of", path);
  if (fsync(file.get()) != 0) return FromErrno("syncing", path);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path, std::size_t max_size) {
  std::string content;
  char buffer[16384];
  while (true) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FromErrno("reading", path);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > max_size) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s has more than %d bytes", path, max_size));
    }
  }
}

absl::StatusOr<std::string> Read(const std::string& path, std::size_t max_size, bool secret) {
  // A pipe under that name must not make us wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok()) return FromErrno("opening", path);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return FromErrno("looking at", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  if (secret && (info.st_mode & Forbidden(info)) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s holds a secret, but others than its owner have a right to it (mode %04o): run "
        "'chmod 600 %s'",
        path, info.st_mode & 07777, path));
  }
  return ReadAll(file.get(), path, max_size);
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t max_size) {
  return Read(path, max_size, false);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path, std::size_t max_size) {
  return Read(path, max_size, true);
}

absl::Status WriteFileDurably(const std::string& path, ledger::Bytes bytes, unsigned mode) {
  const std::string temporary = path + ".tmp";
  const absl::Status written = WriteAndSync(temporary, bytes, mode);
  if (!written.ok()) {
    unlink(temporary.c_str());
    return written;
  }
  return RenameDurably(temporary, path);
}

absl::Status WriteNewFileDurably(const std::string& path, ledger::Bytes bytes, unsigned mode) {
  const std::string temporary = path + ".tmp";
  absl::Status written = WriteAndSync(temporary, bytes, mode);
  // Not a rename, which would take the place of what is there.
  if (written.ok() && link(temporary.c_str(), path.c_str()) != 0) {
    const bool no_links = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
    written = FromErrno("creating", path);
    // Some file systems have no links: there only the look before it protects what is there.
    if (no_links && !Exists(path)) return RenameDurably(temporary, path);
  }
  unlink(temporary.c_str());
  PITSER_RETURN_IF_ERROR(written);
  return SyncDirectory(ParentOf(path));
}

absl::Status WriteTailDurably(const std::string& path, std::size_t offset, ledger::Bytes bytes) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.ok()) return FromErrno("opening", path);
  const auto at = static_cast<off_t>(offset);
  if (ftruncate(file.get(), at) != 0) return FromErrno("shortening", path);
  if (lseek(file.get(), at, SEEK_SET) != at) return FromErrno("going to the end of", path);
  PITSER_RETURN_IF_ERROR(WriteAll(file.get(), bytes, path));
  if (fsync(file.get()) != 0) return FromErrno("syncing", path);
  return absl::OkStatus();
}

absl::Status MakeDirectory(const std::string& path, unsigned mode) {
  if (mkdir(path.c_str(), mode) != 0) {
    struct stat info {};
    if (errno == EEXIST && stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      return absl::OkStatus();
    }
    return FromErrno("making the folder", path);
  }
  if (chmod(path.c_str(), mode) != 0) return FromErrno("setting the mode of", path);
  return SyncDirectory(ParentOf(path));
}

absl::Status RenameDurably(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    return FromErrno(absl::StrCat("moving ", from, " to"), to);
  }
  return SyncDirectory(ParentOf(to));
}

bool Exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 || errno != ENOENT;
}

}  // namespace pitser::base
