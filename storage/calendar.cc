#include "storage/calendar.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/last_words.h"
#include "ledger/base/status.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"
#include "storage/internal/bulk_loader.h"
#include "storage/internal/files.h"
#include "storage/internal/open_database.h"
#include "storage/internal/start_check.h"
#include "storage/internal/tile_cache.h"
#include "storage/internal/tile_reader.h"
#include "storage/last_signed.h"

namespace pitser::storage {
namespace {

using internal::FromRocks;
using internal::HeadRecord;
using internal::TileReader;
using ledger::CalendarNode;
using ledger::Imprint;

// What must be free before a database that met a full disk is opened again: its log, written out
// as a table, and the tables that are merged meanwhile.
constexpr std::uint64_t kRoomToRecover = std::uint64_t{64} << 20;

// What must be free beside that before any database is opened: RocksDB, in the middle of it, ends
// the process where it finds no room.
constexpr std::uint64_t kRoomToOpen = std::uint64_t{1} << 20;

constexpr int kExitDamaged = 70;  // style.md 6: our bug or the machine's.

void EndProcess(const absl::Status& status) {
  base::SayLastWords(std::string(absl::StrCat("pitserd: ", status.message())));
  std::_Exit(kExitDamaged);
}

std::string Second(std::uint64_t t) {
  return absl::StrFormat(
      "%d (%s)", t,
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(static_cast<std::int64_t>(t)),
                       absl::UTCTimeZone()));
}

absl::Status TooOld(std::string_view what, std::uint64_t handed_out,
                    const std::optional<HeadRecord>& head) {
  const std::string end = head ? "ends at second " + Second(head->head) : "is empty";
  return absl::FailedPreconditionError(absl::StrFormat(
      "the calendar %s, but %s second %s: this looks like an old backup. To serve it would "
      "contradict what was given out. Put the newest copy of the calendar in its place; one that "
      "does not reach that second must never sign again",
      end, what, Second(handed_out)));
}

// Tiles of the upper bands may take most of it, so that blocks that are read once do not push them
// out. Few shards: an operator's budget may be small.
std::shared_ptr<rocksdb::Cache> NewCache(std::size_t bytes) {
  constexpr int kShardBits = 4;
  constexpr double kShareOfUpperTiles = 0.75;
  return rocksdb::NewLRUCache(bytes, kShardBits, /*strict_capacity_limit=*/false,
                              kShareOfUpperTiles);
}

class RocksCalendar : public Calendar {
 public:
  RocksCalendar(std::string path, CalendarOptions options)
      : path_(std::move(path)),
        options_(std::move(options)),
        env_(options_.env == nullptr ? rocksdb::Env::Default() : options_.env),
        cache_(NewCache(options_.cache_bytes)),
        tiles_(cache_) {
    if (!options_.on_sync_failure) options_.on_sync_failure = EndProcess;
    database_options_ = {.env = env_,
                         .block_cache = cache_,
                         .write_buffer_bytes = options_.write_buffer_bytes,
                         .create = false,
                         .signed_up_to = std::nullopt,
                         .proven = true,
                         .on_notice = options_.on_notice};
  }

  absl::Status Start();

  std::optional<std::uint64_t> head() const override {
    const std::uint64_t next = next_.load(std::memory_order_acquire);
    if (next == 0) return std::nullopt;
    return next - 1;
  }

  absl::StatusOr<CalendarPreview> Preview(std::uint64_t t, const Imprint& leaf) const override;
  absl::Status Apply(const CalendarPreview& preview) override;
  absl::Status AdvanceHead(std::uint64_t t) override;
  absl::StatusOr<std::optional<Imprint>> Leaf(std::uint64_t t) const override;
  absl::Status VisitLeaves(
      std::uint64_t first, std::uint64_t last,
      const std::function<bool(std::uint64_t, const Imprint&)>& visit) const override;
  absl::StatusOr<Imprint> Root(std::uint64_t publication_time) const override;
  absl::StatusOr<ledger::CalendarHashChain> Chain(std::uint64_t t,
                                                  std::uint64_t publication_time) const override;
  absl::StatusOr<Imprint> Node(unsigned level, std::uint64_t index) const override;
  absl::Status BulkLoad(
      const std::function<std::optional<std::pair<std::uint64_t, Imprint>>()>& next,
      std::uint64_t head) override;

