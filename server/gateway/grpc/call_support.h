#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "google/protobuf/message.h"
#include "ledger/format/publication.h"
#include "server/gateway/grpc/services.h"

// What several services do alike.
namespace pitser::server::internal {

// The caller's deadline by the server's clock. gRPC's is by the machine's.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context, base::Clock& clock);

// gRPC itself refuses what is far above the limit, but cannot say the limit's name.
// Errors: kInvalidArgument, naming `max_message_bytes`.
absl::Status CheckSize(const google::protobuf::Message& request, const GrpcLimits& limits);

// What a node that has a parent says when it is asked for `what`, which only the parent has.
absl::Status IsTheParents(std::string_view what);

// A publication as the contract tells it.
void TellPublication(const ledger::PublicationRecord& record, v1::Publication& message);

// `work`, or kResourceExhausted when there was no memory for it.
absl::Status WithMemory(const std::function<absl::Status()>& work);

// Runs `read` where disk may be read and ends the call with what it returns.
grpc::ServerUnaryReactor* Read(ServiceContext& shared, grpc::CallbackServerContext& context,
                               std::function<absl::Status()> read);

}  // namespace pitser::server::internal
