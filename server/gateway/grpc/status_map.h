#pragma once

#include "absl/status/status.h"

namespace grpc {
class ServerContextBase;
class Status;
}  // namespace grpc

namespace pitser::server {

// The one place where our status becomes gRPC's: the same code (the two lists are one) and message.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The same for the end of a call: puts the limit and the retry delay that `status` carries
// (base/retry_hint.h) into the call's trailing metadata. To be called before Finish(), by whoever
// finishes the call.
grpc::Status EndStatus(grpc::ServerContextBase& context, const absl::Status& status);

}  // namespace pitser::server
