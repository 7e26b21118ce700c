#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"
#include "ledger/tree/calendar_tree.h"

namespace rocksdb {
class Env;
}

namespace pitser::storage {

struct CalendarOptions {
  // The file system of the database; null: the machine's. Tests pass one that forgets unsynced
  // writes. Not owned; outlives the calendar.
  rocksdb::Env* env = nullptr;
  // Refuse to create a database where there is none.
  bool must_exist = false;
  // The newest second that anything outside the database is known to have been handed out for
  // (publications, the last signed record): opening with an older head is refused.
  std::optional<std::uint64_t> handed_out;
  // Where the record of the newest second that may have been signed lies (storage/last_signed.h);
  // its folder must exist. Empty: `last-signed` in the calendar's folder. Outside of it the record
  // does not come back with an old copy of that folder, nor go with it; one that still lies inside
  // is moved, whichever of the two is newer counting.
  std::string last_signed;
  // Called when a write could not be made durable: what is on disk is no longer known, so nothing
  // may be built on it. The default prints and ends the process at once, without destructors.
  std::function<void(const absl::Status&)> on_sync_failure;
  // Gets lines worth a warning in the log, e.g. that a write was dropped which the last crash
  // interrupted. Called from the thread that opens or writes. Null: they are lost.
  std::function<void(std::string_view)> on_notice;
  // Told the head when the calendar is opened and after each write that moved it, once it is
  // durable and readers see it. Called from the thread that opens or writes; must not block. Null:
  // nobody.
  std::function<void(std::uint64_t)> on_head;
  // Memory for what is read: blocks of the database, and the upper nodes
  // (storage/internal/tile_cache.h).
  std::size_t cache_bytes = std::size_t{64} << 20;
  // How much of the log is gathered before it is written out as a table; a restart replays at most
  // that. The default is half a day of seconds.
  std::size_t write_buffer_bytes = std::size_t{8} << 20;
};

// What a leaf would make of the calendar. Valid until the next write.
struct CalendarPreview {
  std::uint64_t t;
  std::optional<std::uint64_t> previous_head;
  ledger::Imprint leaf;
  ledger::Imprint root;             // The calendar root for publication time t.
  ledger::CalendarHashChain chain;  // From t to t.
  std::vector<ledger::CalendarNode> nodes;
};

// The calendar on disk: one leaf a second, for ever, append-only, crash-safe.
//
// Folder: db/ (RocksDB), LOCK and, unless it is kept elsewhere, last-signed (storage/last_signed.h,
//         written before any write says yes, so that a database that lost its end is noticed).
// Thread: reads may run at any time from any thread; writes (Apply, AdvanceHead, BulkLoad) are one
//         thread's. Readers see a second completely or not at all, and wait for no write but one:
//         the reopening after a full disk.
// Errors of every method: kDataLoss when stored bytes contradict their checksum or shape;
//         kUnavailable when the machine cannot read or write for another reason. Of the writes
//         also: kUnavailable after `on_sync_failure` was called and has returned.
// Source: spec/ksi-signature.md 5.5, design.md 2 and 3.
class Calendar : public ledger::NodeReader {
 public:
  // Opens or creates; the parent folder must exist. O(log n): checks the newest part (head, its
  // leaf, the peaks' right edge), not the whole.
  // Errors: kFailedPrecondition when another process has it open (saying so), when it is not a
  // calendar or of a format newer than this program, or when the head is older than `handed_out` or
  // than what was signed; kNotFound where `must_exist` and there is none; kDataLoss when the
  // database or its log is damaged: nothing is repaired silently.
  static absl::StatusOr<std::unique_ptr<Calendar>> Open(const std::string& path,
                                                        CalendarOptions options);
  ~Calendar() override = default;

  // The newest closed second; nothing in an empty calendar. Durable.
  virtual std::optional<std::uint64_t> head() const = 0;

  // Step one of a commit: computes, writes nothing. For a second that is closed with this very leaf
  // (the empty value Z_0 where none is stored) the preview is of what stands.
  // Errors: kFailedPrecondition if t <= head and the stored leaf is another; kOutOfRange beyond
  // kMaxCalendarTime.
  virtual absl::StatusOr<CalendarPreview> Preview(std::uint64_t t,
                                                  const ledger::Imprint& leaf) const = 0;

  // The last step: leaf, nodes and head in one atomic write, on disk when it returns OK. Repeating
  // a leaf that stands is harmless, and is also synced before it says yes.
  // Errors: kFailedPrecondition when the preview is of an older head or another value stands at t;
  // kResourceExhausted when the disk is full (nothing was written, may be tried again).
  virtual absl::Status Apply(const CalendarPreview& preview) = 0;

  // Closes all seconds up to and including `t`, empty where they have no leaf. On disk when it
  // returns OK; OK at once if the head is there already.
  // Errors: kOutOfRange beyond kMaxCalendarTime; kResourceExhausted as Apply().
  virtual absl::Status AdvanceHead(std::uint64_t t) = 0;

  // The leaf of second t; nothing where the second is empty.
  // Errors: kOutOfRange beyond the head.
  virtual absl::StatusOr<std::optional<ledger::Imprint>> Leaf(std::uint64_t t) const = 0;

  // Calls `visit` for every stored leaf from first to last, ascending, until it returns false. What
  // is read does not take the place of anything in the cache.
  // Errors: kOutOfRange if last > head; kInvalidArgument if first > last.
  virtual absl::Status VisitLeaves(
      std::uint64_t first, std::uint64_t last,
      const std::function<bool(std::uint64_t, const ledger::Imprint&)>& visit) const = 0;

  // Root and chain as of a closed second.
  // Errors: kOutOfRange if publication_time > head; kInvalidArgument if t > publication_time.
  virtual absl::StatusOr<ledger::Imprint> Root(std::uint64_t publication_time) const = 0;
  virtual absl::StatusOr<ledger::CalendarHashChain> Chain(std::uint64_t t,
                                                          std::uint64_t publication_time) const = 0;

  // The perfect subtree N(level, index), for those that are complete.
  // Errors: kOutOfRange if one of its seconds is not closed yet.
  absl::StatusOr<ledger::Imprint> Node(unsigned level, std::uint64_t index) const override = 0;

  // Loads many leaves at once, for restore, benchmarks and tests: `next` gives ascending leaves
  // after the head until it gives nothing; then the head is `head`. On disk when it returns OK;
  // has not happened at all otherwise.
  // Errors: kFailedPrecondition when leaves do not ascend or `head` is before the last one;
  // kResourceExhausted when the disk is full.
  virtual absl::Status BulkLoad(
      const std::function<std::optional<std::pair<std::uint64_t, ledger::Imprint>>()>& next,
      std::uint64_t head) = 0;
};

}  // namespace pitser::storage
