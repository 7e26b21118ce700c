#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "rocksdb/wal_filter.h"
#include "storage/last_signed.h"

namespace pitser::storage::internal {

// An open database with what it refers to.
struct Database {
  std::unique_ptr<rocksdb::WalFilter> filter;
  std::unique_ptr<rocksdb::DB> db;  // Closed before the filter goes.
};

struct DatabaseOptions {
  rocksdb::Env* env;  // Never null.
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::size_t write_buffer_bytes;
  bool create;  // There is none yet.
  // What the database must reach: the entry of `last-signed`. `proven` is false if that file was
  // missing, so that nothing can vouch for the end of a damaged log.
  std::optional<LastSigned::Entry> signed_up_to;
  bool proven;
  std::function<void(std::string_view)> on_notice;
};

// The settings that tables of the calendar are written with, also outside a database.
rocksdb::Options TableOptions(const DatabaseOptions& options);

// Opens the database. Every record of its log must be whole and in sequence. The one thing that is
// forgiven is a damaged end, and only if what stands before it reaches `signed_up_to`: that is a
// write which the last crash interrupted and nobody was told of. This is decided before anything
// is changed on disk.
// Errors: kDataLoss; kFailedPrecondition for a database that is not ours or of a newer format;
// kResourceExhausted, kUnavailable from the file system.
// Decision: docs/decisions/0002-wal-recovery.md.
absl::StatusOr<Database> OpenDatabase(const std::string& path, const DatabaseOptions& options);

// The same for reading only: needs no room on the disk and changes nothing.
absl::StatusOr<Database> OpenDatabaseReadOnly(const std::string& path,
                                              const DatabaseOptions& options);

// Whether the database's root at the last signed second is the one that was signed with.
// Errors: kDataLoss if not, or if that second lies beyond the head.
absl::Status CheckSigned(rocksdb::DB& db, const LastSigned::Entry& entry);

}  // namespace pitser::storage::internal
