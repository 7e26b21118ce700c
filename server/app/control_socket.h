#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/app/operated.h"

namespace pitser::server {

// The operator's door to a running server: pitser.control.v1 on DIR/run/pitserd.sock. Whoever may
// open the socket may do everything; the folder is 0700, the socket 0600.
// Thread: any; Shutdown() is the owner's.
class ControlSocket {
 public:
  // `run_dir` is made when it is missing, and its mode is set. `node` outlives this.
  // Errors: kFailedPrecondition when the socket cannot be made, saying why.
  static absl::StatusOr<std::unique_ptr<ControlSocket>> Start(const std::string& run_dir,
                                                              Operated* node);
  virtual ~ControlSocket() = default;

  // Whether somebody can still find it: false when it was removed from the folder.
  virtual bool there() const = 0;

  // Takes no more calls and waits for those that run, at most `timeout`.
  virtual void Shutdown(absl::Duration timeout) = 0;
};

}  // namespace pitser::server
