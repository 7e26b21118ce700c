#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/file.h"
#include "client/leaf_run.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/publication.h"

// Files of calendar leaves: what `pitser calendar leaves -o` writes and `pitser audit` replays. The
// format is in docs/protocol.md; a checksum guards it against accidents, not against people.
namespace pitser::client {

struct LeavesFileHeader {
  std::uint64_t first_time = 0;  // The first second of the file.
  std::uint64_t made_at = 0;     // By the maker's clock, Unix seconds.
  std::string server;            // Where the leaves came from, for people; at most 255 bytes.
};

// Writes one, piece by piece.   Thread: one at a time.
class LeavesFileWriter {
 public:
  // Errors of the methods: the sink's.
  explicit LeavesFileWriter(ByteSink sink);

  absl::Status Begin(const LeavesFileHeader& header);
  // Runs must follow each other without a hole, from the header's first second on.
  absl::Status Add(const LeafRun& run);
  // `head`: the calendar root that the server told for the last second of the file, if it did.
  absl::Status Finish(const std::optional<ledger::PublicationData>& head);

 private:
  absl::Status Flush();

  const ByteSink sink_;
  ledger::StreamHasher hasher_;
  ledger::ByteVector buffer_;  // Not yet given to the sink.
};

// What a file ends with.
struct LeavesFileEnd {
  std::uint64_t next = 0;  // The second after its last.
  std::optional<ledger::PublicationData> head;
};

// Reads one: calls `begin` once, then `visit` for each run. What was visited is only known to be
// what was written when this returns OK, for the checksum stands at the end.
// Memory: does not depend on the file.
// Errors: kInvalidArgument, naming the offset, when it is no such file, is of a newer version, is
// cut short, has bytes left over or a wrong checksum; the source's and the callbacks'.
absl::StatusOr<LeavesFileEnd> ReadLeavesFile(
    const ByteSource& source, const std::function<absl::Status(const LeavesFileHeader&)>& begin,
    const LeafVisitor& visit);

}  // namespace pitser::client
