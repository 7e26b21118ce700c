#pragma once

#include <memory>

#include "absl/status/status.h"
#include "ledger/format/publications_file.h"

namespace pitser::server {

// The publications file that a node hands out: its own (publisher.h), or its parent's.
// Thread: any.
class Publications {
 public:
  virtual ~Publications() = default;

  // The file as it stands; never null. What it says is on disk.
  virtual std::shared_ptr<const ledger::PublicationsFile> file() const = 0;

  // How the newest try to keep it as it should be ended: OK, or why it failed. Except for kDataLoss
  // it is tried again soon.
  virtual absl::Status Health() const { return absl::OkStatus(); }
};

}  // namespace pitser::server
