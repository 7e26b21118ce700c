#include "storage/internal/tile_cache.h"

#include <array>
#include <cstddef>

namespace pitser::storage::internal {
namespace {

constexpr unsigned kUpperBand = 2;
constexpr unsigned kManySlots = 4;
// In the place of a band.
constexpr unsigned kFolds = 0xFF;
constexpr unsigned kStretch = 0xFE;

// Unlike RocksDB's own keys, which have 16 bytes.
class Key {
 public:
  Key(unsigned kind, std::uint64_t number) {
    for (std::size_t i = 0; i < 8; ++i) bytes_[i] = static_cast<char>(number >> 8 * i);
    bytes_[8] = static_cast<char>(kind);
  }
  rocksdb::Slice slice() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, 9> bytes_;
};

template <typename T>
void Delete(const rocksdb::Slice&, void* value) {
  delete static_cast<T*>(value);
}

template <typename T>
Cached<T> Find(rocksdb::Cache& cache, const Key& key) {
  return {&cache, cache.Lookup(key.slice())};
}

template <typename T>
Cached<T> Put(rocksdb::Cache& cache, const Key& key, T object, std::size_t bytes,
              rocksdb::Cache::Priority priority) {
  rocksdb::Cache::Handle* handle = nullptr;
  // Cannot fail: the cache has no strict limit.
  cache
      .Insert(key.slice(), std::make_unique<T>(std::move(object)).release(), bytes, Delete<T>,
              &handle, priority)
      .PermitUncheckedError();
  return {&cache, handle};
}

}  // namespace

bool TileCache::IsComplete(unsigned band, std::uint64_t parent, std::uint64_t next) {
  return (parent + 1) << (band + 1) * kBand <= next;
}

bool TileCache::IsWorthIt(unsigned band, const Tile& tile) {
  return band >= kUpperBand || tile.slots() > kManySlots;
}

Cached<Tile> TileCache::FindTile(unsigned band, std::uint64_t parent) const {
  return Find<Tile>(*cache_, Key(band, parent));
}

Cached<Tile> TileCache::Keep(unsigned band, std::uint64_t parent, Tile tile) const {
  const std::size_t bytes = tile.bytes();
  return Put(*cache_, Key(band, parent), std::move(tile), bytes,
             band >= kUpperBand ? rocksdb::Cache::Priority::HIGH : rocksdb::Cache::Priority::LOW);
}

Cached<Stretch> TileCache::FindStretch(std::uint64_t number) const {
  return Find<Stretch>(*cache_, Key(kStretch, number));
}

Cached<Stretch> TileCache::Keep(std::uint64_t number, Stretch stretch) const {
  const std::size_t bytes = stretch.bytes();
  return Put(*cache_, Key(kStretch, number), std::move(stretch), bytes,
             rocksdb::Cache::Priority::HIGH);
}

Cached<ledger::PeakFolds> TileCache::FindFolds(std::uint64_t publication_time) const {
  return Find<ledger::PeakFolds>(*cache_, Key(kFolds, publication_time));
}

Cached<ledger::PeakFolds> TileCache::Keep(ledger::PeakFolds folds) const {
  const std::uint64_t time = folds.publication_time();
  const std::size_t bytes = folds.bytes();
  // What is asked for again stays by that.
  return Put(*cache_, Key(kFolds, time), std::move(folds), bytes, rocksdb::Cache::Priority::LOW);
}

}  // namespace pitser::storage::internal
