#include "base/exit_code.h"
#include "base/standard_streams.h"
#include "net/grpc_process.h"
#include "server/app/run.h"

int main(int argc, char** argv) {
  if (!pitser::base::StandardStreamsHeld()) {
    return static_cast<int>(pitser::base::ExitCode::kLocalFile);
  }
  pitser::net::PrepareGrpcProcess();
  return pitser::server::RunPitserd(argc, argv, {});
}
