#include "storage/internal/open_database.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "rocksdb/table.h"
#include "rocksdb/wal_filter.h"
#include "rocksdb/write_batch.h"
#include "storage/internal/rocks.h"
#include "storage/internal/tile_reader.h"

namespace pitser::storage::internal {
namespace {

using Mode = rocksdb::WALRecoveryMode;

// RocksDB skips a stretch of zeros in its log without a word, also where records stood. They are
// numbered, so a hole shows.
class SequenceFilter : public rocksdb::WalFilter {
 public:
  const char* Name() const override { return "pitser.SequenceFilter"; }

  WalProcessingOption LogRecordFound(unsigned long long, const std::string&,
                                     const rocksdb::WriteBatch& batch, rocksdb::WriteBatch*,
                                     bool*) override {
    std::uint64_t sequence = 0;  // The first eight bytes of a batch, little-endian.
    for (int i = 7; i >= 0; --i) {
      sequence = sequence << 8 | static_cast<std::uint8_t>(batch.Data()[static_cast<size_t>(i)]);
    }
    if (next_ && sequence != *next_) return WalProcessingOption::kCorruptedRecord;
    next_ = sequence + batch.Count();
    return WalProcessingOption::kContinueProcessing;
  }

 private:
  std::optional<std::uint64_t> next_;
};

rocksdb::Options BuildOptions(const DatabaseOptions& from, Mode mode, rocksdb::WalFilter* filter) {
  rocksdb::Options options = TableOptions(from);
  options.create_if_missing = from.create;
  options.error_if_exists = from.create;
  options.wal_recovery_mode = mode;
  options.wal_filter = filter;
  options.track_and_verify_wals_in_manifest = true;
  options.write_buffer_size = from.write_buffer_bytes;
  options.level_compaction_dynamic_level_bytes = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = std::size_t{1} << 20;
  options.keep_log_file_num = 2;
  return options;
}

absl::StatusOr<Database> OpenWith(const std::string& path, const DatabaseOptions& from, Mode mode,
                                  bool read_only) {
  Database opened;
  opened.filter = std::make_unique<SequenceFilter>();
  const rocksdb::Options options = BuildOptions(from, mode, opened.filter.get());
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, path, &db)
                                           : rocksdb::DB::Open(options, path, &db);
  if (status.IsPathNotFound()) return absl::DataLossError(status.ToString());
  PITSER_RETURN_IF_ERROR(FromRocks(status));
  opened.db.reset(db);
  return opened;
}

// Whether the damage is only at the end of the log, behind everything that was ever said yes to.
// Looks without changing anything.
absl::Status CheckDamageIsUnacknowledged(const std::string& path, const DatabaseOptions& options,
                                         const absl::Status& damage) {
  const auto refuse = [&](std::string_view why) {
    return absl::DataLossError(absl::StrFormat(
        "the calendar's database is damaged (%s), and %s. Nothing was changed. Put a sound copy of "
        "the calendar in its place; see docs/decisions/0002-wal-recovery.md",
        damage.message(), why));
  };
  if (!options.proven) return refuse("the file last-signed that could vouch for it is missing");
  auto db = OpenWith(path, options, Mode::kPointInTimeRecovery, /*read_only=*/true);
  if (!db.ok()) return refuse("not only at the end of its log");
  if (!options.signed_up_to) return absl::OkStatus();
  if (!CheckSigned(*db->db, *options.signed_up_to).ok()) {
    return refuse(absl::StrFormat("what is whole of it does not reach second %d, which was signed",
                                  options.signed_up_to->t));
  }
  return absl::OkStatus();
}

// Ours, and of a version that we know? A database without a single key is one that was begun.
absl::Status CheckFormat(rocksdb::DB& db) {
  std::string value;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), ToSlice(kFormatKey), &value);
  if (status.IsNotFound()) {
    const std::unique_ptr<rocksdb::Iterator> all(db.NewIterator(rocksdb::ReadOptions()));
    all->SeekToFirst();
    if (all->Valid()) return absl::FailedPreconditionError("this database is no Pitser calendar");
    PITSER_RETURN_IF_ERROR(FromRocks(all->status()));
    ledger::ByteVector version = ledger::ToVector(ledger::AsBytes(kMagic));
    ledger::AppendBe64(version, kFormatVersion);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    return FromRocks(db.Put(synced, ToSlice(kFormatKey), ToSlice(ledger::Bytes(version))));
  }
  PITSER_RETURN_IF_ERROR(FromRocks(status));
  const ledger::Bytes bytes = ledger::AsBytes(value);
  if (bytes.size() != kMagic.size() + 8 || ledger::AsText(bytes.first(kMagic.size())) != kMagic) {
    return absl::FailedPreconditionError("this database is no Pitser calendar");
  }
  const std::uint64_t version = ledger::ReadBe64(bytes.subspan(kMagic.size()));
  if (version <= kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the calendar's format version is %d and this program knows versions up to %d: use a newer "
      "pitserd",
      version, kFormatVersion));
}

}  // namespace

rocksdb::Options TableOptions(const DatabaseOptions& from) {
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  table.block_cache = from.block_cache;
  rocksdb::Options options;
  options.env = from.env;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;  // Digests do not compress.
  return options;
}

absl::Status CheckSigned(rocksdb::DB& db, const LastSigned::Entry& entry) {
  PITSER_ASSIGN_OR_RETURN(const std::optional<HeadRecord> head, ReadHead(db));
  if (!head || head->head < entry.t) {
    return absl::DataLossError(absl::StrFormat("the head lies before second %d", entry.t));
  }
  PITSER_ASSIGN_OR_RETURN(const ledger::Imprint root,
                          ledger::CalendarRoot(TileReader(db), entry.t));
  if (root == entry.root) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("the calendar root of second %d is %s, but was %s when it was signed",
                      entry.t, root.ToText(), entry.root.ToText()));
}

namespace {

absl::StatusOr<Database> OpenForgivingTheEnd(const std::string& path,
                                             const DatabaseOptions& options, bool read_only) {
  auto db = OpenWith(path, options, Mode::kAbsoluteConsistency, read_only);
  if (!absl::IsDataLoss(db.status())) return db;
  const absl::Status damage = db.status();
  PITSER_RETURN_IF_ERROR(CheckDamageIsUnacknowledged(path, options, damage));
  db = OpenWith(path, options, Mode::kPointInTimeRecovery, read_only);
  if (db.ok() && !read_only && options.on_notice) {
    options.on_notice(absl::StrFormat(
        "dropped a write that the last crash interrupted and nobody was told of (%s)",
        damage.message()));
  }
  return db;
}

}  // namespace

absl::StatusOr<Database> OpenDatabase(const std::string& path, const DatabaseOptions& options) {
  auto db = OpenForgivingTheEnd(path, options, /*read_only=*/false);
  PITSER_RETURN_IF_ERROR(db);
  PITSER_RETURN_IF_ERROR(CheckFormat(*db->db));
  return db;
}

absl::StatusOr<Database> OpenDatabaseReadOnly(const std::string& path,
                                              const DatabaseOptions& options) {
  return OpenForgivingTheEnd(path, options, /*read_only=*/true);
}

}  // namespace pitser::storage::internal
