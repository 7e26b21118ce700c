#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hasher.h"
#include "ledger/crypto/imprint.h"
#include "ledger/tree/chain_writer.h"
#include "ledger/tree/hash_tree.h"
#include "ledger/tree/tree_height.h"

// A tree of a client's own leaves, of which only the root is sent to be signed.
// Source: spec/ksi-signature.md 8.1, 8.2, 8.4; vectors 12.5.
namespace pitser::ledger {

// Blinding masks. A leaf's neighbour, and so what others find in their signatures, is hashed
// together with a mask that nobody can compute without `iv`: data that can be guessed cannot be
// tried out against it.
struct Masking {
  ByteVector iv;     // Random, secret, of this block alone; no signature contains it.
  Imprint previous;  // What the masks go on from: last_node() of the block before, or zero.
};

struct LocalLeaf {
  Imprint hash;
  Level level = 0;      // Of a hash that is a root itself.
  Bytes metadata = {};  // Content, as EncodeMetadata() makes it; empty: none.
};

class LocalBlock;

// Takes leaves one by one. What does not depend on later leaves is hashed at once.
// Thread: one at a time.
class LocalBlockBuilder {
 public:
  struct Options {
    HashAlgorithm algorithm = HashAlgorithm::kSha256;  // Of all nodes.
    std::optional<Masking> masking = {};
    std::size_t max_leaves = std::size_t{1} << 20;  // From 1 to 2^32.
    Level max_level = 255;                          // Of the root.
  };

  // Errors: kInvalidArgument for an algorithm that is not trusted any more, a number of leaves out
  // of range, an iv shorter than a digest, or a previous imprint of another algorithm;
  // kUnimplemented when this build cannot compute the algorithm.
  static absl::StatusOr<LocalBlockBuilder> Create(Options options);

  std::size_t size() const { return offsets_.size(); }

  // The level that the root would have with this leaf as the last one; may be above 255.
  unsigned LevelWith(const LocalLeaf& leaf) const;
  // Whether there is room for it.
  bool Fits(const LocalLeaf& leaf) const;

  // Errors: kResourceExhausted when it does not fit; kInvalidArgument when the algorithm of the
  //         hash is not trusted any more, or the metadata would fail INT-11.
  // Cost:   a hash each for metadata, mask and masked node.
  absl::Status Add(const LocalLeaf& leaf);

  // Builds the tree. Nothing may be done with this afterwards.
  // Errors: kInvalidArgument without leaves.   Cost: a hash a leaf.
  absl::StatusOr<LocalBlock> Build();

 private:
  explicit LocalBlockBuilder(Options options);

  unsigned NodeLevel(const LocalLeaf& leaf) const;
  // Masks `node`: appends the mask to leaves_ and the masked node to nodes_.
  absl::Status AddMasked(Bytes node, Level level);
  Bytes LastNode() const { return Bytes(nodes_).subspan(last_node_); }

  Options options_;
  ByteVector leaves_;                 // Each: level, hash, mask, metadata.
  std::vector<std::size_t> offsets_;  // Of the leaves in it.
  // The leaves as the tree sees them: imprints, joined, and their levels.
  ByteVector nodes_;
  std::vector<Level> levels_;
  std::size_t last_node_ = 0;  // Where it begins.
  TreeHeight height_;
  // With masking: for what is hashed for each leaf, a mask and a node over it.
  std::optional<HashBatch> masks_;
  std::optional<HashBatch> masked_nodes_;
};

// Flat memory: about 140 bytes a leaf, and its metadata.   Thread: immutable; safe to share.
class LocalBlock {
 public:
  std::size_t size() const { return offsets_.size() - 1; }
  // To be signed, with its level.
  const LeveledImprint& root() const { return tree_.root(); }
  // Of the nodes.
  HashAlgorithm algorithm() const { return tree_.algorithm(); }
  // What the masks of the next block go on from: the value of the last masked node, or of the last
  // leaf where there are no masks.
  const Imprint& last_node() const { return last_node_; }

  // A leaf as it was given.   Precondition: index < size().
  LeveledImprint leaf(std::size_t index) const;
  // What the leaf's chain begins with. Views into the block.   Precondition: index < size().
  LeafParts parts(std::size_t index) const;

  // Whether the only leaf is the root: it has no chain, and its signature is the root's.
  bool LeafIsRoot() const;

  // For the chains of leaves, to stand in a signature below the chain with the index `above`:
  //   ChainWriter writer = block.Chains(time, above);
  //   Bytes element = writer.Write(i, block.parts(i));
  // Precondition: not LeafIsRoot(). The block outlives the writer.
  ChainWriter Chains(std::uint64_t aggregation_time, std::span<const std::uint64_t> above) const {
    return ChainWriter(tree_, aggregation_time, above);
  }

 private:
  friend class LocalBlockBuilder;

  LocalBlock(HashTree tree, Imprint last_node, bool masked, ByteVector leaves,
             std::vector<std::size_t> offsets);

  HashTree tree_;
  Imprint last_node_;
  bool masked_;
  ByteVector leaves_;
  std::vector<std::size_t> offsets_;  // One more than there are leaves.
};

}  // namespace pitser::ledger
