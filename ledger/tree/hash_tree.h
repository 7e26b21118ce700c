#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/aggregation_chain.h"

namespace pitser::ledger {

// A hash tree over leaves with levels, in the exact shape of spec/ksi-signature.md 8.1 (which is,
// as merges are counted and not levels, the shape of the calendar tree: rows are paired from the
// left and an odd last node rises). Flat arrays, row by row; a chain is read off by index.
// Immutable once built; safe to share.
class HashTree {
 public:
  // Shape:  at least one leaf.
  // Errors: kInvalidArgument for no leaf or a level that would pass 255; kUnimplemented.
  // Cost:   one hash an inner node.
  static absl::StatusOr<HashTree> Build(HashAlgorithm algorithm,
                                        std::span<const LeveledImprint> leaves);

  std::size_t size() const;
  LeveledImprint root() const;

  // Appends the links from leaf `index` to the root: none for a tree of one leaf. They view into
  // the tree. Precondition: index < size().
  void AppendLinks(std::size_t index, AggregationLinks& out) const;
};

// The node over two children, one of which may be metadata content; its level is one more than the
// higher of the two.   Errors: kInvalidArgument beyond level 255; kUnimplemented.
absl::StatusOr<LeveledImprint> JoinNodes(HashAlgorithm algorithm, Bytes left, Level left_level,
                                         Bytes right, Level right_level);

}  // namespace pitser::ledger
