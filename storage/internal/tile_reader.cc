#include "storage/internal/tile_reader.h"

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::storage::internal {

using ledger::Imprint;

absl::StatusOr<Imprint> TileReader::Node(unsigned level, std::uint64_t index) const {
  const unsigned depth = level % kBand;
  const unsigned below = kBand - depth;  // Levels from here to the tile's parent.
  PITSER_ASSIGN_OR_RETURN(const Tile* tile, Load(level / kBand, index >> below));
  return tile->Node(depth, static_cast<unsigned>(index & ((std::uint64_t{1} << below) - 1)));
}

absl::StatusOr<Imprint> TileReader::Recomputed(unsigned level, std::uint64_t index) const {
  PITSER_ASSIGN_OR_RETURN(const Tile* tile, Load(level / kBand - 1, index));
  return tile->Node(kBand, 0);
}

absl::StatusOr<const Tile*> TileReader::Load(unsigned band, std::uint64_t parent) const {
  for (const Loaded& loaded : tiles_) {
    if (loaded.band == band && loaded.parent == parent) return loaded.tile;
  }
  const bool may_keep = cache_ != nullptr && TileCache::IsComplete(band, parent, next_);
  if (may_keep) {
    if (Cached<Tile> cached = cache_->FindTile(band, parent); cached.get() != nullptr) {
      const Tile* const tile = cached.get();
      tiles_.push_back({band, parent, tile, nullptr, std::move(cached)});
      return tile;
    }
  }
  PITSER_ASSIGN_OR_RETURN(Tile read, Read(band, parent));
  if (may_keep && TileCache::IsWorthIt(band, read)) {
    PITSER_ASSIGN_OR_RETURN(Tile expanded, read.Expanded());
    Cached<Tile> cached = cache_->Keep(band, parent, std::move(expanded));
    const Tile* const tile = cached.get();
    tiles_.push_back({band, parent, tile, nullptr, std::move(cached)});
    return tile;
  }
  auto own = std::make_unique<const Tile>(std::move(read));
  const Tile* const tile = own.get();
  tiles_.push_back({band, parent, tile, std::move(own), {}});
  return tile;
}

absl::StatusOr<Tile> TileReader::Read(unsigned band, std::uint64_t parent) const {
  if (iterator_ == nullptr) iterator_.reset(db_.NewIterator(rocksdb::ReadOptions()));
  const unsigned level = band * kBand;
  const std::uint64_t first = parent << kBand;
  absl::InlinedVector<Tile::Slot, kTileWidth> slots;
  for (iterator_->Seek(NodeKey(level, first)); iterator_->Valid(); iterator_->Next()) {
    const std::optional<std::uint64_t> index = IndexOfKey(level, iterator_->key());
    if (!index || *index - first >= kTileWidth) break;
    auto value = Imprint::Parse(ToBytes(iterator_->value()));
    if (!value.ok()) {
      return absl::DataLossError(
          absl::StrFormat("calendar node (%d, %d): %s", level, *index, value.status().message()));
    }
    slots.emplace_back(static_cast<unsigned>(*index - first), *value);
  }
  PITSER_RETURN_IF_ERROR(FromRocks(iterator_->status()));
  return Tile::Make(band, slots);
}

absl::StatusOr<std::optional<HeadRecord>> ReadHead(rocksdb::DB& db) {
  std::string value;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), ToSlice(kHeadKey), &value);
  if (status.IsNotFound()) return std::optional<HeadRecord>();
  PITSER_RETURN_IF_ERROR(FromRocks(status));
  PITSER_ASSIGN_OR_RETURN(const HeadRecord record, DecodeHead(value));
  return std::optional<HeadRecord>(record);
}

}  // namespace pitser::storage::internal
