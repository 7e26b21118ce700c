#include "net/grpc_status.h"

#include <grpcpp/grpcpp.h>

#include <charconv>

namespace pitser::net {
namespace {

// Trailing metadata of a refusal: the shortest time to wait, in decimal milliseconds (proto/).
constexpr char kRetryAfterKey[] = "pitser-retry-after-ms";
// No server makes a client wait longer than this without the client's own consent.
constexpr absl::Duration kLongestServerDelay = absl::Minutes(5);

std::optional<absl::Duration> ServerDelay(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find(kRetryAfterKey);
  if (found == metadata.end()) return std::nullopt;
  const char* const begin = found->second.data();
  const char* const end = begin + found->second.size();
  std::int64_t milliseconds = 0;
  const auto [rest, error] = std::from_chars(begin, end, milliseconds);
  if (error != std::errc() || rest != end || milliseconds < 0) return std::nullopt;
  return std::min(absl::Milliseconds(milliseconds), kLongestServerDelay);
}

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

Attempt FinishedAttempt(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    return {.status = absl::UnavailableError("the server went away as the call came in"),
            .server_delay = std::nullopt};
  }
  return {.status = FromGrpcStatus(status),
          .server_delay = status.ok() ? std::nullopt : ServerDelay(context)};
}

}  // namespace pitser::net
