#include "net/grpc_process.h"

#include "absl/synchronization/mutex.h"

namespace pitser::net {

void PrepareGrpcProcess() {
  // Debian's abseil is built with its search for deadlocks on, which keeps a graph of all mutexes
  // under one lock: 5 % of what a call costs, at both ends (docs/performance.md, "Settings").
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace pitser::net
