#include "server/app/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

namespace fs = std::filesystem;

constexpr char kFormat[] = "pitser data folder, format 1\n";
constexpr char kFormatStart[] = "pitser data folder, format ";

absl::Status FromErrno(int error, absl::string_view doing) {
  return absl::ErrnoToStatus(error, doing);
}

// What DIR/format says; nothing when there is no such file.
std::optional<std::string> ReadFormat(const std::string& path) {
  std::ifstream in(path + "/format", std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(64, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// Written, synced, and known to the folder before anything else is put there.
absl::Status WriteFormat(const std::string& path) {
  const std::string name = path + "/format";
  const int file = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) return FromErrno(errno, absl::StrCat("creating ", name));
  const std::size_t size = sizeof(kFormat) - 1;
  const bool written = write(file, kFormat, size) == static_cast<ssize_t>(size) && fsync(file) == 0;
  const int error = errno;
  close(file);
  if (!written) {
    unlink(name.c_str());
    return FromErrno(error, absl::StrCat("writing ", name));
  }
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return FromErrno(errno, absl::StrCat("opening ", path));
  const bool synced = fsync(folder) == 0;
  const int sync_error = errno;
  close(folder);
  return synced ? absl::OkStatus() : FromErrno(sync_error, absl::StrCat("syncing ", path));
}

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

// The lock file may be there from a start that failed before it wrote the format.
bool IsFresh(const std::string& path, std::error_code& error) {
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename() != "lock") return false;
  }
  return true;
}

absl::Status CheckIsOurs(const std::string& path) {
  if (const auto format = ReadFormat(path)) return CheckFormat(path, *format);
  std::error_code error;
  const bool fresh = IsFresh(path, error);
  if (error) return FromErrno(error.value(), absl::StrCat("reading ", path));
  if (fresh) return absl::OkStatus();
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
  const int file = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return FromErrno(errno, absl::StrCat("opening ", name));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string holder = ReadHolder(file);
    close(file);
    if (error != EWOULDBLOCK) return FromErrno(error, absl::StrCat("locking ", name));
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is in use by another pitserd", holder));
  }
  // For people only: the lock is what counts.
  const std::string pid = absl::StrCat(getpid());
  if (ftruncate(file, 0) == 0) (void)!pwrite(file, pid.data(), pid.size(), 0);
  return file;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataFolder>> DataFolder::Open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return FromErrno(error.value(), absl::StrCat("creating the data folder ", path));
  PITSER_RETURN_IF_ERROR(CheckIsOurs(path));
  PITSER_ASSIGN_OR_RETURN(const int lock, TakeLock(path));
  std::unique_ptr<DataFolder> folder(new DataFolder(path, lock));
  // Only under the lock: two first starts at once make one folder.
  PITSER_RETURN_IF_ERROR(CheckIsOurs(path));
  if (!ReadFormat(path).has_value()) PITSER_RETURN_IF_ERROR(WriteFormat(path));
  return folder;
}

DataFolder::~DataFolder() { close(lock_); }

}  // namespace pitser::server
