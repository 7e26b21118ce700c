#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/load/histogram.h"

// The end of a round, and what happens after it.
namespace pitser::bench {

// When the round that `now` lies in ends: the first multiple of `round` after it, from the epoch
// on.
std::chrono::system_clock::time_point NextBoundary(std::chrono::system_clock::time_point now,
                                                   std::chrono::seconds round);

// The one round that all requests of a run wait for.
// Units: nanoseconds since the start of the run.
struct OneRound {
  std::int64_t boundary = 0;       // Its end.
  std::int64_t next_boundary = 0;  // The end of the round after it.
};

// How long after the boundary answers came, and whether they all waited for it: only then does it
// tell what the server needs for a round.
// Thread: one at a time.
struct AfterBoundary {
  Histogram latency;
  std::uint64_t sent_late = 0;       // When the boundary had passed.
  std::uint64_t answered_early = 0;  // Before the boundary: these waited for nothing.
  // After the next boundary: nobody knows which of the two was waited for.
  std::uint64_t answered_late = 0;

  void Sent(const OneRound& round, std::int64_t at, std::uint64_t count = 1);
  void Answered(const OneRound& round, std::int64_t at, std::uint64_t count = 1);
  void Add(const AfterBoundary& other);

  // Why `latency` says nothing about a round; empty when it does.
  std::string Flaw() const;
};

}  // namespace pitser::bench
