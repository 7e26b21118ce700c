#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pitser::server {

// The data folder of a node, held by this process alone.
//   DIR/format     says that it is one, and of which version
//   DIR/lock       who holds it: the process id
//   DIR/calendar/  the calendar's database
//   DIR/last-signed  the newest second that may have been signed (storage/last_signed.h)
//   DIR/genesis    the calendar's first second, as clients are told (server/app/genesis.h)
//   DIR/publications.store  what was published, beside the calendar (publication_store.h)
//   DIR/keys/      private keys, and the accounts with theirs (0700)
//   DIR/trust/     what others trust the node by: certificates and publications file
//   DIR/parent/    in place of calendar/, where the node has a parent: its publications file
//   DIR/run/       the operator's socket (0700)
class DataFolder {
 public:
  // Makes it (0755) if it is missing or empty, else looks whether it is one, and takes the lock.
  // Errors: kFailedPrecondition when it is something else, of a newer version, or held by another
  // process - saying which; kUnavailable when it was replaced meanwhile; kPermissionDenied,
  // kResourceExhausted, ... when the system says so.
  static absl::StatusOr<std::unique_ptr<DataFolder>> Open(const std::string& path);

  // Gives the lock back.
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  // From now on CheckInPlace() looks at `path` too: at the file or folder that is there now. What
  // is not there is not watched.   Thread: before the others.
  void Watch(const std::string& path);

  // Whether the lock, and all that is watched, still are what lies under their paths. Where they
  // are not, somebody removed or replaced the folder or a part of it while the node runs: what is
  // written is lost to the next start, and another process may hold the path.
  // Errors: kUnavailable, naming what is gone and what to do.   Thread: any.
  // Cost:   a look-up of each path.
  absl::Status CheckInPlace() const;

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
  // A file or folder, whatever name it has.
  struct Watched {
    std::string path;
    dev_t device;
    ino_t inode;
  };

  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;  // A file descriptor.
  std::vector<Watched> watched_;
};

}  // namespace pitser::server
