#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/tree/hash_tree.h"

namespace pitser::ledger {

// The chain from a leaf of `tree` to its root, ready to stand in a signature below the chains that
// lead on from that root. `above` is the chain index of the lowest of those.
// The leaf's level is in the level correction of the first link, so that the signature verifies
// from level 0; the chain above then has no level of its own in its first link, because levels go
// on from chain to chain.
// Shape:  index < tree.size(). `above` may be empty: then the tree's root is the whole's.
// Errors: kInvalidArgument for a tree of one leaf: it has no link, and its signature is the root's.
// Life:   the result views into the tree.   Cost: no hash.
// Source: spec/ksi-signature.md 4.4, 8.4.
absl::StatusOr<AggregationHashChain> LeafChain(const HashTree& tree, std::size_t index,
                                               std::uint64_t aggregation_time,
                                               const ChainIndex& above);

}  // namespace pitser::ledger
