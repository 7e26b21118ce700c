#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/tree/calendar_tree.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_writer.h"
#include "storage/internal/rocks.h"

namespace pitser::storage::internal {

// Builds table files beside the database from leaves in ascending order, and takes them in by one
// atomic step: a load that is interrupted has not happened.
// Thread: one, the calendar's writer; nothing else is written meanwhile.
class BulkLoader {
 public:
  // `folder` holds the files meanwhile. `start` is the head record as it stands.
  BulkLoader(rocksdb::DB& db, const rocksdb::Options& options, std::string folder,
             const std::optional<HeadRecord>& start);

  // Removes what an interrupted load left behind.
  static absl::Status RemoveLeftovers(rocksdb::Env& env, const std::string& folder);

  // Errors: kFailedPrecondition when `t` is not after the leaf before it; those of the disk.
  absl::Status Add(std::uint64_t t, const ledger::Imprint& leaf);

  // Closes the seconds up to `head` and takes everything in. On disk when it returns OK.
  // Errors: kFailedPrecondition if `head` is before the newest leaf.
  absl::StatusOr<HeadRecord> Finish(std::uint64_t head);

 private:
  static constexpr std::size_t kStreams = ledger::kCalendarLevels / kBand + 1;

  // The nodes that later leaves need: the newest complete one of each level; older ones come from
  // the database.
  class Edge : public ledger::NodeReader {
   public:
    explicit Edge(rocksdb::DB& db) : db_(db) {}
    absl::StatusOr<ledger::Imprint> Node(unsigned level, std::uint64_t index) const override;
    void Take(const ledger::CalendarNode& node) { newest_[node.level] = node; }

   private:
    rocksdb::DB& db_;
    std::array<std::optional<ledger::CalendarNode>, ledger::kCalendarLevels + 1> newest_;
  };

  absl::Status Take(const std::vector<ledger::CalendarNode>& plan);
  // Appends to the file of a stream, ascending; begins a new one when that is large.
  absl::Status Put(std::size_t stream, const std::string& key, rocksdb::Slice value);
  absl::Status FinishStream(std::size_t stream);

  rocksdb::DB& db_;
  const rocksdb::Options options_;
  const std::string folder_;
  std::optional<std::uint64_t> head_;
  std::optional<std::uint64_t> newest_leaf_;
  Edge edge_;
  // One for each stored level, and the last for the head record.
  std::array<std::unique_ptr<rocksdb::SstFileWriter>, kStreams + 1> writers_;
  std::vector<std::string> files_;
};

}  // namespace pitser::storage::internal
