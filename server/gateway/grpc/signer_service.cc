#include <utility>

#include "server/gateway/grpc/account.h"
#include "server/gateway/grpc/call_support.h"
#include "server/gateway/grpc/reactor.h"
#include "server/gateway/grpc/services.h"
#include "server/gateway/grpc/sign_call.h"

namespace pitser::server::internal {

grpc::ServerUnaryReactor* SignerService::Sign(grpc::CallbackServerContext* context,
                                              const v1::SignRequest* request,
                                              v1::SignResponse* response) {
  if (const absl::Status size = CheckSize(*request, shared_->options.limits); !size.ok()) {
    return FinishedUnary(*context, size);
  }
  auto account = AccountOf(*context, shared_->options.default_account);
  if (!account.ok()) return FinishedUnary(*context, account.status());
  return StartSignCall(*context, *request, *response, *shared_->parts.aggregator,
                       *std::move(account), DeadlineOf(*context, *shared_->parts.clock));
}

grpc::ServerBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse>* SignerService::SignStream(
    grpc::CallbackServerContext* context) {
  using Reactor = grpc::ServerBidiReactor<v1::SignStreamRequest, v1::SignStreamResponse>;
  return new RefusedCall<Reactor>(*context, NotServedYet("SignStream"));
}

grpc::ServerWriteReactor<v1::SignBatchResponse>* SignerService::SignBatch(
    grpc::CallbackServerContext* context, const v1::SignBatchRequest*) {
  return new RefusedCall<grpc::ServerWriteReactor<v1::SignBatchResponse>>(
      *context, NotServedYet("SignBatch"));
}

}  // namespace pitser::server::internal
