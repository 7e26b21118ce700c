#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/run.h"
#include "bench/load/tally.h"

// More than a node can take: whether it refuses what is too much, answers what it took, and is as
// before when it is over.
namespace pitser::bench {

// One thing that must hold.
struct Finding {
  std::string what;
  bool holds;
};

struct OverloadReport {
  double capacity = 0;  // Hashes a second, as found or as told.
  double asked = 0;     // Hashes a second that were to be offered.
  double offered = 0;   // That were sent: the generator, too, can be at its end.
  Tally tally;          // Of the overload, all modes together.
  std::vector<RunReport> modes;
  Histogram before, after;  // Latencies of the probes that were signed.
  std::uint64_t probes = 0;
  KeptStore::Report verification;
  bool key_based = false;
  std::optional<ProcessWatch> server;  // During the overload.
  std::optional<std::uint64_t> max_resident_bytes;
  bool interrupted = false;

  std::vector<Finding> Findings() const;
};

// Whether a refusal says what the contract wants: that a limit was reached, and which, or that the
// server is not there for the moment.
bool IsTyped(const Refusal& refusal);

}  // namespace pitser::bench
