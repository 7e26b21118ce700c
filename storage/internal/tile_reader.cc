#include "storage/internal/tile_reader.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::storage::internal {

using ledger::Imprint;

namespace {

// The place of N(level, index) below the node `below` levels above it.
unsigned PlaceBelow(unsigned below, std::uint64_t index) {
  return static_cast<unsigned>(index & ((std::uint64_t{1} << below) - 1));
}

}  // namespace

absl::StatusOr<Imprint> TileReader::Node(unsigned level, std::uint64_t index) const {
  if (level < Stretch::kLevels) {
    const unsigned below = Stretch::kLevels - level;
    PITSER_ASSIGN_OR_RETURN(const Stretch* stretch, LoadStretch(index >> below));
    if (stretch != nullptr) return stretch->Node(level, PlaceBelow(below, index));
  }
  const unsigned depth = level % kBand;
  const unsigned below = kBand - depth;  // Levels from here to the tile's parent.
  PITSER_ASSIGN_OR_RETURN(const Tile* tile, Load(level / kBand, index >> below));
  return tile->Node(depth, PlaceBelow(below, index));
}

absl::StatusOr<Imprint> TileReader::Recomputed(unsigned level, std::uint64_t index) const {
  PITSER_ASSIGN_OR_RETURN(const Tile* tile, Load(level / kBand - 1, index));
  return tile->Node(kBand, 0);
}

absl::StatusOr<const Tile*> TileReader::Load(unsigned band, std::uint64_t parent) const {
  for (const Loaded& loaded : tiles_) {
    if (loaded.band == band && loaded.parent == parent) return loaded.tile;
  }
  if (const Tile* const tile = Find(band, parent)) return tile;
  PITSER_ASSIGN_OR_RETURN(const Slots slots, Read(IteratorOf(kept_, /*keeps_blocks=*/true), band,
                                                  parent << kBand, kTileWidth, kTileWidth));
  return Add(band, parent, Tile::Make(band, slots));
}

const Tile* TileReader::Find(unsigned band, std::uint64_t parent) const {
  if (!MayKeep(band, parent)) return nullptr;
  Cached<Tile> cached = cache_->FindTile(band, parent);
  if (cached.get() == nullptr) return nullptr;
  return Add({band, parent, cached.get(), nullptr, std::move(cached)});
}

absl::StatusOr<const Tile*> TileReader::Add(unsigned band, std::uint64_t parent, Tile tile) const {
  if (MayKeep(band, parent) && TileCache::IsWorthIt(band, tile)) {
    PITSER_ASSIGN_OR_RETURN(Tile expanded, tile.Expanded());
    Cached<Tile> cached = cache_->Keep(band, parent, std::move(expanded));
    return Add({band, parent, cached.get(), nullptr, std::move(cached)});
  }
  auto own = std::make_unique<const Tile>(std::move(tile));
  const Tile* const kept = own.get();
  return Add({band, parent, kept, std::move(own), {}});
}

absl::StatusOr<const Stretch*> TileReader::LoadStretch(std::uint64_t number) const {
  if (!MayKeep(Stretch::kLevels / kBand - 1, number)) return nullptr;
  auto loaded = std::ranges::find(stretches_, number, &LoadedStretch::number);
  if (loaded == stretches_.end()) {
    Cached<Stretch> cached = cache_->FindStretch(number);
    if (cached.get() != nullptr) {
      stretches_.push_back({number, std::move(cached)});
    } else {
      // Without the blocks: what is worth keeping of them is the stretch.
      PITSER_ASSIGN_OR_RETURN(const Slots leaves, Read(IteratorOf(once_, /*keeps_blocks=*/false), 0,
                                                       number << Stretch::kLevels,
                                                       Stretch::kSeconds, Stretch::kFew + 1));
      PITSER_ASSIGN_OR_RETURN(Stretch stretch, Stretch::Make(leaves));
      stretches_.push_back({number, cache_->Keep(number, std::move(stretch))});
    }
    loaded = std::prev(stretches_.end());
  }
  const Stretch* const stretch = loaded->cached.get();
  return stretch->few() ? stretch : nullptr;
}

rocksdb::Iterator& TileReader::IteratorOf(std::unique_ptr<rocksdb::Iterator>& place,
                                          bool keeps_blocks) const {
  if (place == nullptr) {
    rocksdb::ReadOptions options;
    options.fill_cache = keeps_blocks;
    place.reset(db_.NewIterator(options));
  }
  return *place;
}

absl::StatusOr<TileReader::Slots> TileReader::Read(rocksdb::Iterator& iterator, unsigned band,
                                                   std::uint64_t first, unsigned width,
                                                   std::size_t most) {
  const unsigned level = band * kBand;
  Slots slots;
  iterator.Seek(NodeKey(level, first));
  for (; slots.size() < most && iterator.Valid(); iterator.Next()) {
    const std::optional<std::uint64_t> index = IndexOfKey(level, iterator.key());
    if (!index || *index - first >= width) break;
    auto value = Imprint::Parse(ToBytes(iterator.value()));
    if (!value.ok()) {
      return absl::DataLossError(
          absl::StrFormat("calendar node (%d, %d): %s", level, *index, value.status().message()));
    }
    slots.emplace_back(static_cast<unsigned>(*index - first), *value);
  }
  PITSER_RETURN_IF_ERROR(FromRocks(iterator.status()));
  return slots;
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
