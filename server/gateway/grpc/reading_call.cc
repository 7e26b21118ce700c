#include "server/gateway/grpc/reading_call.h"

#include <grpc/grpc.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pitser::server::internal {

using base::MutexLock;

void CallEnding::End(const absl::Status& status) {
  {
    MutexLock lock(mu_);
    ended_ = status;
    if (breaking_) return;  // Stalled() needs the call a moment longer.
  }
  finish_(EndStatus(context_, status));
}

void CallEnding::Stalled() {
  {
    MutexLock lock(mu_);
    if (ended_.has_value()) return;
    breaking_ = true;
  }
  const std::string why = absl::StrCat("the stream was not read for ",
                                       absl::FormatDuration(patience_), " (limit stream_stall_ms)");
  // gRPC's C++ has only TryCancel(), which cannot say why.
  grpc_call_cancel_with_status(context_.c_call(), GRPC_STATUS_RESOURCE_EXHAUSTED, why.c_str(),
                               nullptr);
  absl::Status status;
  {
    MutexLock lock(mu_);
    breaking_ = false;
    if (!ended_.has_value()) return;
    status = *ended_;
  }
  finish_(EndStatus(context_, status));
}

}  // namespace pitser::server::internal
