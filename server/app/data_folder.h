#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace pitser::server {

// The data folder of a node, held by this process alone.
//   DIR/format     says that it is one, and of which version
//   DIR/lock       who holds it: the process id
//   DIR/calendar/  the calendar's database
//   DIR/last-signed  the newest second that may have been signed (storage/last_signed.h)
//   DIR/genesis    the calendar's first second, as clients are told (server/app/genesis.h)
//   DIR/keys/      private keys, and the accounts with theirs (0700)
//   DIR/trust/     what others trust the node by: certificates and publications file
//   DIR/parent/    in place of calendar/, where the node has a parent: its publications file
//   DIR/run/       the operator's socket (0700)
class DataFolder {
 public:
  // Makes it (0755) if it is missing or empty, else looks whether it is one, and takes the lock.
  // Errors: kFailedPrecondition when it is something else, of a newer version, or held by another
  // process - saying which; kPermissionDenied, kResourceExhausted, ... when the system says so.
  static absl::StatusOr<std::unique_ptr<DataFolder>> Open(const std::string& path);

  // Gives the lock back.
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string calendar() const { return path_ + "/calendar"; }
  std::string last_signed() const { return path_ + "/last-signed"; }
  std::string genesis() const { return path_ + "/genesis"; }
  std::string keys() const { return path_ + "/keys"; }
  std::string accounts() const { return keys() + "/accounts.json"; }
  // The parent's publications file, in a node that has one.
  std::string parent() const { return path_ + "/parent"; }
  std::string run() const { return path_ + "/run"; }

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;  // A file descriptor.
};

}  // namespace pitser::server
