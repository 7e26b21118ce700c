#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "ledger/tree/calendar_tree.h"
#include "rocksdb/db.h"
#include "storage/internal/rocks.h"
#include "storage/internal/stretch.h"
#include "storage/internal/tile.h"
#include "storage/internal/tile_cache.h"

namespace pitser::storage::internal {

// Reads nodes of any level from the stored bands: what a chain needs of a band is one tile, one
// seek, and where leaves are few, what it needs of the lowest three is their stretch. For one call
// (a chain, a root, a plan): what was read stays as it was first read.
// No snapshot is needed: a node that is complete as of a head that was read before never changes,
// and others are not asked for.
// Thread: one.
class TileReader : public ledger::NodeReader {
 public:
  // `db` outlives the reader.
  explicit TileReader(rocksdb::DB& db) : db_(db) {}
  // Asks `cache` first, which outlives it too, and keeps there what it reads of it. Only for what
  // is complete as of the head `next` - 1, which was read before.
  TileReader(rocksdb::DB& db, const TileCache& cache, std::uint64_t next)
      : db_(db), cache_(&cache), next_(next) {}

  // Errors: kDataLoss; kUnavailable.
  absl::StatusOr<ledger::Imprint> Node(unsigned level, std::uint64_t index) const override;

  // N(level, index) recomputed from what is stored kBand levels below, whatever is stored for it.
  // Precondition: `level` is a positive multiple of kBand.
  absl::StatusOr<ledger::Imprint> Recomputed(unsigned level, std::uint64_t index) const;

 private:
  // The children, kBand levels down, of N((band + 1) * kBand, parent).
  struct Loaded {
    unsigned band;
    std::uint64_t parent;
    const Tile* tile;
    std::unique_ptr<const Tile> own;  // One of the two holds it.
    Cached<Tile> cached;
  };

  struct LoadedStretch {
    std::uint64_t number;
    Cached<Stretch> cached;
  };

  using Slots = absl::InlinedVector<ledger::PlacedNode, kTileWidth>;

  bool MayKeep(unsigned band, std::uint64_t parent) const {
    return cache_ != nullptr && TileCache::IsComplete(band, parent, next_);
  }
  absl::StatusOr<const Tile*> Load(unsigned band, std::uint64_t parent) const;
  // What is in the cache; null if it is not.
  const Tile* Find(unsigned band, std::uint64_t parent) const;
  // Where the leaves are few and may be kept: they. Null: they are many, or not all there yet.
  absl::StatusOr<const Stretch*> LoadStretch(std::uint64_t number) const;
  absl::StatusOr<const Tile*> Add(unsigned band, std::uint64_t parent, Tile tile) const;
  const Tile* Add(Loaded loaded) const {
    tiles_.push_back(std::move(loaded));
    return tiles_.back().tile;
  }
  // What is stored of the `width` nodes of a band's lowest level from `first` on, numbered from
  // there, ascending: `most` at most.
  static absl::StatusOr<Slots> Read(rocksdb::Iterator& iterator, unsigned band, std::uint64_t first,
                                    unsigned width, std::size_t most);
  // The one at `place`, made when it is needed first.
  rocksdb::Iterator& IteratorOf(std::unique_ptr<rocksdb::Iterator>& place, bool keeps_blocks) const;

  rocksdb::DB& db_;
  const TileCache* const cache_ = nullptr;
  const std::uint64_t next_ = 0;
  mutable std::unique_ptr<rocksdb::Iterator> kept_;  // The blocks that it reads stay in the cache.
  mutable std::unique_ptr<rocksdb::Iterator> once_;  // They don't.
  mutable std::vector<Loaded> tiles_;
  mutable std::vector<LoadedStretch> stretches_;
};

// The head record; nothing in a new calendar.   Errors: kDataLoss; kUnavailable.
absl::StatusOr<std::optional<HeadRecord>> ReadHead(rocksdb::DB& db);

}  // namespace pitser::storage::internal
