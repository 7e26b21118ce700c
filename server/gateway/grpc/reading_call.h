#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "server/gateway/grpc/budget.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/services.h"
#include "server/gateway/grpc/stall_watch.h"

namespace pitser::server::internal {

// What a message of a stream is filled up to. The contract allows four times as much; a reader that
// stalls holds one message here and one in gRPC, and must take that much in `stream_stall_ms`.
inline constexpr std::size_t kStreamMessageBytes = std::size_t{256} << 10;

// How a call ends: by its own steps, or by the stall watch while gRPC holds a write that nobody
// reads, behind which no ordinary end would come through.
class CallEnding final : public StallWatch::Waiting {
 public:
  // `finish` is the reactor's Finish().
  CallEnding(grpc::CallbackServerContext& context, absl::Duration patience,
             std::function<void(const grpc::Status&)> finish)
      : context_(context), patience_(patience), finish_(std::move(finish)) {}

  // By the call itself, once. The call may be gone when it returns.
  void End(const absl::Status& status) PITSER_EXCLUDES(mu_);
  // The write fails then, and with it the call comes to its end.
  void Stalled() override PITSER_EXCLUDES(mu_);

 private:
  grpc::CallbackServerContext& context_;  // There until `finish_` was called.
  const absl::Duration patience_;
  const std::function<void(const grpc::Status&)> finish_;
  base::Mutex mu_;                                            // Leaf lock.
  bool breaking_ PITSER_GUARDED_BY(mu_) = false;              // Stalled() is at work.
  std::optional<absl::Status> ended_ PITSER_GUARDED_BY(mu_);  // What with.
};

// A call that is answered with a stream of messages, one at a time: the next one is made on a
// thread that may read the disk when the one before has gone. So it holds one message, and no
// thread.
template <typename Response>
class ReadingCall : public CallReactor<grpc::ServerWriteReactor<Response>> {
 public:
  // To be called once, when the whole object is made.
  void Begin() { GoOn(); }

 protected:
  enum class Next {
    kSend,   // `message` is filled: send it, then ask again.
    kDone,   // That was all.
    kAgain,  // Nothing to send yet: ask again.
    kLater,  // Somebody calls GoOn() or End(), or has already: the call may be gone.
  };

  ReadingCall(ServiceContext& shared, grpc::CallbackServerContext& context, Budget::Share place)
      : shared_(shared),
        place_(std::move(place)),
        ending_(std::make_shared<CallEnding>(
            context, shared.stalls.patience(),
            [this](const grpc::Status& status) { this->Finish(status); })) {}

  // Fills an empty message. A bounded piece of work, on a thread that may read the disk.
  virtual absl::StatusOr<Next> Fill(Response& message) = 0;
  // The caller went away. Whoever is at work ends the call; if nobody is, this must.
  virtual void Cancelled() {}

  const std::atomic<bool>& cancelled() const { return cancelled_; }
  ServiceContext& shared() { return shared_; }

  // The call may be gone when they return.
  void GoOn() {
    if (shared_.stream_reads.Post([this] { Step(); }) != base::WorkerPool::Posted::kYes)
      EndByShutdown();
  }
  void End(const absl::Status& status) {
    const std::shared_ptr<CallEnding> ending = ending_;
    ending->End(status);
  }
  void EndByShutdown() { End(absl::UnavailableError("the server is shutting down")); }
  void EndCancelled() { End(absl::CancelledError("the caller went away")); }

 private:
  void Step() {
    if (cancelled_) return EndCancelled();
    message_ = Response();
    const absl::StatusOr<Next> next = Fill(message_);
    if (!next.ok()) {
      shared_.NoteRead(next.status());
      return End(next.status());
    }
    switch (*next) {
      case Next::kSend:
        shared_.stalls.Begin(ending_);
        return this->StartWrite(&message_);
      case Next::kDone:
        return End(absl::OkStatus());
      case Next::kAgain:
        return GoOn();
      case Next::kLater:
        return;
    }
  }

  void OnWriteDone(bool ok) final {
    shared_.stalls.End(*ending_);
    if (!ok) return EndCancelled();
    GoOn();
  }

  void OnCancel() final {
    cancelled_ = true;
    Cancelled();
  }

  ServiceContext& shared_;
  const Budget::Share place_;
  const std::shared_ptr<CallEnding> ending_;
  std::atomic<bool> cancelled_ = false;
  Response message_;  // gRPC's while it is written, else the step's.
};

}  // namespace pitser::server::internal
