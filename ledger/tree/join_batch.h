#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hasher.h"
#include "ledger/crypto/imprint.h"

namespace pitser::ledger {

// Many independent nodes, each over two children of its own, as JoinNodes() makes them, but hashed
// in batches. Children may be of any length: metadata's differ.
//   JoinBatch joins(algorithm);
//   for (...) PITSER_RETURN_IF_ERROR(joins.Add(left, right, level, nodes[i]));
//   joins.Finish();
// Thread: one at a time.
class JoinBatch {
 public:
  explicit JoinBatch(HashAlgorithm algorithm) : algorithm_(algorithm) {}

  // `node` is what stands above `left` and `right`, of which the higher has the level `level`;
  // written at the latest by Finish(), until when it may not move. The children are read at once.
  // Errors: kInvalidArgument beyond level 255; kUnimplemented when the build cannot compute the
  //         algorithm.
  // Cost:   no allocation but for the first few lengths that come.
  absl::Status Add(Bytes left, Bytes right, Level level, LeveledImprint& node);

  void Finish();

 private:
  // Messages of one length.
  struct Lane {
    HashBatch batch;
    std::vector<LeveledImprint*> nodes;
  };

  absl::StatusOr<Lane*> LaneFor(std::size_t size);
  void Flush(Lane& lane);

  HashAlgorithm algorithm_;
  std::vector<Lane> lanes_;
  std::size_t oldest_ = 0;  // The lane that gives way to the next length.
};

}  // namespace pitser::ledger
