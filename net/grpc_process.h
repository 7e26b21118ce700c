#pragma once

namespace pitser::net {

// Settings of the libraries below gRPC that hold for a whole process: to be called at the start of
// main() by programs whose calls are counted in thousands a second.
void PrepareGrpcProcess();

}  // namespace pitser::net
