#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "rocksdb/slice.h"
#include "rocksdb/status.h"

namespace pitser::storage::internal {

// How the calendar lies in RocksDB. Keys and values are a stored format: never changed, only added
// to under a new kFormatVersion. See docs/decisions/0002-wal-recovery.md.
//
//   level (1 byte, a multiple of kBand) || index (5 bytes, big-endian) -> imprint of N(level,
//   index) kHeadKey   -> be64(head) || be64(newest stored leaf + 1, or 0) kFormatKey -> kMagic ||
//   be64(version)
//
// Only every kBand-th level is stored; the levels between are recomputed from at most 16 neighbours
// in key order, a "tile", which lie in one or two blocks. Empty nodes are not stored.
inline constexpr unsigned kBand = 4;
inline constexpr unsigned kTileWidth = 1U << kBand;
inline constexpr std::uint64_t kFormatVersion = 1;
inline constexpr std::string_view kMagic = "pitser-calendar";
inline constexpr std::string_view kHeadKey =
    "\xff"
    "head";
inline constexpr std::string_view kFormatKey =
    "\xff"
    "format";
inline constexpr std::size_t kNodeKeySize = 6;

std::string NodeKey(unsigned level, std::uint64_t index);

// The index in the key of a node of `level`, or nothing if the key is another's.
std::optional<std::uint64_t> IndexOfKey(unsigned level, const rocksdb::Slice& key);

// The content of kHeadKey.
struct HeadRecord {
  std::uint64_t head;
  std::optional<std::uint64_t> newest_leaf;
};
std::string EncodeHead(const HeadRecord& record);
// Errors: kDataLoss.
absl::StatusOr<HeadRecord> DecodeHead(const rocksdb::Slice& value);

inline rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
inline rocksdb::Slice ToSlice(ledger::Bytes bytes) { return ToSlice(ledger::AsText(bytes)); }
inline ledger::Bytes ToBytes(const rocksdb::Slice& slice) {
  return ledger::AsBytes({slice.data(), slice.size()});
}

// Our status for RocksDB's: corruption is kDataLoss, a full disk kResourceExhausted, other I/O
// errors kUnavailable, what it refuses to open kFailedPrecondition.
absl::Status FromRocks(const rocksdb::Status& status);

}  // namespace pitser::storage::internal
