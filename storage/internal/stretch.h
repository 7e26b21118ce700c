#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "ledger/tree/calendar_tree.h"
#include "storage/internal/rocks.h"

namespace pitser::storage::internal {

// The leaves of kSeconds seconds, for where few of them have one: all levels of three bands from
// one seek, and in a third of the room of their tiles. What lies above a leaf is computed when it
// is asked for, but for one level that is kept, so that it is a few hashes.
// Thread: immutable.
class Stretch {
 public:
  // Its nodes are those of all levels below this one.
  static constexpr unsigned kLevels = 3 * kBand;
  static constexpr unsigned kSeconds = 1U << kLevels;
  // With more leaves than that their tiles are the shorter way.
  static constexpr std::size_t kFew = 128;

  // `leaves` are placed by their second in the stretch, ascending: the first kFew + 1 do. If they
  // are not few, nothing of them is kept.
  // Errors: kUnimplemented when a leaf's algorithm cannot be computed.
  // Cost:   at most 9 hashes a leaf.
  static absl::StatusOr<Stretch> Make(std::span<const ledger::PlacedNode> leaves);

  bool few() const { return few_; }

  // The node of a level below kLevels, the `place`-th from the left.
  // Precondition: few(), place < kSeconds >> level.   Errors: as Make().
  absl::StatusOr<ledger::Imprint> Node(unsigned level, unsigned place) const;

  // What it takes in memory.
  std::size_t bytes() const { return sizeof(*this) + records_.capacity(); }

 private:
  // The level that is kept: above it are few nodes, below it few leaves.
  static constexpr unsigned kKeptLevel = 9;

  void Put(std::span<const ledger::PlacedNode> nodes);
  ledger::PlacedNode At(std::size_t record) const;
  // The first record of [begin, end) whose place is not below `place`.
  std::size_t Find(std::size_t begin, std::size_t end, unsigned place) const;

  bool few_ = true;
  std::uint8_t stride_ = 0;     // Of records_.
  std::uint16_t leaves_ = 0;    // Records of leaves; those of the level that is kept follow.
  ledger::ByteVector records_;  // A place (2 bytes) and an imprint each, by place.
};

}  // namespace pitser::storage::internal