 private:
  // The database, held open for the length of a read.
  class Reading {
   public:
    explicit Reading(const RocksCalendar& calendar)
        : lock_(calendar.reopening_), db_(calendar.database_.db.get()) {}
    absl::Status status() const {
      if (db_ != nullptr) return absl::OkStatus();
      return absl::UnavailableError("the calendar is closed after a failure: restart the process");
    }
    rocksdb::DB& db() const { return *db_; }

   private:
    const std::shared_lock<std::shared_mutex> lock_;
    rocksdb::DB* const db_;
  };

  std::string DatabasePath() const { return path_ + "/db"; }
  std::string BulkPath() const { return path_ + "/bulk-load"; }
  std::string InnerLastSignedPath() const { return path_ + "/last-signed"; }
  std::string LastSignedPath() const {
    return options_.last_signed.empty() ? InnerLastSignedPath() : options_.last_signed;
  }

  absl::Status CheckClosed(std::uint64_t t) const;
  absl::StatusOr<internal::Cached<ledger::PeakFolds>> FoldsOf(const TileReader& nodes,
                                                              std::uint64_t publication_time) const;
  absl::StatusOr<std::optional<Imprint>> StoredLeaf(rocksdb::DB& db, std::uint64_t t) const;
  absl::StatusOr<bool> Stands(rocksdb::DB& db, std::uint64_t t, const Imprint& leaf) const;

  absl::Status OpenLastSigned();
  absl::Status OpenAndCheck();
  absl::Status Adopt(const std::optional<HeadRecord>& head);
  void SetHead(const HeadRecord& head);
  absl::Status ReadyToWrite();
  absl::Status Reopen();
  absl::Status Repeat(std::uint64_t t, const Imprint& leaf);
  absl::Status Commit(const std::vector<CalendarNode>& nodes, const HeadRecord& head,
                      const Imprint& root);
  absl::Status WriteFailed(const absl::Status& status);
  absl::Status Fatal(const absl::Status& status);

  const std::string path_;
  CalendarOptions options_;  // Constant after construction.
  rocksdb::Env* const env_;
  const std::shared_ptr<rocksdb::Cache> cache_;  // Of the database's blocks, and of tiles.
  const internal::TileCache tiles_;

  // Touched by the thread that opens and, after that, by the writing thread only.
  internal::DatabaseOptions database_options_;
  std::unique_ptr<internal::FolderLock> lock_;
  std::unique_ptr<LastSigned> last_signed_;
  std::optional<std::uint64_t> newest_leaf_;
  bool disk_was_full_ = false;
  bool failed_ = false;

  // Shared by every read; exclusive only while the database is closed and opened again.
  mutable std::shared_mutex reopening_;
  internal::Database database_;  // Guarded by reopening_; the object in it synchronises itself.

