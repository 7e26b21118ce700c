#pragma once

namespace pitser::server {

// What gRPC itself has to say goes to our log, at debug level: a peer's garbage is no event, and
// what matters comes back to us as an error. For the whole process; once, before any use of gRPC.
void SendGrpcLogToOurs();

}  // namespace pitser::server
