#include "server/gateway/grpc/grpc_log.h"

#include <grpc/support/log.h>

#include "base/log.h"

namespace pitser::server {
namespace {

void Log(gpr_log_func_args* args) {
  base::LogDebug("grpc", {{"file", args->file}, {"line", args->line}, {"message", args->message}});
}

}  // namespace

void SendGrpcLogToOurs() { gpr_set_log_function(Log); }

}  // namespace pitser::server
