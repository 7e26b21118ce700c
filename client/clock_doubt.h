#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pitser::client {

// What a ledger signs now has the time of now. Where that is further than this from the clock at
// hand, one of the two clocks is wrong, or the ledger lies: neither is the library's to decide.
inline constexpr absl::Duration kMaxClockDifference = absl::Hours(24);

// Holds the second of a signature that was just made (Signature::signing_time()) against `now`,
// both Unix seconds.
// Errors: kFailedPrecondition, telling both times and whose clock may be wrong.
absl::Status CheckSigningTime(std::uint64_t signing_time, std::uint64_t now);

// The same for the newest second that a calendar says to have closed, which may be as old as it
// likes: a ledger may have stopped. Before as many seconds are read as a server says there are, it
// bounds them.
absl::Status CheckCalendarHead(std::uint64_t head, std::uint64_t now);

}  // namespace pitser::client
