#include "client/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/strings/str_format.h"
#include "client/new_file.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"

namespace pitser::client {
namespace {

using ledger::Bytes;
using ledger::ByteVector;

constexpr std::size_t kBufferSize = 256 << 10;

absl::Status SystemError(std::string_view what, const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrFormat("cannot %s '%s'", what, path));
}

// An open file descriptor, closed unless it is standard input.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  const int fd_;
};

// The descriptor that a path means by its number: what a shell writes for `<(command)`.
std::optional<int> DescriptorNamed(std::string_view path) {
  if (path == "/dev/stdin") return STDIN_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    int fd = -1;
    const char* const end = path.data() + path.size();
    const auto [rest, error] = std::from_chars(path.data() + folder.size(), end, fd);
    if (error == std::errc() && rest == end && fd >= 0) return fd;
  }
  return std::nullopt;
}

std::string_view KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

absl::Status NoFile(const std::string& path, mode_t mode) {
  return absl::FailedPreconditionError(
      absl::StrFormat("'%s' is %s, not a file; `-` reads standard input", path, KindOf(mode)));
}

// A stream or a file; waits for nobody: what is neither is told at once.
absl::StatusOr<int> OpenForReading(const std::string& path) {
  if (path == kStandardStream) return STDIN_FILENO;
  const std::optional<int> named = DescriptorNamed(path);
  const int fd = named ? fcntl(*named, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                       : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const int error = errno;
  struct stat info {};
  if (fd < 0) {
    // Of sockets, and of devices without a driver.
    const bool no_file = error == ENXIO && stat(path.c_str(), &info) == 0;
    return no_file ? NoFile(path, info.st_mode) : SystemError("open", path, error);
  }
  if (named || (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))) return fd;
  close(fd);
  return NoFile(path, info.st_mode);
}

// Reads to the end and hands on each piece. `take` returns an error to stop.
absl::Status ReadPieces(const std::string& path, int fd,
                        const std::function<absl::Status(Bytes)>& take) {
  // Not cleared: most files fill little of it, and what is not touched costs nothing.
  const auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(kBufferSize);
  for (;;) {
    const ssize_t got = read(fd, buffer.get(), kBufferSize);
    if (got == 0) return absl::OkStatus();
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", path, errno);
    PITSER_RETURN_IF_ERROR(take(Bytes(buffer.get(), static_cast<std::size_t>(got))));
  }
}

// Whether a file was written to, or another one took its name, since `before` was told of it.
bool HasChanged(const std::string& path, int fd, const struct stat& before) {
  if (!S_ISREG(before.st_mode)) return false;
  struct stat now {};
  const auto differs = [&before, &now] {
    return now.st_ino != before.st_ino || now.st_dev != before.st_dev ||
           now.st_size != before.st_size || now.st_mtim.tv_sec != before.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != before.st_mtim.tv_nsec;
  };
  if (fstat(fd, &now) != 0 || differs()) return true;
  return path != kStandardStream && (stat(path.c_str(), &now) != 0 || differs());
}

// The temporary file at work, for RemoveUnfinishedFile(): written before the flag is set, so that a
// signal handler sees a whole name or none.
std::array<char, 4096> unfinished_path;
std::atomic<bool> unfinished{false};

void MarkUnfinished(const std::string& path) {
  if (path.size() >= unfinished_path.size()) return;
  std::memcpy(unfinished_path.data(), path.c_str(), path.size() + 1);
  unfinished = true;
}

}  // namespace

absl::StatusOr<ByteVector> ReadFile(const std::string& path, std::size_t max_bytes) {
  PITSER_ASSIGN_OR_RETURN(const int opened, OpenForReading(path));
  const Descriptor fd(opened);
  ByteVector content;
  PITSER_RETURN_IF_ERROR(ReadPieces(path, fd.get(), [&](Bytes piece) {
    if (piece.size() > max_bytes - content.size()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "'%s' has more than the %d bytes that such a file may have", path, max_bytes));
    }
    ledger::Append(content, piece);
    return absl::OkStatus();
  }));
  return content;
}

absl::StatusOr<ledger::Imprint> HashFile(const std::string& path, ledger::HashAlgorithm algorithm,
                                         const HashProgress& progress, WhileRead while_read) {
  PITSER_ASSIGN_OR_RETURN(ledger::StreamHasher hasher, ledger::StreamHasher::Create(algorithm));
  PITSER_ASSIGN_OR_RETURN(const int opened, OpenForReading(path));
  const Descriptor fd(opened);
  struct stat info {};
  const std::uint64_t size = fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode)
                                 ? static_cast<std::uint64_t>(info.st_size)
                                 : 0;
  constexpr std::uint64_t kProgressStep = 8 << 20;
  std::uint64_t done = 0;
  std::uint64_t next_report = kProgressStep;
  PITSER_RETURN_IF_ERROR(ReadPieces(path, fd.get(), [&](Bytes piece) {
    hasher.Update(piece);
    done += piece.size();
    if (progress && done >= next_report) {
      progress(done, size);
      next_report = done + kProgressStep;
    }
    return absl::OkStatus();
  }));
  if (while_read == WhileRead::kMustNotChange && HasChanged(path, fd.get(), info)) {
    return absl::AbortedError(absl::StrFormat("'%s' changed while it was read", path));
  }
  return hasher.Finish();
}

absl::StatusOr<ByteSource> OpenSource(const std::string& path) {
  const auto fd = std::make_shared<const Descriptor>(
      path == kStandardStream ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd->ok()) return SystemError("open", path, errno);
  return ByteSource([fd, path](std::span<std::uint8_t> buffer) -> absl::StatusOr<std::size_t> {
    for (;;) {
      const ssize_t got = read(fd->get(), buffer.data(), buffer.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return SystemError("read", path, errno);
    }
  });
}

absl::Status WriteFile(const std::string& path, Bytes content, const WriteOptions& options) {
  PITSER_ASSIGN_OR_RETURN(const std::unique_ptr<FileWriter> writer,
                          FileWriter::Create(path, options));
  PITSER_RETURN_IF_ERROR(writer->Write(content));
  return writer->Commit();
}

absl::StatusOr<std::unique_ptr<FileWriter>> FileWriter::Create(const std::string& path,
                                                               const WriteOptions& options) {
  PITSER_ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file, NewFile::Create(path, options));
  if (!file->temporary().empty()) MarkUnfinished(file->temporary());
  return std::unique_ptr<FileWriter>(new FileWriter(std::move(file)));
}

FileWriter::FileWriter(std::unique_ptr<NewFile> file) : file_(std::move(file)) {}

FileWriter::~FileWriter() {
  file_.reset();
  unfinished = false;
}

absl::Status FileWriter::Write(Bytes piece) { return file_->Write(piece); }

absl::Status FileWriter::Commit() {
  PITSER_RETURN_IF_ERROR(file_->Sync());
  PITSER_RETURN_IF_ERROR(file_->Appear());
  return SyncFolderOf(file_->path());
}

void RemoveUnfinishedFile() {
  if (unfinished) unlink(unfinished_path.data());
}

bool SameFile(const std::string& a, const std::string& b) {
  struct stat info_a {};
  struct stat info_b {};
  return stat(a.c_str(), &info_a) == 0 && stat(b.c_str(), &info_b) == 0 &&
         info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino;
}

bool FileExists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

}  // namespace pitser::client
