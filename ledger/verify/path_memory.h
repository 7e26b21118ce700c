#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "ledger/format/aggregation_chain.h"
#include "ledger/format/signature.h"

namespace pitser::ledger::internal {

// The path of the chain that was folded last, from its leaf to its end: the next one is only folded
// up to where it comes upon it. Thread: one at a time.
class PathMemory {
 public:
  // What FoldAggregationLinks() gives for the chain from level 0. Where its last links are, byte
  // for byte, those of the chain that is kept, and the node below them is too, so is the end.
  // Nothing where that has an error.
  std::optional<LeveledImprint> Fold(const AggregationHashChain& chain);

  // Keeps the chain that was folded last, the one chain of this signature.
  void Keep(Signature signature);

 private:
  std::optional<Signature> kept_;
  // The node after each link of the kept chain, and of the one that was folded last: the end first.
  std::vector<LeveledImprint> nodes_, folded_;
  std::size_t shared_ = 0;  // How many nodes the two share.
};

}  // namespace pitser::ledger::internal
