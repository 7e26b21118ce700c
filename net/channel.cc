#include "net/channel.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <cstdlib>

namespace pitser::net {
namespace {

absl::Status CheckOptions(const ChannelOptions& options) {
  if (options.certificate_pem.empty() != options.key_pem.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key must be given together");
  }
  if (options.insecure && (!options.ca_pem.empty() || !options.certificate_pem.empty())) {
    return absl::InvalidArgumentError("TLS certificates make no sense on an insecure connection");
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const ChannelOptions& options) {
  if (!options.UsesTls()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = options.ca_pem;
  ssl.pem_cert_chain = options.certificate_pem;
  ssl.pem_private_key = options.key_pem;
  return grpc::SslCredentials(ssl);
}

}  // namespace

void KeepGrpcInitialized() {
  static const bool kInitialized = [] {
    grpc_init();
    return true;
  }();
  static_cast<void>(kInitialized);
}

void KeepGrpcQuiet() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options) {
  KeepGrpcInitialized();
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // Else gRPC has channels with equal arguments share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Repeating is CallWithRetry()'s business, which knows the deadline and the server's wish; the
  // channel itself tries to connect again quickly, so that a retry finds a fresh answer.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // Despite its name this is how long an attempt to connect may take: a TLS handshake with a far or
  // busy server has several round trips.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // What http_proxy and its like name cannot reach this machine's loopback.
  if (options.endpoint.IsLoopback()) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(options.endpoint.ToString(), MakeCredentials(options),
                                   arguments);
}

}  // namespace pitser::net
