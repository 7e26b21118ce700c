#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/accounts/account_store.h"
#include "server/aggregator/aggregator.h"
#include "server/app/key_keeper.h"
#include "server/app/settings.h"
#include "server/core/head_watch.h"
#include "server/core/parent.h"
#include "server/extender/extender.h"
#include "server/gateway/grpc/gateway.h"
#include "server/gateway/ksi/gateway.h"
#include "server/parent/parent_signing.h"
#include "server/publisher/publications.h"

namespace pitser::control::v1 {
class GetStatusResponse;
}

namespace pitser::server {

// Where the facts about a node come from. Nothing is owned, all outlive it. Null only where it says
// so, once the node runs.
struct NodeFacts {
  const Settings* settings = nullptr;
  base::Clock* clock = nullptr;
  absl::Duration started;  // Monotonic.
  const HeadWatch* head_watch = nullptr;
  const Parent* parent = nullptr;                 // The core, or
  const ParentSigning* parent_signing = nullptr;  // another ledger; null: it is the core.
  const Aggregator* aggregator = nullptr;
  const Publications* publications = nullptr;
  const GrpcGateway* gateway = nullptr;
  const KsiGateway* ksi = nullptr;  // Null: not served.
  const AccountStore* accounts = nullptr;
  const Extender* extender = nullptr;
  const KeyKeeper* keys = nullptr;  // Null: the parent's matter.
};

// Where the node listens, as the ready line tells it.   Shape: `ksi` may be null.
std::string FacesOf(const GrpcGateway& grpc, const KsiGateway* ksi);

// Which services can do what they are for. Both the operator and health are told by it.
struct NodeHealth {
  absl::Status signing;  // Why requests are not taken, and what to do.
  absl::Status publishing;
  bool damaged;  // Stored bytes of the calendar contradict their checksum or shape.
};
NodeHealth HealthOf(const NodeFacts& facts);

// Tells health by it, service by service.
//   Signer        requests are taken
//   Publications  the last try to keep the schedule succeeded
//   Calendar, Extender   the calendar is not damaged
//   Info          always
//   the whole     as Calendar: the node is of use to somebody
void TellHealth(const NodeHealth& health, GrpcGateway& gateway);

// Fills an empty message. Waits for nothing slow: each part is asked for a snapshot of its own, so
// that counts of different parts may be of different moments.
void FillStatus(const NodeFacts& facts, control::v1::GetStatusResponse& status);

}  // namespace pitser::server
