#include "storage/internal/bulk_loader.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "storage/internal/files.h"
#include "storage/internal/tile_reader.h"

namespace pitser::storage::internal {
namespace {
constexpr std::uint64_t kFileBytes = std::uint64_t{64} << 20;
}  // namespace

absl::StatusOr<ledger::Imprint> BulkLoader::Edge::Node(unsigned level, std::uint64_t index) const {
  const std::optional<ledger::CalendarNode>& newest = newest_[level];
  if (!newest) return TileReader(db_).Node(level, index);
  if (newest->index == index) return newest->value;
  if (newest->index < index) return ledger::EmptyNode(level);  // Nothing since.
  return absl::InternalError("a bulk load looked back behind its edge");
}

BulkLoader::BulkLoader(rocksdb::DB& db, const rocksdb::Options& options, std::string folder,
                       const std::optional<HeadRecord>& start)
    : db_(db), options_(options), folder_(std::move(folder)), edge_(db) {
  if (start) {
    head_ = start->head;
    newest_leaf_ = start->newest_leaf;
  }
}

absl::Status BulkLoader::RemoveLeftovers(rocksdb::Env& env, const std::string& folder) {
  if (!env.FileExists(folder).ok()) return absl::OkStatus();
  std::vector<std::string> names;
  PITSER_RETURN_IF_ERROR(FromRocks(env.GetChildren(folder, &names)));
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    PITSER_RETURN_IF_ERROR(FromRocks(env.DeleteFile(folder + "/" + name)));
  }
  return FromRocks(env.DeleteDir(folder));
}

absl::Status BulkLoader::Add(std::uint64_t t, const ledger::Imprint& leaf) {
  PITSER_ASSIGN_OR_RETURN(const auto plan, ledger::PlanAppend(edge_, head_, t, leaf));
  PITSER_RETURN_IF_ERROR(Take(plan));
  head_ = t;
  newest_leaf_ = t;
  return absl::OkStatus();
}

absl::StatusOr<HeadRecord> BulkLoader::Finish(std::uint64_t head) {
  if (head_ != head) {
    PITSER_ASSIGN_OR_RETURN(const auto plan, ledger::PlanSkip(edge_, head_, head));
    PITSER_RETURN_IF_ERROR(Take(plan));
  }
  const HeadRecord record{head, newest_leaf_};
  PITSER_RETURN_IF_ERROR(Put(kStreams, std::string(kHeadKey), EncodeHead(record)));
  for (std::size_t stream = 0; stream <= kStreams; ++stream) {
    PITSER_RETURN_IF_ERROR(FinishStream(stream));
  }
  rocksdb::IngestExternalFileOptions ingest;
  ingest.move_files = true;
  ingest.failed_move_fall_back_to_copy = true;
  ingest.write_global_seqno = false;
  PITSER_RETURN_IF_ERROR(FromRocks(db_.IngestExternalFile(files_, ingest)));
  RemoveLeftovers(*options_.env, folder_).IgnoreError();  // The next start tries again.
  return record;
}

absl::Status BulkLoader::Take(const std::vector<ledger::CalendarNode>& plan) {
  for (const ledger::CalendarNode& node : plan) {
    edge_.Take(node);
    if (node.level % kBand != 0) continue;
    PITSER_RETURN_IF_ERROR(
        Put(node.level / kBand, NodeKey(node.level, node.index), ToSlice(node.value.bytes())));
  }
  return absl::OkStatus();
}

absl::Status BulkLoader::Put(std::size_t stream, const std::string& key, rocksdb::Slice value) {
  std::unique_ptr<rocksdb::SstFileWriter>& writer = writers_[stream];
  if (writer != nullptr && writer->FileSize() > kFileBytes) {
    PITSER_RETURN_IF_ERROR(FinishStream(stream));
  }
  if (writer == nullptr) {
    if (files_.empty()) PITSER_RETURN_IF_ERROR(MakeFolder(*options_.env, folder_));
    files_.push_back(absl::StrFormat("%s/%d.sst", folder_, files_.size()));
    // What was loaded is soon asked for: the system may keep it in memory.
    writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), options_, nullptr,
                                                      /*invalidate_page_cache=*/false);
    PITSER_RETURN_IF_ERROR(FromRocks(writer->Open(files_.back())));
  }
  return FromRocks(writer->Put(key, value));
}

absl::Status BulkLoader::FinishStream(std::size_t stream) {
  if (writers_[stream] == nullptr) return absl::OkStatus();
  const rocksdb::Status status = writers_[stream]->Finish();
  writers_[stream].reset();
  return FromRocks(status);
}

}  // namespace pitser::storage::internal
