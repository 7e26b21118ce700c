#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"

namespace pitser::client {

// The name that means standard input or standard output.
inline constexpr std::string_view kStandardStream = "-";

// All bytes of a file, or of standard input for "-" and "/dev/stdin" (and of what the process was
// given as "/dev/fd/N").
// Errors: kInvalidArgument, naming the limit, when it has more than `max_bytes`;
// kFailedPrecondition for a folder, a named pipe, a socket or a device, without waiting for it;
// kNotFound, kPermissionDenied or kUnknown, naming the file and the system's reason.
absl::StatusOr<ledger::ByteVector> ReadFile(const std::string& path, std::size_t max_bytes);

// Called now and then with the bytes done so far and the size, 0 when that is not known.
using HashProgress = std::function<void(std::uint64_t done, std::uint64_t size)>;

// What to do about a file that is written to, or replaced by another, while it is read: a hash of
// half the old content and half the new is of nothing that ever was.
enum class WhileRead { kMustNotChange, kMayChange };

// The imprint of a file's content, or of standard input for "-", read as a stream through a buffer
// of fixed size: memory does not depend on the size of the file.
// Errors: as ReadFile(); kAborted when it has changed meanwhile and must not; kUnimplemented when
// the build cannot compute the algorithm.
absl::StatusOr<ledger::Imprint> HashFile(const std::string& path, ledger::HashAlgorithm algorithm,
                                         const HashProgress& progress = {},
                                         WhileRead while_read = WhileRead::kMustNotChange);

// Where bytes come from and go to, piece by piece. A source fills as much as it likes of the buffer
// and returns 0 at the end only.
using ByteSource = std::function<absl::StatusOr<std::size_t>(std::span<std::uint8_t>)>;
using ByteSink = std::function<absl::Status(ledger::Bytes)>;

// The content of a file or a pipe that somebody writes to, or of standard input for "-".
// Errors: kNotFound, kPermissionDenied or kUnknown, naming the file and the system's reason.
absl::StatusOr<ByteSource> OpenSource(const std::string& path);

struct WriteOptions {
  bool replace = false;  // Otherwise an existing file is left alone: kAlreadyExists.
  unsigned mode = 0644;  // Less the umask; of a new file. One that is replaced keeps its mode.
};

// Writes a file so that it appears complete or not at all, also when the power fails: it is synced
// before it gets its name (new_file.h). Replacing a file keeps its mode, its owner as far as this
// user may, and a symbolic link, whose target is replaced. Unlike base::WriteFileDurably(), which
// owns the folders it writes to, it works in other people's folders: its temporary name is nobody
// else's, and it can leave alone what is there. Errors: kAlreadyExists; kFailedPrecondition when
// what is there is no regular file; kNotFound, kPermissionDenied, kResourceExhausted (disk full) or
// kUnknown, naming the file and the system's reason. Nothing is left behind.
absl::Status WriteFile(const std::string& path, ledger::Bytes content, const WriteOptions& options);

class NewFile;

// A file that is too long to be held in memory, written like WriteFile() writes.
// Thread: one at a time, and one file at a time in a process (RemoveUnfinishedFile()).
class FileWriter {
 public:
  // Errors, of all methods: those of WriteFile().
  static absl::StatusOr<std::unique_ptr<FileWriter>> Create(const std::string& path,
                                                            const WriteOptions& options);
  // Without Commit() nothing is left behind.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  absl::Status Write(ledger::Bytes piece);
  // The file is there, and on disk, when it returns OK. Nothing may be written afterwards.
  absl::Status Commit();

 private:
  explicit FileWriter(std::unique_ptr<NewFile> file);

  std::unique_ptr<NewFile> file_;
};

// Removes the temporary file that WriteFile() or a FileWriter is at work on where a file must have
// a name from the beginning, if any. For signal handlers.
void RemoveUnfinishedFile();

// Whether two names mean one existing file.
bool SameFile(const std::string& a, const std::string& b);
bool FileExists(const std::string& path);

}  // namespace pitser::client
