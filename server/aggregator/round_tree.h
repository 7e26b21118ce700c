#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/base/parallel.h"
#include "ledger/tree/chain_writer.h"
#include "ledger/tree/hash_tree.h"
#include "server/aggregator/aggregator.h"

namespace pitser::server {

// A request, as its round's tree sees it. Views outlive the RoundTree.
struct RoundLeaf {
  ledger::Imprint hash;
  ledger::Level level;
  std::string_view account;
  std::uint64_t request_time_us;  // Microseconds since the Unix epoch.
};

// One round's requests as a hash tree. Each leaf is the request's hash joined with metadata on its
// right; then comes the tree of spec/ksi-signature.md 8.1. The metadata's sequence number is the
// request's number in its round.
// Thread: immutable once built; safe to share.
class RoundTree {
 public:
  // Shape:  at least one leaf.
  // Errors: kInvalidArgument if a level would pass 255.
  // Cost:   two hashes a leaf, in batches. A tree of some thousand leaves gives `run` steps.
  static absl::StatusOr<RoundTree> Build(std::span<const RoundLeaf> leaves,
                                         std::string_view node_name,
                                         ledger::LoopRunner run = ledger::RunInOrder);

  ledger::LeveledImprint root() const { return tree_.root(); }

  // Writes the complete 0x801 elements of its leaves: of each one chain, up to the root. One for
  // each thread; quickest leaf after leaf. Does not outlive the tree.
  class Chains {
   public:
    // `above` is the index of the chain that stands above all of them, empty where none does.
    Chains(const RoundTree& tree, std::uint64_t aggregation_time,
           std::span<const std::uint64_t> above)
        : tree_(tree), writer_(tree.tree_, aggregation_time, above) {}

    // `leaf` as the tree was built with it.
    ledger::ByteVector Of(std::size_t index, const RoundLeaf& leaf, AnswerForm form);

   private:
    const RoundTree& tree_;
    ledger::ChainWriter writer_;
  };

 private:
  // The metadata of kPartLeaves leaves one after the other, the last part's of fewer.
  static constexpr std::size_t kPartLeaves = 4096;
  struct Part {
    ledger::ByteVector metadata;
    std::vector<std::uint32_t> ends;
  };

  RoundTree(std::vector<Part> parts, ledger::HashTree tree)
      : parts_(std::move(parts)), tree_(std::move(tree)) {}

  // Encodes and joins the leaves of a part, `leaves`, of which the first has the number `first`.
  static absl::Status Join(std::span<const RoundLeaf> leaves, std::size_t first,
                           std::string_view node_name, Part& part,
                           std::span<ledger::LeveledImprint> nodes);

  // The content of leaf `index`'s metadata element.
  ledger::Bytes Metadata(std::size_t index) const;

  std::vector<Part> parts_;
  ledger::HashTree tree_;
};

}  // namespace pitser::server
