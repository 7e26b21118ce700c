#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/format/signature.h"
#include "ledger/tree/local_block.h"
#include "ledger/tree/root_tail.h"

namespace pitser::client {

// Signatures of leaves that follow each other, in one piece of memory.
class SignatureRun {
 public:
  std::size_t first() const { return first_; }  // Which leaf of its block the run begins with.
  std::size_t size() const { return ends_.size(); }
  // The signature of leaf first() + `i`, self-contained.   Precondition: i < size().
  ledger::Bytes signature(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return ledger::Bytes(bytes_).subspan(begin, ends_[i] - begin);
  }

 private:
  friend class SignedBlock;

  std::size_t first_ = 0;
  ledger::ByteVector bytes_;
  std::vector<std::size_t> ends_;
};

// Gets a run that is there for the call only. An error stops all further work and is returned.
using RunVisitor = std::function<absl::Status(const SignatureRun& run)>;

// A tree whose root is signed: makes the signature of each leaf, verified before it is handed out.
// Thread: immutable; safe to share.
class SignedBlock {
 public:
  // Errors: kInvalidArgument when `root` is not a signature of the block's root and its level;
  // kFailedPrecondition when nothing can stand below it.
  static absl::StatusOr<SignedBlock> Create(ledger::LocalBlock block, ledger::Signature root,
                                            std::optional<ledger::Masking> masking);

  std::size_t size() const { return block_.size(); }
  const ledger::LocalBlock& block() const { return block_; }
  // The signature of the root, as the server gave it.
  const ledger::Signature& root() const { return root_; }
  // Of the nodes.
  ledger::HashAlgorithm algorithm() const { return block_.algorithm(); }
  // What the masks were made with, to make the same tree again. Secret.
  const std::optional<ledger::Masking>& masking() const { return masking_; }

  // The client id of a leaf; empty for none.   Precondition: index < size().
  std::string ClientIdOf(std::size_t index) const;

  enum class Order {
    kAscending,  // On this thread, one run after the other.
    kAny,        // On the threads that make them, several at once.
  };
  // Makes and verifies all signatures on `threads` threads (0: as many as there are cores) and
  // shows them to `visit`. Memory: a few MiB a thread, however many leaves there are.
  // Errors: the visitor's; kInternal for a signature that does not verify.
  // Cost:   two hashes a link; no call to anybody.
  absl::Status Visit(Order order, unsigned threads, const RunVisitor& visit) const;

  // The signature of one leaf.   Precondition: index < size(). Errors: kInternal.
  absl::StatusOr<ledger::ByteVector> SignatureOf(std::size_t index) const;

 private:
  class Maker;
  class Pipeline;

  SignedBlock(ledger::LocalBlock block, ledger::Signature root, ledger::RootTail tail,
              std::optional<ledger::Masking> masking);

  ledger::LocalBlock block_;
  ledger::Signature root_;
  ledger::RootTail tail_;  // Not used when the only leaf is the root.
  std::optional<ledger::Masking> masking_;
};

}  // namespace pitser::client
