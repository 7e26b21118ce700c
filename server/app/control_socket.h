#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/format/publication.h"
#include "server/publisher/publisher.h"

namespace pitser::server {

// The operator's door to a running server: pitser.control.v1 on DIR/run/pitserd.sock. Whoever may
// open the socket may do everything; the folder is 0700, the socket 0600.
// Thread: any; Shutdown() is the owner's.
class ControlSocket {
 public:
  // `run_dir` is made when it is missing, and its mode is set. `publisher` outlives this.
  // Errors: kFailedPrecondition when the socket cannot be made, saying why.
  static absl::StatusOr<std::unique_ptr<ControlSocket>> Start(const std::string& run_dir,
                                                              Publisher* publisher);
  virtual ~ControlSocket() = default;

  // Takes no more calls and waits for those that run, at most `timeout`.
  virtual void Shutdown(absl::Duration timeout) = 0;
};

// The other side: has the server that runs on `run_dir` publish now.
// Errors: kUnavailable when none runs there; kDeadlineExceeded; the server's refusal.
absl::StatusOr<ledger::PublicationData> PublishThroughSocket(const std::string& run_dir,
                                                             absl::Duration timeout);

}  // namespace pitser::server
