#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "net/ksi/client.h"
#include "net/retry.h"

namespace pitser::net {

// KsiClient::SignMany() with repetitions of what is worth repeating, those of a request within
// `timeout` from when its turn to be sent has come. One result for each request, in their order.
// Thread: any.
std::vector<absl::StatusOr<KsiSignature>> SignManyWithRetry(
    KsiClient& client, std::span<const KsiSignRequest> requests, const RetryPolicy& policy,
    absl::Duration timeout, const RetryEnvironment& environment);

}  // namespace pitser::net
