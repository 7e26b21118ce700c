#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/base/parallel.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/aggregation_chain.h"

namespace pitser::ledger {

// A hash tree over leaves with levels, in the exact shape of spec/ksi-signature.md 8.1 (which is,
// as merges are counted and not levels, the shape of the calendar tree: rows are paired from the
// left and an odd last node rises). Flat arrays, row by row; a chain is read off by index.
// Thread: immutable once built; safe to share.
class HashTree {
 public:
  // Shape:  at least one leaf; leaves may differ in algorithm and level.
  // Errors: kInvalidArgument for no leaf or a level that would pass 255; kUnimplemented when this
  //         build cannot compute `algorithm`.
  // Cost:   one hash an inner node, in batches; about two imprints of memory a leaf. From 16,385
  //         leaves on `run` gets steps of about half a millisecond.
  static absl::StatusOr<HashTree> Build(HashAlgorithm algorithm,
                                        std::span<const LeveledImprint> leaves,
                                        LoopRunner run = RunInOrder);
  // The same over imprints that are joined, with the level of each: as fast as it gets where all
  // are of `algorithm`.
  static absl::StatusOr<HashTree> BuildFromImprints(HashAlgorithm algorithm, Bytes imprints,
                                                    std::span<const Level> levels,
                                                    LoopRunner run = RunInOrder);
  // The same over leaves of level 0 that are digests of `algorithm`, joined: what is fastest.
  // Shape:  a multiple of DigestSize(algorithm).
  static absl::StatusOr<HashTree> BuildFromDigests(HashAlgorithm algorithm, Bytes digests,
                                                   LoopRunner run = RunInOrder);

  std::size_t size() const { return rows_.front().count; }
  const LeveledImprint& root() const { return root_; }
  // What its nodes are hashed with.
  HashAlgorithm algorithm() const { return algorithm_; }
  // A leaf as it was given.   Precondition: index < size().
  LeveledImprint leaf(std::size_t index) const;

  // How many rows there are above the leaves: at most as many links has a chain.
  std::size_t height() const { return rows_.size() - 1; }
  // The link from a node to its parent; nothing for the odd last one of a row, which rises as it
  // is. Row 0 is that of the leaves, and `index` counts from the left: leaf i is below the node
  // i >> row. It views into the tree.
  // Precondition: row < height(), and there is such a node.
  std::optional<AggregationLink> Link(std::size_t row, std::size_t index) const;
  // Appends the links from leaf `index` to the root: none for a tree of one leaf. Folding them from
  // the leaf and its level gives root(). They view into the tree.
  // Precondition: index < size().   Cost: no hash, no allocation beyond `out`'s.
  void AppendLinks(std::size_t index, AggregationLinks& out) const;

 private:
  // A row of nodes: those first .. first + count - 1 of the flat arrays. Row 0 holds the leaves.
  struct Row {
    std::size_t first;
    std::size_t count;
  };
  class NodeHasher;

  HashTree(HashAlgorithm algorithm, std::size_t stride, std::size_t leaves);

  // The whole imprint of a node.
  Bytes Value(std::size_t node) const;
  std::uint8_t* Slot(std::size_t node) { return values_.get() + node * stride_; }

  // Gives room for some leaves: `put` writes leaves [begin, end), values and levels, into the
  // arrays.
  using PutLeaves = std::function<void(HashTree& tree, std::size_t begin, std::size_t end)>;
  absl::Status Fill(const PutLeaves& put, LoopRunner run);
  // Makes all that is over leaves [begin, end), up to row `height`: whole nodes of it, but for
  // the last.
  absl::Status FillAbove(const PutLeaves& put, std::size_t begin, std::size_t end,
                         std::size_t height);
  // Makes nodes [begin, end) of row `row` out of the row below.
  absl::Status MakeNodes(NodeHasher& hasher, std::size_t row, std::size_t begin, std::size_t end);

  HashAlgorithm algorithm_;
  std::size_t stride_;     // Bytes from one value to the next: the longest imprint in the tree.
  bool uniform_ = false;   // All imprints in the tree have stride_ bytes.
  LeveledImprint root_;    // A copy: so that it can be handed out as a whole.
  std::vector<Row> rows_;  // Never empty.
  // Not vectors, which would clear what is written right after.
  std::unique_ptr<std::uint8_t[]> values_;
  std::unique_ptr<Level[]> levels_;
};

// The node over two children, one of which may be metadata content; its level is one more than the
// higher of the two.   Errors: kInvalidArgument beyond level 255; kUnimplemented.
absl::StatusOr<LeveledImprint> JoinNodes(HashAlgorithm algorithm, Bytes left, Level left_level,
                                         Bytes right, Level right_level);

}  // namespace pitser::ledger
