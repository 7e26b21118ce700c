#include "storage/internal/start_check.h"

#include <memory>

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/tree/calendar_tree.h"
#include "storage/internal/tile_reader.h"

namespace pitser::storage::internal {
namespace {

using ledger::kCalendarLevels;

// No node of any stored level may reach beyond the closed seconds 0 .. next - 1.
absl::Status CheckNothingBeyond(rocksdb::DB& db, std::uint64_t next) {
  const std::unique_ptr<rocksdb::Iterator> iterator(db.NewIterator(rocksdb::ReadOptions()));
  for (unsigned level = 0; level <= kCalendarLevels; level += kBand) {
    iterator->Seek(NodeKey(level, next >> level));
    PITSER_RETURN_IF_ERROR(FromRocks(iterator->status()));
    if (!iterator->Valid()) continue;
    if (const auto index = IndexOfKey(level, iterator->key())) {
      return absl::DataLossError(absl::StrFormat(
          "node (%d, %d) is stored though its seconds are not closed", level, *index));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNode(const TileReader& nodes, unsigned level, std::uint64_t index) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint stored, nodes.Node(level, index));
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint computed, nodes.Recomputed(level, index));
  if (stored == computed) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("node (%d, %d) is not what its children make it", level, index));
}

}  // namespace

absl::Status CheckNewestPart(rocksdb::DB& db, const std::optional<HeadRecord>& head) {
  const std::uint64_t next = head ? head->head + 1 : 0;
  PITSER_RETURN_IF_ERROR(CheckNothingBeyond(db, next));
  if (!head) return absl::OkStatus();
  const TileReader nodes(db);
  const std::optional<std::uint64_t> newest = head->newest_leaf;
  if (newest) {
    std::string value;
    const rocksdb::Status found = db.Get(rocksdb::ReadOptions(), NodeKey(0, *newest), &value);
    if (found.IsNotFound()) {
      return absl::DataLossError(absl::StrFormat("the newest leaf, %d, is missing", *newest));
    }
    PITSER_RETURN_IF_ERROR(FromRocks(found));
  }
  for (unsigned level = kBand; level <= kCalendarLevels; level += kBand) {
    const std::uint64_t complete = next >> level;  // Nodes of this level.
    if (complete == 0) break;
    PITSER_RETURN_IF_ERROR(CheckNode(nodes, level, complete - 1));
    if (newest && *newest >> level < complete) {
      PITSER_RETURN_IF_ERROR(CheckNode(nodes, level, *newest >> level));
    }
  }
  return absl::OkStatus();
}

}  // namespace pitser::storage::internal
