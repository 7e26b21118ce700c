#pragma once

#include <functional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "server/app/data_folder.h"

namespace pitser::server {

// Looks after the data folder of a running node: what signing rests on must be in place
// (DataFolder::CheckInPlace), and what only the next start needs is told when it is gone.
// Thread: one.
class FolderWatch {
 public:
  // `on_lost`: see Environment::on_folder_lost; null: nothing is called. `folder` outlives this.
  FolderWatch(const DataFolder* folder, std::function<void(const absl::Status&)> on_lost)
      : folder_(folder), on_lost_(std::move(on_lost)) {}

  // Logs: data_folder_lost; data_folder_part_missing and data_folder_part_back, once each time.
  void Look();

 private:
  const DataFolder* const folder_;
  const std::function<void(const absl::Status&)> on_lost_;
  bool lost_ = false;
  std::set<std::string> missing_;
};

}  // namespace pitser::server
