#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ledger/tree/calendar_tree.h"
#include "rocksdb/db.h"
#include "storage/internal/rocks.h"

namespace pitser::storage::internal {

// Reads nodes of any level from the stored bands: what a chain needs of a band is one tile, one
// seek. For one call (a chain, a root, a plan): tiles stay as they were first read.
// No snapshot is needed: a node that is complete as of a head that was read before never changes,
// and others are not asked for.
// Thread: one.
class TileReader : public ledger::NodeReader {
 public:
  // `db` outlives the reader.
  explicit TileReader(rocksdb::DB& db) : db_(db) {}

  // Errors: kDataLoss; kUnavailable.
  absl::StatusOr<ledger::Imprint> Node(unsigned level, std::uint64_t index) const override;

  // N(level, index) recomputed from what is stored kBand levels below, whatever is stored for it.
  // Precondition: `level` is a positive multiple of kBand.
  absl::StatusOr<ledger::Imprint> Recomputed(unsigned level, std::uint64_t index) const;

 private:
  // The children, kBand levels down, of N((band + 1) * kBand, parent).
  struct Tile {
    unsigned band;
    std::uint64_t parent;
    std::uint32_t present = 0;  // A bit for each slot that is stored.
    std::array<std::optional<ledger::Imprint>, kTileWidth> slots;
  };

  absl::StatusOr<const Tile*> Load(unsigned band, std::uint64_t parent) const;
  static absl::StatusOr<ledger::Imprint> Fold(const Tile& tile, unsigned depth, unsigned first);

  rocksdb::DB& db_;
  mutable std::unique_ptr<rocksdb::Iterator> iterator_;
  mutable std::vector<std::unique_ptr<Tile>> tiles_;
};

// The head record; nothing in a new calendar.   Errors: kDataLoss; kUnavailable.
absl::StatusOr<std::optional<HeadRecord>> ReadHead(rocksdb::DB& db);

}  // namespace pitser::storage::internal
