#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/ledger.h"
#include "client/signed_block.h"
#include "ledger/tree/local_block.h"

namespace pitser::client {

// Leaves of a tree at most. Such a tree takes some 250 MiB while it is built.
inline constexpr std::size_t kMaxBlockLeaves = std::size_t{1} << 20;
inline constexpr std::size_t kMaxClientIdSize = 1024;

struct BlockSignerOptions {
  ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256;  // Of the trees' nodes.
  // Without masks, whoever holds a signature of a leaf has a hash of its neighbour, too, to try
  // guesses out against: docs/issuer.md.
  bool masks = true;
  std::size_t max_leaves = kMaxBlockLeaves;  // From 1 to kMaxBlockLeaves.
  // Fills with bytes that nobody can guess; empty: the system's.
  std::function<void(std::span<std::uint8_t>)> random = {};
};

struct BlockLeaf {
  ledger::Imprint hash;
  ledger::Level level = 0;     // Of a hash that is a root itself.
  std::string client_id = {};  // Says whose it is, for ever and in plain; empty: nothing.
};

// Signs many hashes by trees of the client's own: the ledger is sent nothing but the roots, a call
// for each tree, and what it takes and costs does not depend on the number of leaves.
// Thread: one at a time.
class BlockSigner {
 public:
  // Asks the server how high a tree it takes. `ledger` outlives this.
  // Errors: those of Ledger; kInvalidArgument for options out of range; kFailedPrecondition when
  // the server takes no trees.
  static absl::StatusOr<std::unique_ptr<BlockSigner>> Create(Ledger& ledger,
                                                             BlockSignerOptions options);

  // Leaves that are not signed yet.
  std::size_t size() const;
  // Whether the tree has room for the leaf; an empty one may be too low for it even so.
  bool Fits(const BlockLeaf& leaf) const;
  // Errors: kResourceExhausted when it does not fit: Sign() first. kInvalidArgument for a hash of
  // an algorithm that is not trusted any more, or a client id that is no UTF-8, has zero bytes or
  // more than kMaxClientIdSize bytes. Nothing has changed then.
  absl::Status Add(const BlockLeaf& leaf);

  // Has the root signed, and begins the next tree. Waits until the round is over: about a second.
  // Errors: those of Ledger::Sign(); the leaves are still there, and it may be called again, but no
  // leaf may be added before that. kInvalidArgument without leaves.
  absl::StatusOr<SignedBlock> Sign();

  // Has the masks go on from a tree that was signed before, by its last_node(): those of the next
  // tree do so anyway.   Precondition: size() is 0.
  void GoOnFrom(const ledger::Imprint& last_node);

  // Gets the place of a leaf among those that were given, and its signature for the call only.
  using LeafVisitor = std::function<absl::Status(std::size_t index, ledger::Bytes signature)>;
  // Signs all of them, by as many trees as it takes, and shows the signatures in their order on
  // this thread, those of a tree as soon as it is signed.   Precondition: size() is 0.
  // Errors: those of Add() and Sign(), and the visitor's; what was visited is signed.
  absl::Status SignLeaves(std::span<const BlockLeaf> leaves, const LeafVisitor& visit);

 private:
  BlockSigner(Ledger& ledger, BlockSignerOptions options, ledger::Level max_level);

  absl::Status Begin();

  Ledger& ledger_;
  const BlockSignerOptions options_;
  const ledger::Level max_level_;
  std::optional<ledger::Imprint> previous_;  // Where the masks go on; nothing: they begin.
  std::optional<ledger::Masking> masking_;   // Of the tree at hand.
  std::unique_ptr<ledger::LocalBlockBuilder> builder_;  // Null while `built_` waits.
  std::optional<ledger::LocalBlock> built_;             // Whose root is not signed yet.
};

// The tree that was signed before, made again from its leaves: what a program does that was stopped
// between signing and writing.
// Errors: kInvalidArgument when `root` does not belong to these leaves.
absl::StatusOr<SignedBlock> RestoreBlock(std::span<const BlockLeaf> leaves,
                                         ledger::HashAlgorithm algorithm,
                                         std::optional<ledger::Masking> masking,
                                         ledger::Signature root);

}  // namespace pitser::client
