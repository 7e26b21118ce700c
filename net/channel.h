#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "net/endpoint.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace pitser::net {

// What a client brings to a connection. Certificates and keys are PEM text, not paths.
struct ChannelOptions {
  Endpoint endpoint;
  // Speak plain text with a host that is not this machine. A loopback address is spoken to in plain
  // text anyway, unless a certificate is given below.
  bool insecure = false;
  std::string ca_pem;           // Whom to believe; empty: the system's authorities.
  std::string certificate_pem;  // The client's own certificate and key: both or neither.
  std::string key_pem;

  // Whether the connection is protected by TLS.
  bool UsesTls() const {
    return !insecure && (!endpoint.IsLoopback() || !ca_pem.empty() || !certificate_pem.empty());
  }
};

// The largest message a client takes: the service never sends more (see proto/).
inline constexpr int kMaxReceiveBytes = 16 << 20;

// Initialises gRPC for the rest of the process. Without it gRPC shuts its library down with the
// last channel; but its thread still lets go of a call after the call's callback has returned, and
// then may do so in a library that is gone ("ref_counted.h: assertion failed: prior > 0",
// gRPC 1.51). MakeChannel() calls it; whoever makes channels otherwise and uses callbacks should
// too.
void KeepGrpcInitialized();

// gRPC writes no lines of its own to standard error from then on, unless GRPC_VERBOSITY asks for
// them. For programs that say in their own words what went wrong.
void KeepGrpcQuiet();

// A channel of its own connection; nothing is connected until the first call.
// Errors: kInvalidArgument when the options contradict each other.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options);

}  // namespace pitser::net
