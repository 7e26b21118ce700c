#include "server/gateway/grpc/transport_limits.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace pitser::server {
namespace {

int ClampInt(std::uint64_t value) {
  return static_cast<int>(std::min<std::uint64_t>(value, std::numeric_limits<int>::max()));
}

}  // namespace

void SetTransportLimits(grpc::ServerBuilder& builder, const GrpcLimits& limits) {
  grpc::ResourceQuota quota("pitserd");
  quota.Resize(static_cast<std::size_t>(limits.max_grpc_memory_bytes));
  builder.SetResourceQuota(quota);
  // Twice our own limit: a message between the two is refused by name.
  builder.SetMaxReceiveMessageSize(ClampInt(2 * limits.max_message_bytes));
  builder.SetMaxSendMessageSize(ClampInt(std::uint64_t{1} << 20));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             ClampInt(limits.max_streams_per_connection));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
  // A client that is gone without a word is noticed after 80 s; one that pings more often than
  // every 10 s is sent away.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 30 * 60'000);
  // Without this a second server on the port starts without an error and takes half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace pitser::server
