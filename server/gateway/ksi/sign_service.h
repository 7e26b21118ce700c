#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/gateway/ksi/service.h"

namespace pitser::server {

struct KsiSignOptions {
  std::uint64_t round_seconds = 1;
  std::vector<std::string> parents;  // URIs that configurations tell.
};

// The aggregator's service.   Source: spec/ksi-protocol.md 3, 5.1, 5.4.
// All outlive it.
std::unique_ptr<KsiService> NewKsiSignService(KsiSignOptions options, const AccountStore* accounts,
                                              Aggregator* aggregator, const base::Clock* clock);

}  // namespace pitser::server
