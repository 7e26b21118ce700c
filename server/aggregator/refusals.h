#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ledger/crypto/imprint.h"

// What callers of an aggregator are told, where it is said in more than one place.
// Thread: pure functions.
namespace pitser::server {

// When to ask again where no boundary says it.
inline constexpr absl::Duration kRetryAfter = absl::Seconds(1);

absl::Status ClockSetBack(absl::Duration retry_after);

// Names the limit.
absl::Status LevelTooHigh(ledger::Level level, ledger::Level max);

// The failure of a round, or of its parent, for those who were in it: a second that could not be
// closed is no fault of theirs, and they may come again.
absl::Status ForCaller(const absl::Status& failure);

}  // namespace pitser::server
