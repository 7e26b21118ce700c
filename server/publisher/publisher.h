#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/format/publications_file.h"

namespace pitser::server {

// Makes publications: at multiples of `every` since the epoch, at once when asked, and at start for
// the boundaries that were missed. Owns the publications file (DIR/trust/publications.bin).
class Publisher {
 public:
  virtual ~Publisher() = default;

  // The file as it stands; never null once started. Thread: any.
  virtual std::shared_ptr<const ledger::PublicationsFile> file() const = 0;

  // Publishes the newest closed second now. On disk when it returns.
  // Errors: kUnavailable while signing is stopped; kResourceExhausted when the disk is full.
  virtual absl::StatusOr<ledger::PublicationData> PublishNow() = 0;

  virtual void Stop() = 0;
};

}  // namespace pitser::server
