#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "ledger/tree/calendar_tree.h"
#include "rocksdb/cache.h"
#include "storage/internal/stretch.h"
#include "storage/internal/tile.h"

namespace pitser::storage::internal {

// An object in a cache of RocksDB's, in use: it stays while this does. May hold none.
template <typename T>
class Cached {
 public:
  Cached() = default;
  Cached(rocksdb::Cache* cache, rocksdb::Cache::Handle* handle) : cache_(cache), handle_(handle) {}
  Cached(Cached&& other) noexcept
      : cache_(other.cache_), handle_(std::exchange(other.handle_, nullptr)) {}
  Cached& operator=(Cached&&) = delete;
  ~Cached() {
    if (handle_ != nullptr) cache_->Release(handle_);
  }
  // Null: none.
  const T* get() const {
    return handle_ == nullptr ? nullptr : static_cast<const T*>(cache_->Value(handle_));
  }

 private:
  rocksdb::Cache* cache_ = nullptr;
  rocksdb::Cache::Handle* handle_ = nullptr;
};

// Keeps in memory what every chain passes through: the tiles of the upper bands and the folds of
// publication times, and below them the stretches of few leaves and the tiles of many. It lies in
// the database's own cache, beside its blocks, where the upper tiles stay before all else: one
// budget for all. What is kept is complete as of a head that was read before, so that it never
// changes. Thread: any.
class TileCache {
 public:
  explicit TileCache(std::shared_ptr<rocksdb::Cache> cache) : cache_(std::move(cache)) {}

  // Whether such a tile may be kept when the seconds before `next` are closed.
  static bool IsComplete(unsigned band, std::uint64_t parent, std::uint64_t next);
  // Whether it is worth it: the lowest bands have nearly all of the tiles, and those with few slots
  // have little to compute.
  static bool IsWorthIt(unsigned band, const Tile& tile);

  Cached<Tile> FindTile(unsigned band, std::uint64_t parent) const;
  Cached<Tile> Keep(unsigned band, std::uint64_t parent, Tile tile) const;

  // The seconds from number * Stretch::kSeconds on. It may be kept when they are all closed.
  Cached<Stretch> FindStretch(std::uint64_t number) const;
  Cached<Stretch> Keep(std::uint64_t number, Stretch stretch) const;

  Cached<ledger::PeakFolds> FindFolds(std::uint64_t publication_time) const;
  Cached<ledger::PeakFolds> Keep(ledger::PeakFolds folds) const;

 private:
  const std::shared_ptr<rocksdb::Cache> cache_;
};

}  // namespace pitser::storage::internal
