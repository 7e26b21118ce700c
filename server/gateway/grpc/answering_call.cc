#include "server/gateway/grpc/answering_call.h"

#include <utility>

#include "base/retry_hint.h"

namespace pitser::server {

using base::MutexLock;

void AnsweringCall::OnWritten(bool ok) {
  {
    MutexLock lock(mu_);
    writing_ = false;
    Written();
  }
  if (!ok) return End(absl::CancelledError("the caller went away"));
  Wake();
}

void AnsweringCall::OnCancelled() { End(absl::CancelledError("the call was cancelled")); }

void AnsweringCall::OnGone() {
  MutexLock lock(mu_);
  gone_ = true;
}

void AnsweringCall::End(absl::Status status) {
  {
    MutexLock lock(mu_);
    if (end_.has_value()) return;
    end_ = std::move(status);
  }
  Wake();
}

void AnsweringCall::CheckStall(absl::Duration now) {
  absl::Status status =
      base::LimitReached("stream_stall_ms", "the answers were not read", absl::ZeroDuration());
  {
    MutexLock lock(mu_);
    if (gone_ || !writing_ || now - waiting_since_ < stall_) return;
    waiting_since_ = now;
    // Under the lock, because OnGone() is what ends the call's life; nothing comes back from it but
    // on gRPC's threads.
    if (finished_) return call_->Break(status);
  }
  End(std::move(status));
}

void AnsweringCall::OutOfMemory() {
  End(absl::ResourceExhaustedError("the server has not enough memory for this call now"));
}

bool AnsweringCall::Step() {
  bool writing = false;
  std::optional<absl::Status> end;
  {
    MutexLock lock(mu_);
    if (finished_) return false;
    end = end_;
    finished_ = end.has_value();
    writing = writing_;
  }
  if (end.has_value()) {
    LetGo();
    call_->Close(*end);
    return false;
  }
  if (Work()) return true;
  if (writing) return false;
  if (std::string message = NextMessage(); !message.empty()) {
    {
      MutexLock lock(mu_);
      writing_ = true;
      waiting_since_ = clock_->Monotonic();
    }
    call_->Send(std::move(message));
    return true;
  }
  if (std::optional<absl::Status> status = Complete()) {
    End(*std::move(status));
    return true;
  }
  return false;
}

}  // namespace pitser::server
