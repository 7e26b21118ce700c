#include "net/grpc_process.h"
#include "server/app/run.h"

int main(int argc, char** argv) {
  pitser::net::PrepareGrpcProcess();
  return pitser::server::RunPitserd(argc, argv, {});
}
