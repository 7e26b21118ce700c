#pragma once

#include <cstdint>
#include <string>

namespace pitser::ledger {

// A second as people read it: "2026-11-23T18:40:00Z"; beyond the year 9999, which no certificate
// and no calendar reaches, the bare number of Unix seconds.
std::string TimeText(std::uint64_t unix_seconds);

}  // namespace pitser::ledger
