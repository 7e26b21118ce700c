#include "client/standing_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::client {
namespace {

constexpr int kMaxLinks = 40;  // As the system's own.

absl::Status SystemError(std::string_view what, const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrFormat("cannot %s '%s'", what, path));
}

// Where the link at `path`, whose `info` is given, leads.
absl::StatusOr<std::string> Follow(const std::filesystem::path& path, const struct stat& info) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  struct stat folder_info {};
  if (stat(folder.c_str(), &folder_info) != 0) {
    return SystemError("look at", folder.string(), errno);
  }
  if (info.st_uid != geteuid() && info.st_uid != 0 && info.st_uid != folder_info.st_uid) {
    return absl::PermissionDeniedError(
        absl::StrFormat("'%s' is somebody else's symbolic link", path.string()));
  }
  std::error_code error;
  const std::filesystem::path target = std::filesystem::read_symlink(path, error);
  if (error) return SystemError("follow", path.string(), error.value());
  return (path.parent_path() / target).string();  // `target` alone where it is absolute.
}

}  // namespace

absl::StatusOr<StandingFile> LookAtStanding(const std::string& path) {
  StandingFile standing{.path = path, .rights = std::nullopt};
  for (int links = 0; links <= kMaxLinks; ++links) {
    struct stat info {};
    if (lstat(standing.path.c_str(), &info) != 0) {
      if (errno == ENOENT) return standing;
      return SystemError("look at", standing.path, errno);
    }
    if (S_ISLNK(info.st_mode)) {
      PITSER_ASSIGN_OR_RETURN(standing.path, Follow(standing.path, info));
      continue;
    }
    if (!S_ISREG(info.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("'%s' is no regular file: it is not replaced", standing.path));
    }
    standing.rights = FileRights{info.st_mode & 07777, info.st_uid, info.st_gid};
    return standing;
  }
  return SystemError("follow", path, ELOOP);
}

absl::Status KeepRights(int fd, const FileRights& rights, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return SystemError("look at", path, errno);
  // Not everybody may give a file away; the group alone most may.
  bool owner_kept = info.st_uid == rights.owner;
  bool group_kept = info.st_gid == rights.group;
  if (!owner_kept) owner_kept = fchown(fd, rights.owner, static_cast<gid_t>(-1)) == 0;
  if (!group_kept) group_kept = fchown(fd, static_cast<uid_t>(-1), rights.group) == 0;
  mode_t mode = rights.mode;
  if (!group_kept) mode = (mode & ~mode_t{070}) | (mode & mode_t{070} & ((mode & 07) << 3));
  if (!owner_kept || !group_kept) mode &= 0777;
  return fchmod(fd, mode) == 0 ? absl::OkStatus() : SystemError("set the mode of", path, errno);
}

}  // namespace pitser::client
