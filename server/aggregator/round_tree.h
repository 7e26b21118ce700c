#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/tree/hash_tree.h"
#include "server/aggregator/aggregator.h"

namespace pitser::server {

// What a round keeps of a request. Views outlive the RoundTree.
struct RoundLeaf {
  ledger::Imprint hash;
  ledger::Level level;
  std::string_view account;
  std::uint64_t request_time_us;  // Microseconds since the Unix epoch.
};

// One round's requests as a hash tree. Each leaf is the request's hash joined with metadata on its
// right; then comes the tree of spec/ksi-signature.md 8.1. The metadata's sequence number is the
// request's number in its round.
// Thread: immutable once built.
class RoundTree {
 public:
  // Shape:  at least one leaf.
  // Errors: kInvalidArgument if a level would pass 255.
  // Cost:   two hashes a leaf.
  static absl::StatusOr<RoundTree> Build(std::span<const RoundLeaf> leaves,
                                         std::string_view node_name);

  ledger::LeveledImprint root() const { return tree_.root(); }

  // The complete 0x801 element of leaf `index`: one chain, up to the root. `above` is the index of
  // the chain that stands above it, empty where none does.
  // Errors: kInvalidArgument if the level correction of the first link would pass 255.
  absl::StatusOr<ledger::ByteVector> Chain(std::size_t index, const RoundLeaf& leaf,
                                           AnswerForm form, std::uint64_t aggregation_time,
                                           std::span<const std::uint64_t> above) const;

 private:
  RoundTree(ledger::ByteVector metadata, std::vector<std::size_t> metadata_ends,
            ledger::HashTree tree)
      : metadata_(std::move(metadata)),
        metadata_ends_(std::move(metadata_ends)),
        tree_(std::move(tree)) {}

  // The content of leaf `index`'s metadata element.
  ledger::Bytes Metadata(std::size_t index) const;

  ledger::ByteVector metadata_;  // All leaves' joined.
  std::vector<std::size_t> metadata_ends_;
  ledger::HashTree tree_;
};

}  // namespace pitser::server
