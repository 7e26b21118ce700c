#pragma once

#include "server/gateway/grpc/gateway.h"

namespace grpc {
class ServerBuilder;
}  // namespace grpc

namespace pitser::server {

// gRPC's own limits and habits for a listener, set on purpose. Why each has its value:
// docs/protocol.md, "Limits".
void SetTransportLimits(grpc::ServerBuilder& builder, const GrpcLimits& limits);

}  // namespace pitser::server
