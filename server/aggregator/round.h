#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "server/aggregator/aggregator.h"

namespace pitser::server {

// When rounds are. A round is named by its last second, which is its aggregation time.
struct RoundTimes {
  std::uint32_t round_seconds = 1;
  absl::Duration max_behind = absl::ZeroDuration();  // AggregatorOptions::max_behind.

  static std::uint64_t SecondOf(absl::Time now) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(now)));
  }
  // The round that `second` belongs to.
  std::uint64_t RoundOf(std::uint64_t second) const {
    return second - second % round_seconds + round_seconds - 1;
  }
  static absl::Time EndOf(std::uint64_t t) {
    return absl::FromUnixSeconds(static_cast<std::int64_t>(t)) + absl::Seconds(1);
  }
  // Whether round `t` is so far ahead of the clock that the clock must have been set back.
  bool TooFarAhead(std::uint64_t t, absl::Time now) const {
    return EndOf(t) - now > absl::Seconds(round_seconds) + max_behind;
  }
};

struct Waiting {
  std::unique_ptr<PendingRequest> request;
  absl::Time since;
};

// The requests of one aggregation time.
struct Round {
  std::uint64_t t = 0;
  std::vector<Waiting> waiting;
};

// All of them as one: of the latest time, its requests in the order of their arrival, as far as
// each round's are.
Round JoinRounds(std::vector<Round> rounds);

}  // namespace pitser::server
