#include "storage/internal/tile_reader.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"

namespace pitser::storage::internal {

using ledger::Imprint;

absl::StatusOr<Imprint> TileReader::Node(unsigned level, std::uint64_t index) const {
  const unsigned depth = level % kBand;
  const unsigned below = kBand - depth;  // Levels from here to the tile's parent.
  PITSER_ASSIGN_OR_RETURN(const Tile* tile, Load(level / kBand, index >> below));
  const auto place = static_cast<unsigned>(index & ((std::uint64_t{1} << below) - 1));
  return Fold(*tile, depth, place << depth);
}

absl::StatusOr<Imprint> TileReader::Recomputed(unsigned level, std::uint64_t index) const {
  PITSER_ASSIGN_OR_RETURN(const Tile* tile, Load(level / kBand - 1, index));
  return Fold(*tile, kBand, 0);
}

absl::StatusOr<const TileReader::Tile*> TileReader::Load(unsigned band,
                                                         std::uint64_t parent) const {
  for (const auto& tile : tiles_) {
    if (tile->band == band && tile->parent == parent) return tile.get();
  }
  auto tile = std::make_unique<Tile>();
  tile->band = band;
  tile->parent = parent;
  if (iterator_ == nullptr) iterator_.reset(db_.NewIterator(rocksdb::ReadOptions()));
  const unsigned level = band * kBand;
  const std::uint64_t first = parent << kBand;
  for (iterator_->Seek(NodeKey(level, first)); iterator_->Valid(); iterator_->Next()) {
    const std::optional<std::uint64_t> index = IndexOfKey(level, iterator_->key());
    if (!index || *index - first >= kTileWidth) break;
    auto value = Imprint::Parse(ToBytes(iterator_->value()));
    if (!value.ok()) {
      return absl::DataLossError(
          absl::StrFormat("calendar node (%d, %d): %s", level, *index, value.status().message()));
    }
    tile->slots[*index - first] = *value;
    tile->present |= 1U << (*index - first);
  }
  PITSER_RETURN_IF_ERROR(FromRocks(iterator_->status()));
  tiles_.push_back(std::move(tile));
  return tiles_.back().get();
}

absl::StatusOr<Imprint> TileReader::Fold(const Tile& tile, unsigned depth, unsigned first) {
  const std::uint32_t mask = ((1U << (1U << depth)) - 1) << first;
  if ((tile.present & mask) == 0) return ledger::EmptyNode(tile.band * kBand + depth);
  if (depth == 0) return *tile.slots[first];
  PITSER_ASSIGN_OR_RETURN(const Imprint left, Fold(tile, depth - 1, first));
  PITSER_ASSIGN_OR_RETURN(const Imprint right, Fold(tile, depth - 1, first + (1U << (depth - 1))));
  return ledger::JoinCalendarNodes(left, right);
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
