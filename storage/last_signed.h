#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/crypto/imprint.h"

namespace rocksdb {
class Env;
}

namespace pitser::storage {

// The newest second that may have been signed, and the calendar root it was signed with, kept in a
// small file of its own: what a database that lost its end, or was replaced by an old copy, is held
// against. The Calendar keeps one itself (CalendarOptions::last_signed) and writes it before
// Apply() and AdvanceHead() say yes; nobody else needs to.
//
// File:   two slots of 4096 bytes, written in turn, each with a checksum: a write that was torn by
//         a crash leaves the other slot whole.
// Thread: one at a time.
class LastSigned {
 public:
  struct Entry {
    std::uint64_t t;  // Unix seconds.
    ledger::Imprint root;
  };

  // Opens the file; creates it, with nothing recorded, where there is none. `env` as in
  // CalendarOptions.
  // Errors: kDataLoss when neither slot is readable; kFailedPrecondition when the format is newer
  // than this program; kUnavailable or kResourceExhausted from the file system.
  static absl::StatusOr<std::unique_ptr<LastSigned>> Open(const std::string& path,
                                                          rocksdb::Env* env = nullptr);
  virtual ~LastSigned() = default;

  // What the file held when it was opened, or what was recorded since.
  virtual const std::optional<Entry>& Read() const = 0;

  // On disk when it returns OK. After an error it is not known what is: end the process.
  // Errors: kFailedPrecondition if t is before the second that is recorded.
  // Cost:   one write in place and one fdatasync; needs no room on the disk.
  virtual absl::Status Record(std::uint64_t t, const ledger::Imprint& root) = 0;
};

}  // namespace pitser::storage
