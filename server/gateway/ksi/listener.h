#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "net/endpoint.h"
#include "server/gateway/ksi/session.h"
#include "server/gateway/ksi/sockets.h"

namespace boost::asio::ssl {
class context;
}

namespace pitser::server::internal {

// The port of one service. What begins with a letter is HTTP, with 0x16 TLS, all else raw TCP.
// Source: spec/ksi-protocol.md 6.1.
class Listener {
 public:
  // Listens and accepts on `io`'s threads. `tls` may be null. All outlive it, and `io`.
  // Errors: kUnavailable when the port cannot be had.
  static absl::StatusOr<std::shared_ptr<Listener>> Start(asio::io_context& io,
                                                         const net::Endpoint& listen,
                                                         const SessionContext& context,
                                                         asio::ssl::context* tls);
  virtual ~Listener() = default;

  virtual const net::Endpoint& endpoint() const = 0;
  // Takes no more connections. Any thread.
  virtual void Close() = 0;
};

}  // namespace pitser::server::internal