  // The head plus one; 0: none. Set after everything below it is durable.
  std::atomic<std::uint64_t> next_{0};
};

// Opening -----------------------------------------------------------------------------------------

absl::Status RocksCalendar::Start() {
  const auto none = [&] {
    return absl::NotFoundError("there is no calendar; a server makes one on its first start");
  };
  if (options_.must_exist && !env_->FileExists(path_).ok()) return none();
  PITSER_RETURN_IF_ERROR(internal::MakeFolder(*env_, path_));
  PITSER_ASSIGN_OR_RETURN(lock_, internal::FolderLock::Take(*env_, path_));
  database_options_.create = !env_->FileExists(DatabasePath() + "/CURRENT").ok();
  database_options_.proven =
      env_->FileExists(LastSignedPath()).ok() || env_->FileExists(InnerLastSignedPath()).ok();
  if (database_options_.create && options_.must_exist) return none();
  if (database_options_.create || database_options_.proven) {
    PITSER_RETURN_IF_ERROR(OpenLastSigned());
  }
  if (database_options_.create) {
    // A calendar that vanished is the oldest backup of all.
    if (last_signed_->Read()) {
      return TooOld("was signed up to", last_signed_->Read()->t, std::nullopt);
    }
    if (options_.handed_out) return TooOld("was published for", *options_.handed_out, std::nullopt);
    PITSER_RETURN_IF_ERROR(internal::MakeFolder(*env_, DatabasePath()));
  }
  PITSER_RETURN_IF_ERROR(internal::BulkLoader::RemoveLeftovers(*env_, BulkPath()));
  PITSER_RETURN_IF_ERROR(OpenAndCheck());
  PITSER_ASSIGN_OR_RETURN(const auto head, internal::ReadHead(*database_.db));
  if (options_.handed_out && (!head || head->head < *options_.handed_out)) {
    return TooOld("something was handed out for", *options_.handed_out, head);
  }
  if (last_signed_ == nullptr) PITSER_RETURN_IF_ERROR(OpenLastSigned());
  return Adopt(head);
}

// Opens the record where it is to lie, and takes in one that lies in the folder still. That one
// goes only when what it says is on disk in the other: a crash at any moment leaves one of them
// whole.
absl::Status RocksCalendar::OpenLastSigned() {
  const std::string inner = InnerLastSignedPath();
  std::unique_ptr<LastSigned> moved;
  if (LastSignedPath() != inner && env_->FileExists(inner).ok()) {
    PITSER_ASSIGN_OR_RETURN(moved, LastSigned::Open(inner, env_));
  }
  PITSER_ASSIGN_OR_RETURN(last_signed_, LastSigned::Open(LastSignedPath(), env_));
  if (moved == nullptr) return absl::OkStatus();
  const std::optional<LastSigned::Entry>& here = last_signed_->Read();
  if (const auto& entry = moved->Read(); entry && (!here || here->t < entry->t)) {
    PITSER_RETURN_IF_ERROR(last_signed_->Record(entry->t, entry->root));
  }
  moved.reset();
  PITSER_RETURN_IF_ERROR(FromRocks(env_->DeleteFile(inner)));
  PITSER_RETURN_IF_ERROR(internal::SyncFolder(*env_, path_));
  if (options_.on_notice) {
    options_.on_notice(absl::StrFormat("the record of what was signed was moved from %s to %s",
                                       inner, LastSignedPath()));
  }
  return absl::OkStatus();
}

// Opens the database and holds it against what was signed.
absl::Status RocksCalendar::OpenAndCheck() {
  if (last_signed_ != nullptr) database_options_.signed_up_to = last_signed_->Read();
  PITSER_RETURN_IF_ERROR(
      internal::CheckRoom(*env_, path_, kRoomToOpen + internal::LogBytes(*env_, DatabasePath())));
  PITSER_ASSIGN_OR_RETURN(database_, internal::OpenDatabase(DatabasePath(), database_options_));
  database_options_.create = false;
  PITSER_ASSIGN_OR_RETURN(const auto head, internal::ReadHead(*database_.db));
  PITSER_RETURN_IF_ERROR(internal::CheckNewestPart(*database_.db, head));
  const std::optional<LastSigned::Entry>& signed_up_to = database_options_.signed_up_to;
  if (!signed_up_to) return absl::OkStatus();
  if (!head || head->head < signed_up_to->t) {
    return TooOld("was signed up to", signed_up_to->t, head);
  }
  return internal::CheckSigned(*database_.db, *signed_up_to);
}

// Takes the database's head as ours. A record may be there that the last run had no answer to: it
// is durable now (RocksDB writes the log out as a table before it opens) and stands.
absl::Status RocksCalendar::Adopt(const std::optional<HeadRecord>& head) {
  if (!head) return absl::OkStatus();
  const std::optional<LastSigned::Entry>& recorded = last_signed_->Read();
  if (!recorded || recorded->t < head->head) {
    PITSER_ASSIGN_OR_RETURN(const Imprint root,
                            ledger::CalendarRoot(TileReader(*database_.db), head->head));
    PITSER_RETURN_IF_ERROR(last_signed_->Record(head->head, root));
  }
  SetHead(*head);
  return absl::OkStatus();
}

// Once everything up to it is durable.
void RocksCalendar::SetHead(const HeadRecord& head) {
  newest_leaf_ = head.newest_leaf;
  next_.store(head.head + 1, std::memory_order_release);
  if (options_.on_head) options_.on_head(head.head);
}

// Reading -----------------------------------------------------------------------------------------

absl::Status RocksCalendar::CheckClosed(std::uint64_t t) const {
  const std::optional<std::uint64_t> head = this->head();
  if (head && t <= *head) return absl::OkStatus();
  if (!head) {
    return absl::OutOfRangeError(
        absl::StrFormat("second %d is not closed: the calendar is empty", t));
  }
  return absl::OutOfRangeError(
      absl::StrFormat("second %d is not closed: the calendar's head is %d", t, *head));
}

absl::StatusOr<std::optional<Imprint>> RocksCalendar::StoredLeaf(rocksdb::DB& db,
                                                                 std::uint64_t t) const {
  std::string value;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), internal::NodeKey(0, t), &value);
  if (status.IsNotFound()) return std::optional<Imprint>();
  PITSER_RETURN_IF_ERROR(FromRocks(status));
  auto leaf = Imprint::Parse(ledger::AsBytes(value));
  if (!leaf.ok()) {
    return absl::DataLossError(
        absl::StrFormat("the leaf of second %d: %s", t, leaf.status().message()));
  }
  return std::optional<Imprint>(*leaf);
}

