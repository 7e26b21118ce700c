#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "ledger/tree/calendar_tree.h"
#include "storage/internal/rocks.h"

namespace pitser::storage::internal {

// A stored node and the levels between it and the stored ones kBand levels below: what one seek
// reads. Empty nodes take no room. The levels that are not stored are computed when they are asked
// for, or all at once in one that is to be kept.
// Thread: immutable.
class Tile {
 public:
  // Place i is child i, kBand levels below N((band + 1) * kBand, ...), of kTileWidth.
  using Slot = ledger::PlacedNode;

  // `slots` are the children that are stored, ascending.
  static Tile Make(unsigned band, std::span<const Slot> slots);
  // The same with all nodes of it.
  // Errors: kUnimplemented when a leaf's algorithm cannot be computed.   Cost: 15 hashes at most.
  absl::StatusOr<Tile> Expanded() const;

  // The node `depth` levels above the slots, the `place`-th from the left.
  // Precondition: depth <= kBand, place < kTileWidth >> depth.
  // Errors: as Expanded().   Cost: in one that is expanded none, else a hash a node below it.
  absl::StatusOr<ledger::Imprint> Node(unsigned depth, unsigned place) const;

  // How many slots are not empty.
  unsigned slots() const {
    return static_cast<unsigned>(std::popcount(present_ & ((1U << kTileWidth) - 1)));
  }

  // What it takes in memory.
  std::size_t bytes() const { return sizeof(*this) + values_.capacity(); }

 private:
  explicit Tile(unsigned band) : band_(band) {}

  // Nodes are numbered from the slots upwards.
  static constexpr unsigned Number(unsigned depth, unsigned place) {
    return 2 * kTileWidth - (2 * kTileWidth >> depth) + place;
  }
  bool Has(unsigned number) const { return (present_ >> number & 1) != 0; }
  void Put(std::span<const std::optional<ledger::Imprint>> nodes);
  ledger::Imprint Value(unsigned number) const;

  unsigned band_;
  bool expanded_ = false;
  std::uint32_t present_ = 0;  // A bit for each node that is in values_.
  std::uint8_t stride_ = 0;    // Of values_: the longest imprint.
  ledger::ByteVector values_;  // Imprints in the order of their numbers.
};

}  // namespace pitser::storage::internal
