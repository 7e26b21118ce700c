#include "server/app/control_address.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace pitser::server {

absl::StatusOr<ControlAddress> ControlAddress::In(const std::string& run_dir) {
  const std::string path = absl::StrCat(run_dir, "/", kControlSocketName);
  if (path.size() < sizeof(sockaddr_un::sun_path)) return ControlAddress(path, -1);
  const int folder = open(run_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", run_dir));
  return ControlAddress(absl::StrCat("/proc/self/fd/", folder, "/", kControlSocketName), folder);
}

ControlAddress::~ControlAddress() {
  if (folder_ >= 0) close(folder_);
}

}  // namespace pitser::server