absl::StatusOr<std::optional<Imprint>> RocksCalendar::Leaf(std::uint64_t t) const {
  PITSER_RETURN_IF_ERROR(CheckClosed(t));
  const Reading reading(*this);
  PITSER_RETURN_IF_ERROR(reading.status());
  return StoredLeaf(reading.db(), t);
}

absl::Status RocksCalendar::VisitLeaves(
    std::uint64_t first, std::uint64_t last,
    const std::function<bool(std::uint64_t, const Imprint&)>& visit) const {
  if (first > last) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a range of seconds from %d to %d has none", first, last));
  }
  PITSER_RETURN_IF_ERROR(CheckClosed(last));
  const Reading reading(*this);
  PITSER_RETURN_IF_ERROR(reading.status());
  rocksdb::ReadOptions read;
  read.readahead_size = std::size_t{1} << 20;
  read.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(reading.db().NewIterator(read));
  for (it->Seek(internal::NodeKey(0, first)); it->Valid(); it->Next()) {
    const std::optional<std::uint64_t> t = internal::IndexOfKey(0, it->key());
    if (!t || *t > last) break;
    auto leaf = Imprint::Parse(internal::ToBytes(it->value()));
    if (!leaf.ok()) {
      return absl::DataLossError(
          absl::StrFormat("the leaf of second %d: %s", *t, leaf.status().message()));
    }
    if (!visit(*t, *leaf)) break;
  }
  return FromRocks(it->status());
}

// The folds of a closed second, read by `nodes` unless they are at hand.
absl::StatusOr<internal::Cached<ledger::PeakFolds>> RocksCalendar::FoldsOf(
    const TileReader& nodes, std::uint64_t publication_time) const {
  internal::Cached<ledger::PeakFolds> cached = tiles_.FindFolds(publication_time);
  if (cached.get() != nullptr) return cached;
  PITSER_ASSIGN_OR_RETURN(ledger::PeakFolds folds,
                          ledger::PeakFolds::Make(nodes, publication_time));
  return tiles_.Keep(std::move(folds));
}

absl::StatusOr<Imprint> RocksCalendar::Root(std::uint64_t publication_time) const {
  PITSER_RETURN_IF_ERROR(CheckClosed(publication_time));
  const std::uint64_t next = next_.load(std::memory_order_acquire);
  const Reading reading(*this);
  PITSER_RETURN_IF_ERROR(reading.status());
  const TileReader nodes(reading.db(), tiles_, next);
  PITSER_ASSIGN_OR_RETURN(const auto folds, FoldsOf(nodes, publication_time));
  return folds.get()->root();
}

absl::StatusOr<ledger::CalendarHashChain> RocksCalendar::Chain(
    std::uint64_t t, std::uint64_t publication_time) const {
  PITSER_RETURN_IF_ERROR(CheckClosed(publication_time));
  const std::uint64_t next = next_.load(std::memory_order_acquire);
  const Reading reading(*this);
  PITSER_RETURN_IF_ERROR(reading.status());
  const TileReader nodes(reading.db(), tiles_, next);
  PITSER_ASSIGN_OR_RETURN(const auto folds, FoldsOf(nodes, publication_time));
  return ledger::BuildCalendarChain(nodes, t, *folds.get());
}

