#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "rocksdb/env.h"

namespace pitser::storage::internal {

// The folder a path lies in: "." for a bare name.
std::string FolderOf(const std::string& path);

// Makes names created, renamed or deleted in `folder` durable.
absl::Status SyncFolder(rocksdb::Env& env, const std::string& folder);

// Creates the folder if it is missing, durably. Its parent must exist.
absl::Status MakeFolder(rocksdb::Env& env, const std::string& folder);

// Whether so much is free on the folder's disk; yes where it cannot be told.
// Errors: kResourceExhausted, saying how much there is.
absl::Status CheckRoom(rocksdb::Env& env, const std::string& folder, std::uint64_t needed);

// Bytes of the write-ahead logs of the database in `folder`: what opening it writes out as tables.
std::uint64_t LogBytes(rocksdb::Env& env, const std::string& folder);

// Writes a file that appears complete and durable, or not at all.
absl::Status WriteWholeFile(rocksdb::Env& env, const std::string& path, ledger::Bytes content);

// A lock file, held until destroyed or until the process ends, however it ends.
class FolderLock {
 public:
  // Errors: kFailedPrecondition, in one clear line, when it is held already.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(rocksdb::Env& env,
                                                          const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  FolderLock(rocksdb::Env& env, rocksdb::FileLock* lock) : env_(env), lock_(lock) {}
  rocksdb::Env& env_;
  rocksdb::FileLock* const lock_;
};

}  // namespace pitser::storage::internal
