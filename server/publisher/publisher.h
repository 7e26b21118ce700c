#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ledger/format/publications_file.h"
#include "server/core/core.h"
#include "server/keys/key_set.h"
#include "server/publisher/publications.h"
#include "storage/calendar.h"

namespace pitser::server {

// Makes publications: at multiples of `every` since the epoch, at once when asked, and at start for
// the boundaries that were missed. Owns the publications file (DIR/trust/publications.bin).
// Thread: any.
class Publisher : public Publications {
 public:
  // Publishes the newest second that is over, and what the schedule is behind with. On disk when it
  // returns. A second that is published already is given back as it stands. May wait for a
  // publication that is being made, and for the rounds that are being closed, with the limits of
  // Core::AdvanceHead().
  // Errors: kUnavailable while signing is stopped, the publications certificate is not valid, the
  // clock is behind the newest publication, or after Stop(); kResourceExhausted when the disk or
  // the publications file is full; kDataLoss when the calendar contradicts a publication: nothing
  // is published any more.
  virtual absl::StatusOr<ledger::PublicationData> PublishNow() = 0;

  // Signs with these keys from now on, whose root and constraint are those of before. When it
  // returns OK, a file that lists their calendar certificate, signed by their signer, is on disk:
  // only then may anything be signed under that certificate.
  // Errors: as PublishNow().
  virtual absl::Status UseKeys(const KeySet& keys) = 0;

  // Ends the schedule and joins its thread; waits for a publication that is being made, and with
  // it, with the limits of Core::AdvanceHead(), for the rounds that the core still holds: let go
  // of them first. May be called twice.
  virtual void Stop() = 0;
};

struct PublisherOptions {
  std::string data_dir;
  // Whole seconds, at least one.
  absl::Duration every = absl::Hours(24);
  // Where the file can be had, said in the file itself. Empty: left out.
  std::string repository_uri;
  KeySet keys;
};

// At most this many missed boundaries are made up for, the newest. Older ones are not missed: a
// signature can be extended to any later publication.
inline constexpr std::uint64_t kMaxMadeUpPublications = 1000;

// Loads the publications file or makes the first one, which lists the calendar's certificate and no
// publication; adds to it what only the store has (an older file was put back), and to the store
// what only the file has (a folder of before the store); makes up for the boundaries after the
// newest publication (after the first start when there is none); and goes on with a thread of its
// own. When it returns, a file that lists the calendar's certificate is on disk.
//
// Every certificate that was ever listed stays listed: signatures made under it are verified by it
// until they are extended. A file whose signer is not valid now, because it has ended or a clock
// that was wrong made it, is signed anew.
//
// `core`, `calendar` and `clock` outlive the publisher.
// Logs:   publications_schedule, publications_file_made, publications_file_completed, published,
//         publications_skipped, publication_failed, publisher_stopped.
// Errors: kInvalidArgument for an `every` that is not whole seconds, or a malformed file;
// kFailedPrecondition when the file was not signed under this key set's root, or is missing though
// the calendar is not empty; kDataLoss when the
// calendar contradicts one of the newest publications, or ends before it (an old backup); the
// system's when the file cannot be written.
absl::StatusOr<std::unique_ptr<Publisher>> StartPublisher(PublisherOptions options, Core* core,
                                                          const storage::Calendar* calendar,
                                                          base::Clock* clock);

// DIR/trust/publications.bin.
std::string PublicationsPath(const std::string& data_dir);

// DIR/publications.store: see publication_store.h.
std::string PublicationStorePath(const std::string& data_dir);

// The time of the newest publication in DIR/trust/publications.bin or the store, for
// CalendarOptions::handed_out: read before the calendar is opened, so that an old backup is not
// served. Nothing when neither has one. The file's signature is not looked at.
// Errors: kInvalidArgument for a malformed file, naming it; those of PublicationStore::Open(); the
// system's.
absl::StatusOr<std::optional<std::uint64_t>> NewestPublicationTime(const std::string& data_dir);

// When that file was made, by the clock of then: for a ledger that has closed no second yet, the
// last that is known of it.
absl::StatusOr<std::optional<std::uint64_t>> PublicationsFileTime(const std::string& data_dir);

}  // namespace pitser::server
