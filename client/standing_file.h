#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// What stands where a file is to be put in place of it. For this library's sources only.
namespace pitser::client {

// Whose a file is and what may be done with it.
struct FileRights {
  mode_t mode;  // Permissions alone.
  uid_t owner;
  gid_t group;
};

struct StandingFile {
  std::string path;                  // Where a symbolic link leads in the end.
  std::optional<FileRights> rights;  // Of the file there, if there is one.
};

// Errors: kFailedPrecondition when it is no regular file; kPermissionDenied for a link that belongs
// neither to this user, nor to root, nor to whom its folder belongs (where everybody may write, it
// may have been laid for us); kUnknown for links without an end, and the system's.
absl::StatusOr<StandingFile> LookAtStanding(const std::string& path);

// Gives the open file `fd` these rights. What cannot be kept is not widened: where the group stays
// another, it gets what everybody had.
absl::Status KeepRights(int fd, const FileRights& rights, const std::string& path);

}  // namespace pitser::client
