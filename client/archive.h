#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/file.h"
#include "ledger/base/bytes.h"

namespace pitser::client {

enum class ArchiveFormat {
  kTar,  // GNU's: names of any length and any bytes, read by every tar.
  kZip,  // Not compressed: hashes do not shrink. With names in UTF-8, in ZIP64 where it takes that.
};

// Writes many small files as one archive, piece by piece: nobody has to seek in it.
// Memory: one buffer for a tar; some 100 bytes and the name for each entry of a ZIP, whose
// directory comes last.   Thread: one at a time.
class ArchiveWriter {
 public:
  // `sink` gets the archive's bytes, in large pieces; its errors become those of the call.
  static absl::StatusOr<std::unique_ptr<ArchiveWriter>> Create(ArchiveFormat format, ByteSink sink);

  // Without Finish() the archive is cut off.
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // A file that everybody may read and its owner write. `time`: Unix seconds, of its last change.
  // Errors: the sink's; kInvalidArgument for a name that the format cannot hold: no UTF-8 in a ZIP.
  // What was added before is as it was, then.
  absl::Status Add(const std::string& name, ledger::Bytes content, std::uint64_t time);

  // Errors: the sink's. Nothing may be added afterwards.
  absl::Status Finish();

 private:
  struct State;
  explicit ArchiveWriter(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace pitser::client
