#pragma once

#include "net/retry.h"

namespace grpc {
class ClientContext;
class Status;
}  // namespace grpc

namespace pitser::net {

// gRPC's status as ours: the same code (the two lists are one), the message as it came.
absl::Status FromGrpcStatus(const grpc::Status& status);

// The outcome of a finished call that nobody here cancelled: its status and the delay the server
// asked for, if any. CANCELLED is then how gRPC's server drops a call that comes in just as it
// shuts down, before anybody has seen it: kUnavailable.
Attempt FinishedAttempt(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace pitser::net
