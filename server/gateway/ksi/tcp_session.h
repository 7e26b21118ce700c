#pragma once

#include <memory>
#include <string>

#include "server/gateway/ksi/session.h"
#include "server/gateway/ksi/sockets.h"

namespace pitser::server::internal {

// Begins to serve a connection that carries PDUs back to back. `address` is the peer's, for the
// log. It adds itself to the context's sessions; a connection too many is closed. Source:
// spec/ksi-protocol.md 6.3.
void StartTcpSession(const SessionContext& context, Socket socket, std::string address);

}  // namespace pitser::server::internal
