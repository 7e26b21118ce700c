#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/calendar.h"

namespace pitser::server {

// A time as the setting `genesis` takes it: RFC 3339 or Unix seconds.
// Errors: kInvalidArgument, also before 2006-01-01, which no client of the protocol believes.
absl::StatusOr<std::uint64_t> ParseGenesis(std::string_view text);

// The calendar's first second, Unix seconds: what the file `path` says, or an earlier one that
// `setting` (empty: none) wants. Where there is no file yet, it is made: of the setting, of the
// oldest leaf of a calendar that is older than the file, or of `now`. Errors: kInvalidArgument when
// the setting is later than what was told to clients; the file's.
absl::StatusOr<std::uint64_t> SettleGenesis(const std::string& path, std::string_view setting,
                                            const storage::Calendar& calendar, std::uint64_t now);

}  // namespace pitser::server
