#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/chain_encoder.h"
#include "ledger/tree/hash_tree.h"

namespace pitser::ledger {

// What a leaf's chain has below the tree, and starts with: views. A tree's leaf is the hash itself,
// or the hash with metadata joined to its right, or a mask and then either.
struct LeafParts {
  Bytes hash;           // What is signed: a whole imprint.
  Level level = 0;      // Its height: goes into the level correction of the first link.
  Bytes metadata = {};  // Content, as EncodeMetadata() makes it; empty: none.
  Bytes mask = {};      // A whole imprint; empty: none.
};

// The chains from leaves of a tree to its root as bytes, each ready to stand in a signature below
// the chains that lead on from that root. Leaf after leaf: from one to the next only the links
// below their first common ancestor are others, two on average, and what is above stays as it was
// written.
// The leaf's level is in the level correction of the first link, so that the signature verifies
// from level 0; the chain above then has no level of its own in its first link, because levels go
// on from chain to chain.
// Thread: one at a time; any number of writers over one tree at once, each for leaves of its own.
// Source: spec/ksi-signature.md 4.4, 8.2, 8.4.
class ChainWriter {
 public:
  // `above` is the chain index of the lowest chain that stands above; it may be empty: then the
  // tree's root is the whole's. `tree` outlives this.   Cost: two allocations or three.
  ChainWriter(const HashTree& tree, std::uint64_t aggregation_time,
              std::span<const std::uint64_t> above);

  // The 0x801 element of leaf `index`; the leaf's own value is what is signed.
  // Life:   until the next call.
  // Precondition: index < tree.size(), which is more than one: a single leaf has no link, and its
  // signature is the root's.
  // Cost:   a copy for each link that the leaf before did not have; no hash. In any order.
  Bytes Write(std::size_t index);
  // The same of a leaf that was made of `parts`; with a mask or metadata also of a single leaf.
  // Precondition: parts.level is the leaf's or lower, by one for each of mask and metadata.
  Bytes Write(std::size_t index, const LeafParts& parts);

 private:
  // What is above a node on the path from the leaf to the root.
  struct Above {
    std::size_t size;     // Of the links, as bytes.
    std::uint64_t shape;  // Their ShapeOf().
  };

  // Makes path_ that of leaf `index`, the lowest link with `level` on top of its level correction.
  void Climb(std::size_t index, Level level);

  const HashTree& tree_;
  AggregationChainEncoder encoder_;
  std::optional<std::size_t> written_;  // The leaf whose path it is.
  std::vector<Above> path_;             // By row; the last is the root, with nothing above.
};

}  // namespace pitser::ledger