absl::StatusOr<Imprint> RocksCalendar::Node(unsigned level, std::uint64_t index) const {
  if (level > ledger::kCalendarLevels || index > ledger::kMaxCalendarTime >> level) {
    return absl::OutOfRangeError(
        absl::StrFormat("the calendar has no node (%d, %d)", level, index));
  }
  PITSER_RETURN_IF_ERROR(CheckClosed(((index + 1) << level) - 1));
  const std::uint64_t next = next_.load(std::memory_order_acquire);
  const Reading reading(*this);
  PITSER_RETURN_IF_ERROR(reading.status());
  return TileReader(reading.db(), tiles_, next).Node(level, index);
}

// Writing -----------------------------------------------------------------------------------------

absl::StatusOr<bool> RocksCalendar::Stands(rocksdb::DB& db, std::uint64_t t,
                                           const Imprint& leaf) const {
  PITSER_ASSIGN_OR_RETURN(const std::optional<Imprint> stored, StoredLeaf(db, t));
  return stored.value_or(ledger::EmptyNode(0)) == leaf;
}

absl::Status OtherLeaf(std::uint64_t t) {
  return absl::FailedPreconditionError(
      absl::StrFormat("second %d is closed with another leaf, and a leaf never changes", t));
}

absl::StatusOr<CalendarPreview> RocksCalendar::Preview(std::uint64_t t, const Imprint& leaf) const {
  const std::optional<std::uint64_t> head = this->head();
  const Reading reading(*this);
  PITSER_RETURN_IF_ERROR(reading.status());
  const TileReader stored(reading.db());
  std::vector<CalendarNode> plan;
  if (head && t <= *head) {
    PITSER_ASSIGN_OR_RETURN(const bool stands, Stands(reading.db(), t, leaf));
    if (!stands) return OtherLeaf(t);
  } else {
    PITSER_ASSIGN_OR_RETURN(plan, ledger::PlanAppend(stored, head, t, leaf));
  }
  const ledger::PlannedNodes nodes(stored, plan);
  PITSER_ASSIGN_OR_RETURN(const Imprint root, ledger::CalendarRoot(nodes, t));
  PITSER_ASSIGN_OR_RETURN(auto chain, ledger::BuildCalendarChain(nodes, t, t));
  return CalendarPreview{.t = t,
                         .previous_head = head,
                         .leaf = leaf,
                         .root = root,
                         .chain = std::move(chain),
                         .nodes = std::move(plan)};
}

absl::Status RocksCalendar::Apply(const CalendarPreview& preview) {
  PITSER_RETURN_IF_ERROR(ReadyToWrite());
  const std::optional<std::uint64_t> head = this->head();
  if (head && preview.t <= *head) return Repeat(preview.t, preview.leaf);
  if (preview.previous_head != head) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the preview of second %d is of an older head: make a new one", preview.t));
  }
  return Commit(preview.nodes, {preview.t, preview.t}, preview.root);
}

absl::Status RocksCalendar::AdvanceHead(std::uint64_t t) {
  PITSER_RETURN_IF_ERROR(ReadyToWrite());
  const std::optional<std::uint64_t> head = this->head();
  if (head && t <= *head) return absl::OkStatus();
  const TileReader stored(*database_.db);
  PITSER_ASSIGN_OR_RETURN(const std::vector<CalendarNode> plan, ledger::PlanSkip(stored, head, t));
  PITSER_ASSIGN_OR_RETURN(const Imprint root,
                          ledger::CalendarRoot(ledger::PlannedNodes(stored, plan), t));
  return Commit(plan, {t, newest_leaf_}, root);
}

absl::Status RocksCalendar::Commit(const std::vector<CalendarNode>& nodes, const HeadRecord& head,
                                   const Imprint& root) {
  rocksdb::WriteBatch batch;
  for (const CalendarNode& node : nodes) {
    if (node.level % internal::kBand != 0) continue;
    PITSER_RETURN_IF_ERROR(FromRocks(batch.Put(internal::NodeKey(node.level, node.index),
                                               internal::ToSlice(node.value.bytes()))));
  }
  PITSER_RETURN_IF_ERROR(
      FromRocks(batch.Put(internal::ToSlice(internal::kHeadKey), internal::EncodeHead(head))));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const absl::Status written = FromRocks(database_.db->Write(synced, &batch));
  if (!written.ok()) return WriteFailed(written);
  const absl::Status recorded = last_signed_->Record(head.head, root);
  if (!recorded.ok()) return Fatal(ledger::Annotate(recorded, LastSignedPath()));
  SetHead(head);
  return absl::OkStatus();
}

