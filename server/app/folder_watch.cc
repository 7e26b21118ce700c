#include "server/app/folder_watch.h"

#include "base/file.h"
#include "base/log.h"

namespace pitser::server {

void FolderWatch::Look() {
  if (lost_) return;
  if (const absl::Status in_place = folder_->CheckInPlace(); !in_place.ok()) {
    lost_ = true;
    base::LogError("data_folder_lost", {{"reason", in_place}});
    if (on_lost_ != nullptr) on_lost_(in_place);
    return;
  }
  // Keys and certificates are in memory, and what is signed with them is good; but this process is
  // the last to have them.
  for (const std::string& path : {folder_->keys(), folder_->path() + "/trust"}) {
    if (!base::Exists(path)) {
      if (missing_.insert(path).second) {
        base::LogError("data_folder_part_missing",
                       {{"path", path}, {"do", "put it back before the next start"}});
      }
    } else if (missing_.erase(path) > 0) {
      base::LogInfo("data_folder_part_back", {{"path", path}});
    }
  }
}

}  // namespace pitser::server
