#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "ledger/format/publication.h"

namespace pitser::control::v1 {
class GetStatusResponse;
}

namespace pitser::server {

class AccountStore;

// What an operator may ask of a running node: the calls of pitser.control.v1.
// Thread: any.
class Operated {
 public:
  // As Publisher::PublishNow(): writes to disk and may take a while.
  virtual absl::StatusOr<ledger::PublicationData> Publish() = 0;

  // Fills an empty message with how the node is. Waits for nothing slow.
  virtual void Status(control::v1::GetStatusResponse& status) const = 0;

  // Takes no more requests for signing, or takes them again; health says so when this returns.
  // Returns how many are pending.
  virtual std::uint64_t SetDraining(bool draining) = 0;

  // Of the KSI service protocol. Changes write to disk.
  virtual AccountStore& accounts() = 0;

 protected:
  ~Operated() = default;
};

}  // namespace pitser::server