// What was said yes to before was synced then; this guards the promise, not the bytes.
absl::Status RocksCalendar::Repeat(std::uint64_t t, const Imprint& leaf) {
  PITSER_ASSIGN_OR_RETURN(const bool stands, Stands(*database_.db, t, leaf));
  if (!stands) return OtherLeaf(t);
  const absl::Status synced = FromRocks(database_.db->SyncWAL());
  return synced.ok() ? synced : WriteFailed(synced);
}

// A full disk is the one failure that may pass: the database is opened again from what is on disk
// before anything is built on it. Whatever else goes wrong ends the process.
absl::Status RocksCalendar::WriteFailed(const absl::Status& status) {
  if (!absl::IsResourceExhausted(status)) return Fatal(status);
  disk_was_full_ = true;
  return absl::ResourceExhaustedError(
      absl::StrFormat("the disk of %s is full: nothing can be signed until there is room (%s)",
                      path_, status.message()));
}

absl::Status RocksCalendar::Fatal(const absl::Status& status) {
  failed_ = true;
  const absl::Status fatal = absl::UnavailableError(absl::StrFormat(
      "the calendar in %s could not be written durably, and what is on disk is not known: the "
      "process must end, its next start looks what there is (%s)",
      path_, status.message()));
  options_.on_sync_failure(fatal);
  return fatal;
}

absl::Status RocksCalendar::ReadyToWrite() {
  if (failed_) {
    return absl::UnavailableError("an earlier write to the calendar failed: restart the process");
  }
  return disk_was_full_ ? Reopen() : absl::OkStatus();
}

// After a full disk: what stands is what a start would find, so it is done as a start does it.
absl::Status RocksCalendar::Reopen() {
  PITSER_RETURN_IF_ERROR(internal::CheckRoom(*env_, path_, kRoomToRecover));
  const std::unique_lock<std::shared_mutex> lock(reopening_);
  database_ = {};
  absl::Status status = OpenAndCheck();
  if (status.ok()) {
    const auto head = internal::ReadHead(*database_.db);
    status = head.ok() ? Adopt(*head) : head.status();
  }
  if (status.ok()) {
    disk_was_full_ = false;
    return status;
  }
  database_ = {};
  if (!absl::IsResourceExhausted(status)) return Fatal(status);
  // Full again already. Reading goes on: it needs no room.
  auto read_only = internal::OpenDatabaseReadOnly(DatabasePath(), database_options_);
  if (!read_only.ok()) return Fatal(read_only.status());
  database_ = *std::move(read_only);
  return WriteFailed(status);
}

absl::Status RocksCalendar::BulkLoad(
    const std::function<std::optional<std::pair<std::uint64_t, Imprint>>()>& next,
    std::uint64_t head) {
  PITSER_RETURN_IF_ERROR(ReadyToWrite());
  PITSER_ASSIGN_OR_RETURN(const auto start, internal::ReadHead(*database_.db));
  internal::BulkLoader loader(*database_.db, internal::TableOptions(database_options_), BulkPath(),
                              start);
  absl::StatusOr<HeadRecord> loaded = [&]() -> absl::StatusOr<HeadRecord> {
    while (const auto leaf = next()) {
      PITSER_RETURN_IF_ERROR(loader.Add(leaf->first, leaf->second));
    }
    return loader.Finish(head);
  }();
  if (!loaded.ok()) {
    internal::BulkLoader::RemoveLeftovers(*env_, BulkPath()).IgnoreError();
    return loaded.status();
  }
  return Adopt(*loaded);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Calendar>> Calendar::Open(const std::string& path,
                                                         CalendarOptions options) {
  auto calendar = std::make_unique<RocksCalendar>(path, std::move(options));
  const absl::Status status = calendar->Start();
  if (!status.ok()) return ledger::Annotate(status, path);
  return calendar;
}

}  // namespace pitser::storage
