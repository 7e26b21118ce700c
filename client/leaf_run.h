#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "absl/status/status.h"
#include "ledger/crypto/imprint.h"

namespace pitser::client {

// Consecutive seconds that are all empty, or that all have a leaf.
struct LeafRun {
  std::uint64_t first_time = 0;             // Unix seconds.
  std::uint64_t seconds = 0;                // At least 1.
  std::span<const ledger::Imprint> leaves;  // None, or one for each second.

  std::uint64_t last_time() const { return first_time + seconds - 1; }
};

// Gets runs, ascending and without a hole. An error ends the stream and is what its call returns.
using LeafVisitor = std::function<absl::Status(const LeafRun&)>;

}  // namespace pitser::client
