#include "storage/internal/tile_reader.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::storage::internal {

using ledger::Imprint;

namespace {

// So few leaves in a tile that those about it are likely to be as few, ...
constexpr std::size_t kFewInTile = 2;
// ... and so few below a tile of the band above that its nodes are sooner computed than sought.
constexpr std::size_t kFewBelow = 8;

}  // namespace

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
  if (const Tile* const tile = Find(band, parent)) return tile;
  PITSER_ASSIGN_OR_RETURN(const Slots slots, Read(band, parent << kBand, kTileWidth, kTileWidth));
  if (band == 0 && slots.size() <= kFewInTile && MayKeep(1, parent >> kBand) &&
      Find(1, parent >> kBand) == nullptr) {
    PITSER_RETURN_IF_ERROR(LoadAbove(parent >> kBand));
  }
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

absl::Status TileReader::LoadAbove(std::uint64_t parent) const {
  PITSER_ASSIGN_OR_RETURN(Slots leaves,
                          Read(0, parent << 2 * kBand, kTileWidth << kBand, kFewBelow + 1));
  if (leaves.size() > kFewBelow) return absl::OkStatus();
  Slots nodes;
  for (auto begin = leaves.begin(); begin != leaves.end();) {
    const unsigned place = begin->first / kTileWidth;
    auto end = begin;
    for (; end != leaves.end() && end->first / kTileWidth == place; ++end) end->first %= kTileWidth;
    PITSER_ASSIGN_OR_RETURN(const Imprint node, Tile::Make(0, {begin, end}).Node(kBand, 0));
    nodes.emplace_back(place, node);
    begin = end;
  }
  return Add(1, parent, Tile::Make(1, nodes)).status();
}

absl::StatusOr<TileReader::Slots> TileReader::Read(unsigned band, std::uint64_t first,
                                                   unsigned width, std::size_t most) const {
  if (iterator_ == nullptr) iterator_.reset(db_.NewIterator(rocksdb::ReadOptions()));
  const unsigned level = band * kBand;
  Slots slots;
  iterator_->Seek(NodeKey(level, first));
  for (; slots.size() < most && iterator_->Valid(); iterator_->Next()) {
    const std::optional<std::uint64_t> index = IndexOfKey(level, iterator_->key());
    if (!index || *index - first >= width) break;
    auto value = Imprint::Parse(ToBytes(iterator_->value()));
    if (!value.ok()) {
      return absl::DataLossError(
          absl::StrFormat("calendar node (%d, %d): %s", level, *index, value.status().message()));
    }
    slots.emplace_back(static_cast<unsigned>(*index - first), *value);
  }
  PITSER_RETURN_IF_ERROR(FromRocks(iterator_->status()));
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
