#include "ledger/tree/leaf_chain.h"

#include "ledger/base/status.h"

namespace pitser::ledger {

absl::StatusOr<AggregationHashChain> LeafChain(const HashTree& tree, std::size_t index,
                                               std::uint64_t aggregation_time,
                                               const ChainIndex& above) {
  const LeveledImprint leaf = tree.leaf(index);
  AggregationHashChain chain{.aggregation_time = aggregation_time,
                             .index = above,
                             .input_hash = leaf.imprint,
                             .algorithm = tree.algorithm(),
                             .links = {},
                             .raw = {}};
  tree.AppendLinks(index, chain.links);
  if (chain.links.empty()) {
    return absl::InvalidArgumentError("a tree of one leaf has no chain: its leaf is its root");
  }
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t shape, ShapeOf(chain.links));
  chain.index.push_back(shape);
  // Cannot pass 255: the parent's level is above the leaf's and what is between.
  AggregationLink& first = chain.links.front();
  first.level_correction = static_cast<Level>(first.level_correction + leaf.level);
  return chain;
}

}  // namespace pitser::ledger
