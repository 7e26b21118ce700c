#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/file.h"
#include "ledger/base/bytes.h"

namespace pitser::client {

// A file that has no name until all of it is there. Whatever ends the process before that, kill -9
// too, leaves nothing behind. Where the file system cannot do that (NFS, for one) it has a name of
// nobody else's meanwhile, PATH.tmp-XXXXXX, which a kill leaves behind.
// With `replace` it takes the place of what is there, and what that was stays: mode, owner and
// group as far as this user may give them, and a symbolic link, whose target is replaced. Thread:
// one at a time.
class NewFile {
 public:
  // Errors, of all methods: kAlreadyExists; kFailedPrecondition for what is no regular file and so
  // not replaced; kNotFound, kPermissionDenied (also for a symbolic link of somebody else's),
  // kResourceExhausted (disk full) or kUnknown, naming the file and the system's reason.
  // `named`: with a temporary name even where that is not needed.
  static absl::StatusOr<std::unique_ptr<NewFile>> Create(const std::string& path,
                                                         const WriteOptions& options,
                                                         bool named = false);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // Where it appears: the end of a symbolic link.
  const std::string& path() const { return path_; }
  int fd() const { return fd_; }
  // Its name meanwhile; empty while it has none.
  const std::string& temporary() const { return temporary_; }

  absl::Status Write(ledger::Bytes piece);
  // Has the disk begin with what was written, without waiting for it: what Sync() then waits for is
  // little.
  void StartWriteback();
  // Its content is on disk when it returns OK.
  absl::Status Sync();
  // Gives it its name, in one step. What a power failure then leaves under that name is right only
  // if the content was synced before.
  absl::Status Appear();

 private:
  static absl::StatusOr<std::unique_ptr<NewFile>> Open(const std::string& path,
                                                       const WriteOptions& options, bool named);
  NewFile(const std::string& path, std::string temporary, int fd, const WriteOptions& options)
      : path_(path), temporary_(std::move(temporary)), fd_(fd), options_(options) {}

  const std::string path_;
  std::string temporary_;  // Empty while it has no name.
  const int fd_;
  const WriteOptions options_;
  long long written_ = 0;
  long long started_ = 0;
};

// The names in the folder of `path` are on disk when it returns OK. Errors: as NewFile.
absl::Status SyncFolderOf(const std::string& path);

// All that was written to the file system that the open file `fd` lies on, names too, is on disk
// when it returns OK: `path` is for the message.
absl::Status SyncFileSystemOf(int fd, const std::string& path);

}  // namespace pitser::client
