#pragma once

#include "net/retry.h"

namespace grpc {
class ClientContext;
class Status;
}  // namespace grpc

namespace pitser::net {

// gRPC's status as ours: the same code (the two lists are one), the message as it came.
absl::Status FromGrpcStatus(const grpc::Status& status);

// The outcome of a finished call: its status and the delay the server asked for, if any.
Attempt FinishedAttempt(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace pitser::net
