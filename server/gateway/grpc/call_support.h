#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "google/protobuf/message.h"
#include "server/gateway/grpc/services.h"

// What several services do alike.
namespace pitser::server::internal {

// The contract promises messages of at most 1 MiB; the rest is for what is around the bytes.
inline constexpr std::size_t kPieceBytes = (std::size_t{1} << 20) - 1024;

absl::Status NotServedYet(std::string_view call);

// The caller's deadline by the server's clock. gRPC's is by the machine's.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context, base::Clock& clock);

// gRPC itself refuses what is far above the limit, but cannot say the limit's name.
// Errors: kInvalidArgument, naming `max_message_bytes`.
absl::Status CheckSize(const google::protobuf::Message& request, const GrpcLimits& limits);

// Runs `read` where disk may be read and ends the call with what it returns.
grpc::ServerUnaryReactor* Read(ServiceContext& shared, grpc::CallbackServerContext& context,
                               std::function<absl::Status()> read);

}  // namespace pitser::server::internal
