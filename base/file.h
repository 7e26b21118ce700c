#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"

namespace pitser::base {

// Whole files and folders, with what is on disk when a call returns.
// Errors of all: the system's, as absl::ErrnoToStatus() maps it (kNotFound, kPermissionDenied,
// kResourceExhausted for a full disk, ...), naming the path.
// Thread: any, on different paths.

// Errors: kInvalidArgument when there are more than `max_size` bytes, or it is no regular file.
absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t max_size);

// The same for a file that holds a secret.
// Errors: kFailedPrecondition when group or others have any right to it, saying what to do. (Root's
// files may be readable by a group that this process is of.)
absl::StatusOr<std::string> ReadSecretFile(const std::string& path, std::size_t max_size);

// Puts a file in place completely or not at all, whatever happens meanwhile: readers see the old
// bytes or the new ones, and when it returns OK the new ones are on disk. `mode` is exact (the
// umask is not asked). What a crash may leave is `path` with ".tmp" behind it; the next call for
// the same path takes it away.
absl::Status WriteFileDurably(const std::string& path, ledger::Bytes bytes, unsigned mode);

// The same for a file that must not be there yet.
// Errors: kAlreadyExists; what is there stays as it is.
absl::Status WriteNewFileDurably(const std::string& path, ledger::Bytes bytes, unsigned mode);

// Writes at `offset` of a file that is there, whatever lies behind it goes; on disk when it
// returns. A crash may leave any part of it: the reader has to tell.
absl::Status WriteTailDurably(const std::string& path, std::size_t offset, ledger::Bytes bytes);

// Makes a folder of exactly this mode, on disk when it returns; OK when there is a folder already,
// whose mode stays.
absl::Status MakeDirectory(const std::string& path, unsigned mode);

// Moves within one file system, on disk when it returns: atomic, as rename() is.
absl::Status RenameDurably(const std::string& from, const std::string& to);

// Whether something is there. A path that cannot be looked at counts as there: whoever would create
// something in its place must not.
bool Exists(const std::string& path);

}  // namespace pitser::base
