#include "server/gateway/grpc/status_map.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>

#include "base/retry_hint.h"
#include "server/gateway/refusal_log.h"

namespace pitser::server {

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

namespace {

// Not what went well, what the caller gave up, and what is an answer too: not there, not yet.
bool IsRefusal(const absl::Status& status) {
  return !status.ok() && !absl::IsCancelled(status) && !absl::IsNotFound(status) &&
         !absl::IsOutOfRange(status);
}

}  // namespace

grpc::Status EndStatus(grpc::ServerContextBase& context, const absl::Status& status) {
  if (const std::string limit = base::LimitOf(status); !limit.empty()) {
    context.AddTrailingMetadata("pitser-limit", limit);
  }
  if (const auto delay = base::RetryAfterOf(status)) {
    context.AddTrailingMetadata("pitser-retry-after-ms",
                                std::to_string(absl::ToInt64Milliseconds(*delay)));
  }
  if (IsRefusal(status)) {
    const std::string limit = base::LimitOf(status);
    CountRefusal("grpc", limit.empty() ? absl::StatusCodeToString(status.code()) : limit);
  }
  return ToGrpcStatus(status);
}

}  // namespace pitser::server
