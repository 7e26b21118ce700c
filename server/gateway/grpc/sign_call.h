#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>

#include "absl/time/time.h"
#include "pitser/v1/pitser.pb.h"
#include "server/aggregator/aggregator.h"

namespace pitser::server {

// Takes a Sign call to the aggregator. The call is answered by a thread of the aggregator, or at
// once when it is refused; when the caller cancels, the call is ended at once and only a small mark
// stays with the aggregator until the round is over. Lifetime: the aggregator answers every request
// before it is destroyed.
grpc::ServerUnaryReactor* StartSignCall(grpc::CallbackServerContext& context,
                                        const v1::SignRequest& request, v1::SignResponse& response,
                                        Aggregator& aggregator, std::string account,
                                        absl::Time deadline);

}  // namespace pitser::server
