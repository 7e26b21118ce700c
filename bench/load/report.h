#pragma once

#include <string>

#include "bench/load/run.h"
#include "client/cli/json.h"

namespace pitser::bench {

// A run for people: lines without a new line at the end.
std::string RunText(const RunReport& report);

// A run for programs, without the head of cli::JsonHead(). Keys are only ever added.
// Units: as in the keys; `_s` seconds, `_ms` milliseconds, `rate` hashes a second.
void AddRunJson(const RunReport& report, cli::Json& json);

// {"total": N, "by": [{"code": "RESOURCE_EXHAUSTED", "limit": "max_pending", "count": N}]}.
cli::Json RefusalsJson(const std::map<Refusal, std::uint64_t>& refusals);
// "12 (RESOURCE_EXHAUSTED max_pending 10, INVALID_ARGUMENT 2)".
std::string RefusalsText(const std::map<Refusal, std::uint64_t>& refusals);

cli::Json LatencyJson(const Histogram& histogram);
std::string LatencyText(const Histogram& histogram);

// 1234567 as "1,234,567".
std::string WithCommas(std::uint64_t number);

}  // namespace pitser::bench
