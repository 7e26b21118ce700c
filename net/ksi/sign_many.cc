#include "net/ksi/sign_many.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace pitser::net {

std::vector<absl::StatusOr<KsiSignature>> SignManyWithRetry(
    KsiClient& client, std::span<const KsiSignRequest> requests, const RetryPolicy& policy,
    absl::Duration timeout, const RetryEnvironment& environment) {
  std::vector<absl::StatusOr<KsiSignature>> results(requests.size());
  const auto sign = [&](std::span<const std::size_t> which,
                        std::span<const absl::Duration> remaining) {
    std::vector<KsiSignRequest> now;
    for (const std::size_t i : which) now.push_back(requests[i]);
    auto answers = client.SignMany(now, remaining);
    std::vector<Attempt> outcomes;
    for (std::size_t k = 0; k < which.size(); ++k) {
      outcomes.push_back({answers[k].signature.status(), std::nullopt, answers[k].took});
      results[which[k]] = std::move(answers[k].signature);
    }
    return outcomes;
  };
  const std::vector<absl::Status> ends =
      CallManyWithRetry(policy, requests.size(), timeout, environment, sign);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (!ends[i].ok()) results[i] = ends[i];
  }
  return results;
}

}  // namespace pitser::net
