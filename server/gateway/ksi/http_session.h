#pragma once

#include <memory>
#include <string>

#include "server/gateway/ksi/session.h"
#include "server/gateway/ksi/sockets.h"

namespace boost::asio::ssl {
class context;
}

namespace pitser::server::internal {

// Begin to serve a connection that carries HTTP; with `tls`, inside of TLS. They add themselves to
// the context's sessions; a connection too many is closed. Source: spec/ksi-protocol.md 6.2, 6.4.
void StartHttpSession(const SessionContext& context, Socket socket, std::string address);
void StartHttpsSession(const SessionContext& context, Socket socket, std::string address,
                       boost::asio::ssl::context& tls);

}  // namespace pitser::server::internal
