#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/gateway/grpc/status_map.h"

namespace pitser::server {

// A reactor on the heap that gRPC ends: made by `new` when a call comes in, gone after OnDone(),
// the last thing that gRPC does with a call. The only place of the project that deletes itself.
template <typename Reactor>
class CallReactor : public Reactor {
 protected:
  // Not to be destroyed by anybody else.
  ~CallReactor() override = default;

 private:
  void OnDone() final { delete this; }
};

// Ends a streaming call at once with an error. (A unary call uses the context's own
// DefaultReactor().)
template <typename Reactor>
class RefusedCall final : public CallReactor<Reactor> {
 public:
  RefusedCall(grpc::CallbackServerContext& context, const absl::Status& status) {
    this->Finish(EndStatus(context, status));
  }
};

// Ends a unary call at once.
inline grpc::ServerUnaryReactor* FinishedUnary(grpc::CallbackServerContext& context,
                                               const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  reactor->Finish(EndStatus(context, status));
  return reactor;
}

}  // namespace pitser::server
